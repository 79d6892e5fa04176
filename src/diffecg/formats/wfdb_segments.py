"""Samples of WFDB records that consist of segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from diffecg.errors import DiffecgError
from diffecg.formats.options import ReadOptions
from diffecg.formats.samples import Block, CroppedSource, SampleSource
from diffecg.formats.wfdb_header import Header, SignalLine, read_header
from diffecg.formats.wfdb_samples import RecordSamples, read_samples
from diffecg.formats.wfdb_source import NO_FILE
from diffecg.signal.units import normalise_unit, unit_ratio

_MAX_LENGTH_RATIO = 100
"""Largest ratio of a record's length to the samples in its segments."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Segment:
    """A segment of a record: consecutive frames with samples of some of its channels."""

    first: int
    """First frame in the record."""
    source: SampleSource
    rows: tuple[int | None, ...]
    """Channel of ``source`` for each channel of the record; None: not recorded in this segment."""
    scale: tuple[float, ...]
    """Factor from the segment's unit to the record's, for each channel of the record."""


class SegmentedSource(SampleSource):
    """Segments of a record, one after the other, with gaps between them.

    Samples are integers if all segments have the same gain, baseline and unit for each channel, else floats
    in the channels' units.

    Args:
        segments: the segments.
        rates_hz: sampling rate of each channel, in Hz.
        per_frame: samples per frame of each channel.
        frames: number of frames of the record.
    """

    def __init__(
        self, segments: Sequence[Segment], rates_hz: Sequence[float], per_frame: Sequence[int], frames: int
    ) -> None:
        self._segments, self._per_frame = tuple(segments), tuple(per_frame)
        self.rates_hz, self.lengths = tuple(rates_hz), tuple(frames * count for count in per_frame)
        scales = [self._scales(row) for row in range(len(self.rates_hz))]
        self.is_integer = all(len(found) <= 1 for found in scales)
        if self.is_integer:
            chosen = [next(iter(found), (1.0, 0.0)) for found in scales]
        else:
            chosen = [(1.0, 0.0)] * len(scales)
        self.gain, self.baseline = tuple(gain for gain, _ in chosen), tuple(zero for _, zero in chosen)

    def _scales(self, row: int) -> set[tuple[float, float]]:
        """Return the different gains, in steps per unit of the record, and baselines of a channel."""
        found = set()
        for segment in self._segments:
            index = segment.rows[row]
            if index is not None:
                found.add((segment.source.gain[index] / segment.scale[row], segment.source.baseline[index]))
        return found

    def read(self, rows: Sequence[int], start: int, stop: int) -> Block:
        """Return the samples ``start`` to ``stop`` (exclusive) of channels that share a sampling rate."""
        shape = (len(rows), max(stop - start, 0))
        stored = np.zeros(shape, dtype=np.int64 if self.is_integer else np.float64)
        missing = np.ones(shape, dtype=bool)
        for segment in self._segments:
            pairs = [(i, segment.rows[row]) for i, row in enumerate(rows)]
            present = [(i, index) for i, index in pairs if index is not None]
            if not present:
                continue
            offset = segment.first * self._per_frame[rows[0]]
            first, last = max(start, offset), min(stop, offset + segment.source.lengths[present[0][1]])
            if first >= last:
                continue
            block = segment.source.read([index for _, index in present], first - offset, last - offset)
            span = slice(first - start, last - start)
            for line, (i, index) in enumerate(present):
                values, scale = block.stored[line], segment.scale[rows[i]]
                if not self.is_integer:
                    values = (values - segment.source.baseline[index]) / segment.source.gain[index] * scale
                stored[i, span], missing[i, span] = values, block.missing[line]
        return Block(stored, missing)


def _check_length(path: object, frames: int, held: int) -> None:
    """Check that a record is not implausibly longer than its segments.

    Raises:
        DiffecgError: it is more than a hundred times as long.
    """
    if not 0 < frames <= _MAX_LENGTH_RATIO * held:
        raise DiffecgError(f"recording {path} claims {frames} frames; its segments hold {held}")


