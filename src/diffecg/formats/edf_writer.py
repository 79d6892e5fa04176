"""Writing of EDF+ and BDF+ files: a copy with other samples, or a new file."""

from __future__ import annotations

import shutil
from fractions import Fraction
from math import ceil, floor, lcm
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from diffecg.errors import DiffecgError
from diffecg.formats import edf_annotations
from diffecg.formats.annotations import to_text
from diffecg.formats.edf import EdfLayout
from diffecg.formats.edf_file import RECORD_COUNT, decode_samples, encode_samples
from diffecg.formats.naming import shortened_names, to_ascii
from diffecg.formats.recording import Recording
from diffecg.formats.samples import EditedSource
from diffecg.formats.scaling import digitise, largest

BITS = {".edf": 16, ".bdf": 24}
"""Bits of a sample, by suffix."""

YEARS = (1985, 2084)
"""Years that a header can hold."""

_LABEL_LENGTH, _UNIT_LENGTH = 16, 8
_NUMBER_WIDTH = 8
"""Characters of a number in the header."""

_MAX_RECORD_S = 1000
"""Longest data record, which must hold whole samples of every signal."""


def losses(recording: Recording, suffix: str) -> list[str]:
    """Return what an EDF or BDF file cannot hold of a recording.

    Args:
        recording: the recording.
        suffix: ``.edf`` or ``.bdf``.

    Raises:
        DiffecgError: stored integers do not fit into the format.
    """
    if _is_copied(recording, suffix):
        return []
    _check_range(recording, suffix)
    found = [
        f"{name!r} is written as {written!r}"
        for name, written in zip(recording.channel_names, _labels(recording), strict=True)
        if name != written
    ]
    day, clock = recording.start
    if day is not None and not YEARS[0] <= day.year <= YEARS[1]:
        found.append(f"the date {day} is not kept: EDF holds {YEARS[0]} to {YEARS[1]}")
    if recording.time.start_time is not None and recording.time.start_time.tzinfo is not None:
        found.append(f"the time zone {recording.time.start_time.tzinfo} is not kept")
    if day is not None and clock is None:
        found.append("the time of day is written as 00:00:00, as none is known")
    found += [
        f"the rate {rate:g} Hz is written as {float(_rate(rate)):g} Hz"
        for rate in dict.fromkeys(recording.source.rates_hz)
        if abs(float(_rate(rate)) / rate - 1) > 1e-9
    ]
    if recording.comments:
        found.append(f"{len(recording.comments)} comments of the header are not kept")
    texts = [to_text(note) for note in recording.annotations]
    if changed := sum(edf_annotations.clean_text(text) != text for text in texts):
        found.append(f"control characters in {changed} annotations are written as spaces")
    return found


def write(path: Path, recording: Recording) -> None:
    """Write an EDF+ or BDF+ file.

    A recording that was read from a file of the same format, with nothing but samples replaced, is written as a
    copy of that file with other samples: header, other signals and annotations stay to the byte.

    Raises:
        DiffecgError: stored integers do not fit into the format.
    """
    if _is_copied(recording, path.suffix):
        _write_copy(path, recording)
    else:
        _write_new(path, recording)


def _is_copied(recording: Recording, suffix: str) -> bool:
    """Return whether the file that a recording was read from can be copied."""
    layout, source = recording.layout, recording.source
    return (
        isinstance(layout, EdfLayout)
        and not layout.has_gaps
        and recording.load_annotations is layout.notes
        and layout.file.path.suffix.lower() == suffix
        and (source.source if isinstance(source, EditedSource) else source) is layout.source
    )


