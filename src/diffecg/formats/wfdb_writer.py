"""Writing of WFDB records, block by block."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd, lcm
from pathlib import Path

import numpy as np
from jaxtyping import Int

from diffecg.errors import DiffecgError
from diffecg.formats.naming import distinct_names, to_ascii
from diffecg.formats.recording import Recording
from diffecg.formats.samples import BLOCK_SAMPLES, SampleSource
from diffecg.formats.scaling import digitise, largest
from diffecg.formats.wfdb import WfdbLayout
from diffecg.formats.wfdb_annotations import (
    DEFAULT_ANNOTATOR,
    AnnotationFile,
    annotation_losses,
    write_annotations,
)
from diffecg.formats.wfdb_header import Header, SignalLine, write_header

_BITS = {"16": 16, "32": 32}
"""Formats that are written, the smallest first; the smallest number stands for a missing sample."""

MAX_PER_FRAME = 10_000
"""Most samples per frame: rates whose common divisor is too small are refused."""

MAX_SCALE = 256
"""Largest factor by which stored values are multiplied, so that the value of zero becomes an integer."""


def losses(recording: Recording, suffix: str = "") -> list[str]:
    """Return what a WFDB record cannot hold of a recording.

    Args:
        recording: the recording.
        suffix: empty.

    Raises:
        DiffecgError: the record cannot be written at all.
    """
    rate_hz, _ = _frame_rate(recording)
    found = [] if _copied(recording, rate_hz) else annotation_losses(recording.annotations, rate_hz)
    found += [
        f"{name!r} is written as {written!r}"
        for name, written in zip(recording.channel_names, _names(recording), strict=True)
        if name != written
    ]
    found += [
        f"comment {text!r} is written in ASCII" for text in recording.comments if to_ascii(text) != text
    ]
    clock = recording.time.start_time
    if clock is not None and clock.tzinfo is not None:
        found.append(f"the time zone {clock.tzinfo} is not kept")
    return found


def write(path: Path, recording: Recording) -> None:
    """Write a WFDB record: header, samples, and annotations if there are any.

    Samples are stored in format 16, or 32 if they need more bits. Annotation files of a recording that was read
    from a WFDB record are copied unless its annotations were changed.

    Raises:
        DiffecgError: stored integers do not fit into 32 bits; the channels' rates have no common frame.
    """
    rate_hz, per_frame = _frame_rate(recording)
    scale = _stored_scale(recording)
    lengths = recording.source.lengths
    frames = max(-(-length // count) for length, count in zip(lengths, per_frame, strict=True))
    totals = np.zeros(len(per_frame), dtype=np.int64)
    first: list[int] = []
    with path.with_name(path.name + ".dat").open("wb") as file:
        for block in _frame_blocks(scale.source, scale.factors, scale.bits, per_frame, frames):
            bounds = np.cumsum([0, *per_frame])
            first = first or block[0, bounds[:-1]].tolist()
            totals += [block[:, low:high].sum() for low, high in zip(bounds[:-1], bounds[1:], strict=True)]
            block.astype(f"<i{scale.bits // 8}").tofile(file)
    signals = tuple(
        SignalLine(
            file=path.name + ".dat",
            fmt=str(scale.bits),
            per_frame=per_frame[row],
            gain=scale.source.gain[row] * scale.factors[row],
            baseline=round(scale.source.baseline[row] * scale.factors[row]),
            unit=to_ascii(channel.unit or "NU").replace(" ", "_"),
            initial=first[row],
            checksum=_signed(int(totals[row])),
            name=name,
        )
        for row, (channel, name) in enumerate(zip(recording.channels, _names(recording), strict=True))
    )
    header = Header(
        frame_rate_hz=rate_hz,
        frames=frames,
        signal_count=len(signals),
        signals=signals,
        time=recording.time,
        comments=tuple(to_ascii(comment) for comment in recording.comments),
    )
    write_header(path, header)
    _write_annotations(path, recording, rate_hz)


@dataclass(frozen=True, kw_only=True)
class _StoredScale:
    """How samples are stored."""

    source: SampleSource
    """Integers."""
    factors: tuple[int, ...]
    """Factor of each channel's integers."""
    bits: int


def _stored_scale(recording: Recording) -> _StoredScale:
    """Return the factors that make the values of zero integers, and the bits that the samples need.

    Raises:
        DiffecgError: samples need more than 32 bits.
    """
    source = digitise(recording, 32).source
    factors = tuple(_zero_factor(baseline) for baseline in source.baseline)
    highest = [largest(source, row) * factor for row, factor in enumerate(factors)]
    bits = [bits for bits in _BITS.values() if max(highest) < 2 ** (bits - 1)]
    if not bits:
        raise DiffecgError(
            f"recording {recording.name} has stored samples of {max(highest):.0f}, more than 32 bits; is its unit "
            "right?"
        )
    return _StoredScale(source=source, factors=factors, bits=bits[0])