def read_segments(path: Path, header: Header, options: ReadOptions) -> RecordSamples:
    """Return the samples of a record with segments.

    Raises:
        DiffecgError: a segment is missing, damaged, or does not fit the record.
    """
    read = {
        name: _read_segment(path, name, options) for name in {name for name, _ in header.segments} - {NO_FILE}
    }
    layout = _layout(path, header, read)
    segments, first = [], 0
    for name, frames in header.segments:
        if name != NO_FILE and frames and not isinstance(read[name], Header):
            by_name = header.segments[0][1] == 0
            placed = _place(
                path,
                name,
                frames,
                first,
                read[name],
                layout,
                by_name=by_name,
                frame_rate_hz=header.frame_rate_hz,
            )
            segments.append(placed)
        first += frames
    held = sum(frames for name, frames in header.segments if name != NO_FILE)
    frames = header.frames or first
    _check_length(path, frames, held)
    if frames != first:
        raise DiffecgError(f"recording {path} claims {frames} frames; its segments add up to {first}")
    source = SegmentedSource(
        segments,
        [header.frame_rate_hz * signal.per_frame for signal in layout],
        [signal.per_frame for signal in layout],
        frames,
    )
    names = tuple(signal.name for signal in layout)
    units = tuple(normalise_unit(signal.unit) for signal in layout)
    parts = [part for part in read.values() if isinstance(part, RecordSamples)]
    return RecordSamples(
        source=source,
        names=names,
        units=units,
        frames=frames,
        warnings=tuple(dict.fromkeys(text for part in parts for text in part.warnings)),
        assumptions=tuple(dict.fromkeys(text for part in parts for text in part.assumptions)),
    )


def _read_segment(path: Path, name: str, options: ReadOptions) -> RecordSamples | Header:
    """Return the samples of a segment; the header of a layout, which has none.

    Raises:
        DiffecgError: the segment has segments itself, or cannot be read.
    """
    file = _beside(path, name)
    header = read_header(file)
    if header.segments:
        raise DiffecgError(f"recording {path}: segment {name} has segments itself, which WFDB does not allow")
    if header.signals and {signal.file for signal in header.signals} == {NO_FILE}:
        return header
    return read_samples(file, header, options)


def _layout(path: Path, header: Header, read: dict[str, RecordSamples | Header]) -> tuple[SignalLine, ...]:
    """Return the signals of a record with segments: those of its layout, else of its first segment.

    Raises:
        DiffecgError: the number of signals is another than the record states.
    """
    named = [name for name, _ in header.segments if name != NO_FILE]
    if not named:
        raise DiffecgError(f"recording {path} has no segment with samples")
    first = read[named[0]]
    signals = first.signals if isinstance(first, Header) else read_header(_beside(path, named[0])).signals
    if len(signals) != header.signal_count:
        raise DiffecgError(
            f"recording {path} claims {header.signal_count} signals; its segment {named[0]} has "
            f"{len(signals)}"
        )
    return signals


def _place(
    path: Path,
    name: str,
    frames: int,
    first: int,
    samples: RecordSamples | Header,
    layout: tuple[SignalLine, ...],
    *,
    by_name: bool,
    frame_rate_hz: float,
) -> Segment:
    """Return where a segment lies in a record, and which of its channels is which of the record.

    Raises:
        DiffecgError: it is shorter than the record states, or its signals do not fit the record's.
    """
    if isinstance(samples, Header) or samples.frames < frames:
        raise DiffecgError(
            f"recording {path}: segment {name} holds less than {frames} frames; download the files again"
        )
    rows: list[int | None] = []
    scale = []
    for position, signal in enumerate(layout):
        if by_name:
            row = samples.names.index(signal.name) if signal.name in samples.names else None
        else:
            row = position if position < len(samples.names) else None
        ratio = 1.0 if row is None else unit_ratio(samples.units[row], normalise_unit(signal.unit))
        per_frame = None if row is None else samples.source.lengths[row] / samples.frames
        if ratio is None or per_frame not in (None, signal.per_frame):
            raise DiffecgError(
                f"recording {path}: {signal.name} is in {signal.unit} with {signal.per_frame} samples "
                f"a frame, in segment {name} in {samples.units[row or 0]} with {per_frame:g}; read the "
                "segments one by one"
            )
        rows.append(row)
        scale.append(ratio)
    source = CroppedSource(samples.source, 0.0, frames / frame_rate_hz)
    return Segment(first=first, source=source, rows=tuple(rows), scale=tuple(scale))


def _beside(path: Path, name: str) -> Path:
    """Return the path of a segment, which lies in the record's folder or below it.

    Raises:
        DiffecgError: it lies elsewhere.
    """
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise DiffecgError(
            f"recording {path}: its segment {name!r} is not in its folder; put it beside the header and name "
            "it without a path"
        )
    return path.parent / name
