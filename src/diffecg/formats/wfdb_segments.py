"""Samples of WFDB records that consist of segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from diffecg.errors import DiffecgError
from diffecg.formats.samples import Block, SampleSource


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

    Samples are integers if all segments have the same gain, baseline and unit for each channel, else floats in
    the channels' units.

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


def check_segments(path: object, frames: int, held: int) -> None:
    """Check that a record is not implausibly longer than its segments.

    Raises:
        DiffecgError: it is more than a hundred times as long.
    """
    if not 0 < frames <= _MAX_LENGTH_RATIO * held:
        raise DiffecgError(f"recording {path} claims {frames} frames; its segments hold {held}")


_MAX_LENGTH_RATIO = 100
"""Largest ratio of a record's length to the samples in its segments."""