def _zero_factor(baseline: float) -> int:
    """Return the smallest factor of at most MAX_SCALE that makes a value of zero an integer, or nearly so."""
    factors = np.arange(1, MAX_SCALE + 1)
    errors = np.abs(factors * baseline - np.rint(factors * baseline)) / factors
    exact = np.flatnonzero(errors < 1e-6)
    return int(factors[exact[0] if len(exact) else np.argmin(errors)])


def _frame_blocks(
    source: SampleSource, factors: tuple[int, ...], bits: int, per_frame: tuple[int, ...], frames: int
) -> Iterator[Int[np.ndarray, "frame sample"]]:
    """Yield frames: the samples of all channels, one after the other; missing ones are the smallest number."""
    step = max(1, BLOCK_SAMPLES // sum(per_frame))
    for start in range(0, frames, step):
        count = min(step, frames - start)
        columns: dict[int, Int[np.ndarray, "frame sample"]] = {}
        for size in dict.fromkeys(per_frame):
            rows = [row for row, other in enumerate(per_frame) if other == size]
            stop = min((start + count) * size, max(source.lengths[row] for row in rows))
            block = source.read(rows, start * size, max(stop, start * size))
            values = np.full((len(rows), count * size), -(2 ** (bits - 1)), dtype=np.int64)
            factor = np.array([factors[row] for row in rows])[:, None]
            held = block.stored.shape[1]
            values[:, :held] = np.where(block.missing, values[:, :held], block.stored * factor)
            columns |= dict(zip(rows, values.reshape(len(rows), count, size), strict=True))
        yield np.concatenate([columns[row] for row in range(len(per_frame))], axis=1)


def _frame_rate(recording: Recording) -> tuple[float, tuple[int, ...]]:
    """Return frames per second and samples per frame of each channel.

    Raises:
        DiffecgError: the rates have no common frame.
    """
    rates = recording.source.rates_hz
    if isinstance(recording.layout, WfdbLayout):
        frame_rate_hz = recording.layout.frame_rate_hz
        return frame_rate_hz, tuple(round(rate / frame_rate_hz) for rate in rates)
    if len(set(rates)) == 1:
        return rates[0], (1,) * len(rates)
    fractions = [Fraction(rate).limit_denominator(1000) for rate in rates]
    denominator = lcm(*(fraction.denominator for fraction in fractions))
    common = Fraction(gcd(*(int(fraction * denominator) for fraction in fractions)), denominator)
    per_frame = tuple(int(fraction / common) for fraction in fractions)
    if max(per_frame) > MAX_PER_FRAME or any(
        abs(float(fraction) - rate) > 1e-9 * rate for fraction, rate in zip(fractions, rates, strict=True)
    ):
        listed = ", ".join(f"{rate:g}" for rate in dict.fromkeys(rates))
        raise DiffecgError(
            f"the rates of {recording.name} ({listed} Hz) have no common frame of WFDB; choose another --format"
        )
    return float(common), per_frame


def _names(recording: Recording) -> tuple[str, ...]:
    """Return the channel names in ASCII, distinct and without breaks."""
    return distinct_names([to_ascii(name).strip() or "signal" for name in recording.channel_names])[0]


def _signed(checksum: int) -> int:
    """Return a sum modulo 65536, from -32768 to 32767."""
    return (checksum + 32768) % 65536 - 32768


def _copied(recording: Recording, frame_rate_hz: float) -> bool:
    """Return whether the annotations are those of the file, so that it can be copied."""
    return isinstance(recording.load_annotations, AnnotationFile) and _keeps_frames(recording, frame_rate_hz)


def _keeps_frames(recording: Recording, frame_rate_hz: float) -> bool:
    return isinstance(recording.layout, WfdbLayout) and recording.layout.frame_rate_hz == frame_rate_hz


def _write_annotations(path: Path, recording: Recording, frame_rate_hz: float) -> None:
    """Write the annotations beside the record, and copy those of other annotators."""
    chosen = recording.load_annotations
    annotator = chosen.annotator if isinstance(chosen, AnnotationFile) else DEFAULT_ANNOTATOR
    others = recording.layout.annotations if isinstance(recording.layout, WfdbLayout) else ()
    for file in others:
        target = replace(file, path=path).file
        if file.annotator != annotator and file.file.resolve() != target.resolve():
            shutil.copyfile(file.file, target)
    if not _copied(recording, frame_rate_hz):
        write_annotations(path, recording.annotations, frame_rate_hz, annotator)
    elif (
        isinstance(chosen, AnnotationFile)
        and chosen.file.resolve() != (target := replace(chosen, path=path).file).resolve()
    ):
        shutil.copyfile(chosen.file, target)