def _write_copy(path: Path, recording: Recording) -> None:
    """Copy the file that a recording was read from, and replace samples in the copy.

    Samples beyond the digital range that the header states are limited to it.
    """
    layout, source = recording.layout, recording.source
    assert isinstance(layout, EdfLayout)
    file = layout.file
    if path.exists() and path.samefile(file.path):
        raise DiffecgError(f"{path} would overwrite the file that is read; choose another path")
    shutil.copyfile(file.path, path)
    with path.open("r+b") as target:
        target.truncate(file.header_bytes + file.records * file.record_bytes)
        target.seek(RECORD_COUNT.start)
        target.write(str(file.records).ljust(RECORD_COUNT.stop - RECORD_COUNT.start).encode())
    shape = (file.records, file.record_bytes)
    content = np.memmap(path, dtype=np.uint8, mode="r+", offset=file.header_bytes, shape=shape)
    for edit in source.edits if isinstance(source, EditedSource) else ():
        signal = layout.source.signals[edit.row]
        low, high = sorted(file.signals[signal].digital)
        count, columns = file.signals[signal].samples, file.columns(signal)
        records = slice(edit.start // count, -(-edit.stop // count))
        values = decode_samples(content[records, columns], file.sample_bytes)
        first = edit.start - records.start * count
        values[first : first + len(edit.stored)] = np.clip(edit.stored, low, high)
        content[records, columns] = encode_samples(values, file.sample_bytes).reshape(
            -1, count * file.sample_bytes
        )
    content.flush()


def _write_new(path: Path, recording: Recording) -> None:
    import edfio

    bits = BITS[path.suffix]
    digital = digitise(recording, bits)
    _check_range(digital, path.suffix)
    rates = [_rate(rate) for rate in digital.source.rates_hz]
    record_s = lcm(*(rate.denominator for rate in rates))
    records = max(
        ceil(length / int(rate * record_s))
        for length, rate in zip(digital.source.lengths, rates, strict=True)
    )
    labels = _labels(recording)
    signals = [
        _signal(digital, row, labels[row], float(rate), records * int(rate * record_s), bits)
        for row, rate in enumerate(rates)
    ]
    padded = any(
        length < records * int(rate * record_s)
        for length, rate in zip(digital.source.lengths, rates, strict=True)
    )
    day, clock = recording.start
    day = day if day is not None and YEARS[0] <= day.year <= YEARS[1] else None
    file = edfio.Edf if bits == 16 else edfio.Bdf
    file(
        signals,
        recording=None if day is None else edfio.Recording(startdate=day),
        starttime=clock,
        data_record_duration=float(record_s),
        annotations=edf_annotations.from_recording(digital, labels, digital.duration_s if padded else None),
    ).write(path)


def _check_range(recording: Recording, suffix: str) -> None:
    """Check that stored integers fit into the format; floats always do.

    Raises:
        DiffecgError: they do not.
    """
    bits, source = BITS[suffix], recording.source
    if source.is_integer and any(largest(source, row) >= 2 ** (bits - 1) for row in range(len(source.gain))):
        raise DiffecgError(
            f"samples of {recording.name} need more than {bits} bits; choose "
            + ("bdf" if bits == 16 else "wfdb")
        )


def _rate(rate_hz: float) -> Fraction:
    """Return a rate as a fraction whose denominator is the duration of a data record, in s."""
    return Fraction(rate_hz).limit_denominator(_MAX_RECORD_S)


def _labels(recording: Recording) -> tuple[str, ...]:
    """Return the names of the channels as labels: at most 16 ASCII characters, all different."""
    return shortened_names(
        [to_ascii(name).strip() or "signal" for name in recording.channel_names], _LABEL_LENGTH
    )


def _signal(recording: Recording, row: int, label: str, rate: float, length: int, bits: int) -> Any:
    """Return one channel as a signal of edfio, padded to a length."""
    import edfio

    kind: Any = edfio.EdfSignal if bits == 16 else edfio.BdfSignal
    samples = np.empty(length, dtype=np.int16 if bits == 16 else np.int32)
    for start, block in recording.source.blocks([row]):
        samples[start : start + block.stored.shape[1]] = np.where(block.missing[0], 0, block.stored[0])
    held = recording.source.lengths[row]
    samples[held:] = samples[held - 1]
    gain, baseline = recording.source.gain[row], recording.source.baseline[row]
    low, high = _digital_range(samples, gain, baseline, bits)
    return kind.from_digital(
        samples,
        rate,
        label=label,
        physical_dimension=to_ascii(recording.channels[row].unit)[:_UNIT_LENGTH],
        digital_range=(low, high),
        physical_range=(_fit_number((low - baseline) / gain), _fit_number((high - baseline) / gain)),
    )


def _digital_range(
    samples: Int[np.ndarray, " time"], gain: float, baseline: float, bits: int
) -> tuple[int, int]:
    """Return digital bounds around the samples of a channel, at whole units where the gain allows it.

    Numbers in the header have eight characters, so that whole or small ones state the scale exactly.
    """
    low, high = int(samples.min()), max(int(samples.max()), int(samples.min()) + 1)
    bounds = sorted([(low - baseline) / gain, (high - baseline) / gain])
    whole = sorted([floor(bounds[0]) * gain + baseline, ceil(bounds[1]) * gain + baseline])
    fits = -(2 ** (bits - 1)) <= whole[0] and whole[1] < 2 ** (bits - 1)
    return (int(whole[0]), int(whole[1])) if fits and all(x.is_integer() for x in whole) else (low, high)


def _fit_number(value: float) -> float:
    """Round a number to the characters of a header field."""
    whole = len(str(int(value))) + (value < 0 and int(value) == 0)
    return round(value, max(0, _NUMBER_WIDTH - 1 - whole))
