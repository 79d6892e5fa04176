"""What a new EDF or BDF file will look like, and what it cannot hold of a recording."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, lcm

from diffecg.errors import DiffecgError
from diffecg.formats.edf import EdfLayout
from diffecg.formats.edf_header import LABEL_LENGTH, UNIT_LENGTH, FileHeader, SignalHeader
from diffecg.formats.edf_scale import HeaderScale, header_scale
from diffecg.formats.naming import shortened_names, to_ascii
from diffecg.formats.recording import Recording
from diffecg.formats.samples import SampleSource
from diffecg.formats.scaling import digitise, rounding_losses, stored_range
from diffecg.signal.units import normalise_unit

BYTES = {".edf": 2, ".bdf": 3}
"""Bytes of a sample, by suffix."""

YEARS = (1985, 2084)
"""Years that a header can hold."""

_MAX_RECORD_S = 1000
"""Longest data record, which must hold whole samples of every signal."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EdfPlan:
    """A file that is to be written."""

    suffix: str
    header: FileHeader
    source: SampleSource
    """Integers."""
    padding_s: float
    """Longest padding of a signal in the last data record, in s."""

    @property
    def end_s(self) -> float | None:
        """End of the recording if the last data record is longer, in s; else None."""
        pairs = zip(self.source.lengths, self.source.rates_hz, strict=True)
        last_s = max(length / rate for length, rate in pairs)
        whole_s = self.header.records * self.header.record_s
        return last_s if whole_s - last_s > 0.5 / max(self.source.rates_hz) else None


def plan_file(recording: Recording, suffix: str) -> EdfPlan:
    """Return what the file of a recording will look like.

    Args:
        recording: the recording.
        suffix: ``.edf`` or ``.bdf``.

    Raises:
        DiffecgError: stored integers, rates or scales do not fit into the format.
    """
    bits = 8 * BYTES[suffix]
    source = digitise(recording, bits).source
    rates = [_rate(rate) for rate in source.rates_hz]
    record_s = lcm(*(rate.denominator for rate in rates))
    if record_s > _MAX_RECORD_S:
        listed = ", ".join(f"{rate:g}" for rate in dict.fromkeys(source.rates_hz))
        raise DiffecgError(
            f"the rates of {recording.name} ({listed} Hz) have no common data record of at most "
            f"{_MAX_RECORD_S} s; choose another --format"
        )
    counts = [int(rate * record_s) for rate in rates]
    records = max(ceil(length / count) for length, count in zip(source.lengths, counts, strict=True))
    if not records:
        raise DiffecgError(f"recording {recording.name} has no samples")
    layout = recording.layout if isinstance(recording.layout, EdfLayout) else None
    signals = tuple(
        SignalHeader(
            label=label,
            scale=_scale(recording, source, row, bits),
            samples=counts[row],
            transducer="" if layout is None else to_ascii(layout.header(row).transducer),
            prefiltering="" if layout is None else to_ascii(layout.header(row).prefiltering),
        )
        for row, label in enumerate(_labels(recording))
    )
    day, clock = recording.start
    header = FileHeader(
        sample_bytes=BYTES[suffix],
        records=records,
        record_s=record_s,
        start_date=day if day is not None and YEARS[0] <= day.year <= YEARS[1] else None,
        start_time=clock,
        signals=signals,
        patient="" if layout is None else _patient(layout),
        recording="" if layout is None else _recording(layout),
    )
    padding_s = max(
        (records * count - length) / rate
        for count, length, rate in zip(counts, source.lengths, source.rates_hz, strict=True)
    )
    return EdfPlan(suffix=suffix, header=header, source=source, padding_s=padding_s)


def _rate(rate_hz: float) -> Fraction:
    """Return a rate as a fraction whose denominator is the duration of a data record, in s."""
    return Fraction(rate_hz).limit_denominator(_MAX_RECORD_S)


def _labels(recording: Recording) -> tuple[str, ...]:
    """Return the names of the channels as labels: at most 16 ASCII characters, all different."""
    return shortened_names(
        [to_ascii(name).strip() or "signal" for name in recording.channel_names], LABEL_LENGTH
    )


def _scale(recording: Recording, source: SampleSource, row: int, bits: int) -> HeaderScale:
    """Return the scale of a channel; samples that replace others are limited to the range of the format.

    Raises:
        DiffecgError: samples as they were read need more bits, or the scale does not fit into the header.
    """
    lowest, highest = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    low, high = stored_range(source, row)
    if not lowest <= low <= high <= highest:
        low, high = stored_range(source.unedited, row)
        if not lowest <= low <= high <= highest:
            raise DiffecgError(
                f"samples of {recording.name} need more than {bits} bits; choose "
                + ("bdf" if bits == 16 else "wfdb")
            )
        low, high = lowest, highest
    unit = to_ascii(recording.channels[row].unit)[:UNIT_LENGTH].strip()
    return header_scale((round(low), round(high)), source.gain[row], source.baseline[row], unit, bits)


def _patient(layout: EdfLayout) -> str:
    """Return the patient field of the file that was read in the form of EDF+: code, sex, birth date, name."""
    text = to_ascii(layout.file.patient)
    return text if layout.file.is_plus else f"X X X {text.replace(' ', '_') or 'X'}"


def _recording(layout: EdfLayout) -> str:
    """Return the recording field of the file that was read; empty if it is not that of EDF+."""
    text = to_ascii(layout.file.recording)
    return text if layout.file.is_plus and text.startswith("Startdate ") else ""


def header_losses(recording: Recording, plan: EdfPlan) -> list[str]:
    """Return what the header and the samples of a planned file cannot hold of a recording."""
    found = rounding_losses(recording, 8 * plan.header.sample_bytes)
    for channel, signal, rate in zip(
        recording.channels, plan.header.signals, recording.source.rates_hz, strict=True
    ):
        if channel.name != signal.label:
            found.append(f"{channel.name!r} is written as {signal.label!r}")
        if normalise_unit(signal.scale.unit) != channel.unit:
            found.append(f"the unit of {channel.name}, {channel.unit!r}, is written as {signal.scale.unit!r}")
        if not signal.scale.is_exact:
            error = f"{signal.scale.error:.2g} stored steps"
            found.append(f"values of {channel.name} change by up to {error}, as its scale is rounded")
        written = signal.samples / plan.header.record_s
        if abs(written / rate - 1) > 1e-9:
            found.append(f"the rate of {channel.name}, {rate:g} Hz, is written as {written:.9g} Hz")
    if plan.padding_s:
        found.append(
            f"up to {plan.padding_s:.6g} s are added to fill the last data record; a note marks the end"
        )
    return found + _time_losses(recording)


def _time_losses(recording: Recording) -> list[str]:
    """Return what a header cannot hold of the start of a recording and of its comments."""
    (day, clock), zoned, found = recording.start, recording.time.start_time, []
    if day is not None and not YEARS[0] <= day.year <= YEARS[1]:
        found.append(f"the date {day} is not kept: EDF holds {YEARS[0]} to {YEARS[1]}")
    if zoned is not None and zoned.tzinfo is not None:
        found.append(f"the time zone {zoned.tzinfo} is not kept")
    if day is not None and clock is None:
        found.append("the time of day is written as 00:00:00, as none is known")
    if day is None and clock is not None and not any(clock.strftime("%H%M%S%f").strip("0")):
        found.append("the time of day 00:00:00 is not kept without a date")
    if recording.comments:
        found.append(f"{len(recording.comments)} comments of the header are not kept")
    return found
