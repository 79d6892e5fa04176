"""Stored samples of a recording, read on demand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from diffecg.signal.runs import true_runs

BLOCK_SAMPLES = 1 << 21
"""Samples that are in memory at once where a recording is processed in blocks."""


class Block(NamedTuple):
    """Consecutive samples of some channels."""

    stored: Int[np.ndarray, "channel time"] | Float[np.ndarray, "channel time"]
    """Samples as they are stored."""
    missing: Bool[np.ndarray, "channel time"]
    """True where the sample is missing."""


class SampleSource(ABC):
    """Stored samples of the channels of a recording.

    The value of a sample in the unit of its channel is (stored - baseline) / gain.
    """

    rates_hz: tuple[float, ...]
    """Sampling rate of each channel, in Hz."""
    lengths: tuple[int, ...]
    """Number of samples of each channel."""
    gain: tuple[float, ...]
    """Stored steps per unit, for each channel."""
    baseline: tuple[float, ...]
    """Stored value of zero, for each channel."""
    is_integer: bool
    """Whether samples are stored as integers (int64), or as floats in the channels' units."""
    edits: tuple[Edit, ...] = ()
    """Samples that replace others; later ones replace earlier ones."""

    @property
    def unedited(self) -> SampleSource:
        """The source without the samples that replace others."""
        return self

    @abstractmethod
    def read(self, rows: Sequence[int], start: int, stop: int) -> Block:
        """Return the samples ``start`` to ``stop`` (exclusive) of channels that share a sampling rate."""

    def blocks(self, rows: Sequence[int]) -> Iterator[tuple[int, Block]]:
        """Yield all samples of channels that share a sampling rate: first sample and block."""
        length = max((self.lengths[row] for row in rows), default=0)
        size = max(1, BLOCK_SAMPLES // max(1, len(rows)))
        for start in range(0, length, size):
            yield start, self.read(rows, start, min(start + size, length))

    def missing_runs(self, rows: Sequence[int]) -> list[list[tuple[int, int]]]:
        """Return the gaps of channels of one sampling rate, each as (first sample, sample after the last)."""
        runs: list[list[tuple[int, int]]] = [[] for _ in rows]
        for start, block in self.blocks(rows):
            for found, missing in zip(runs, block.missing, strict=True):
                for first, stop in true_runs(missing):
                    if found and found[-1][1] == start + first:
                        found[-1] = (found[-1][0], start + stop)
                    else:
                        found.append((start + first, start + stop))
        return runs


class ArraySource(SampleSource):
    """Samples in memory.

    Args:
        stored: samples as they are stored.
        fs_hz: sampling rate, in Hz.
        gain: stored steps per unit, for each channel; None: 1.
        baseline: stored value of zero, for each channel; None: 0.
        missing: True where the sample is missing; None: NaN is.
    """

    def __init__(
        self,
        stored: Int[np.ndarray, "channel time"] | Float[np.ndarray, "channel time"],
        fs_hz: float,
        *,
        gain: Sequence[float] | None = None,
        baseline: Sequence[float] | None = None,
        missing: Bool[np.ndarray, "channel time"] | None = None,
    ) -> None:
        count, samples = stored.shape
        self.rates_hz, self.lengths = (float(fs_hz),) * count, (samples,) * count
        self.gain = (1.0,) * count if gain is None else tuple(gain)
        self.baseline = (0.0,) * count if baseline is None else tuple(baseline)
        self.is_integer = bool(np.issubdtype(stored.dtype, np.integer))
        self._stored = stored
        self._missing = np.isnan(stored) if missing is None else missing

    def read(self, rows: Sequence[int], start: int, stop: int) -> Block:
        """Return the samples ``start`` to ``stop`` (exclusive) of some channels."""
        span = slice(start, stop)
        return Block(self._stored[list(rows), span], self._missing[list(rows), span])


class SelectedSource(SampleSource):
    """Some channels of a source."""

    def __init__(self, source: SampleSource, rows: Sequence[int]) -> None:
        self.source, self.rows = source, tuple(rows)
        self.rates_hz = tuple(source.rates_hz[row] for row in rows)
        self.lengths = tuple(source.lengths[row] for row in rows)
        self.gain = tuple(source.gain[row] for row in rows)
        self.baseline = tuple(source.baseline[row] for row in rows)
        self.is_integer = source.is_integer

    def read(self, rows: Sequence[int], start: int, stop: int) -> Block:
        """Return the samples ``start`` to ``stop`` (exclusive) of some channels."""
        return self.source.read([self.rows[row] for row in rows], start, stop)

    def missing_runs(self, rows: Sequence[int]) -> list[list[tuple[int, int]]]:
        """Return the gaps of channels."""
        return self.source.missing_runs([self.rows[row] for row in rows])


class JoinedSource(SampleSource):
    """The channels of several sources, one after the other.

    Args:
        sources: sources that all store integers or all store floats.
    """

    def __init__(self, sources: Sequence[SampleSource]) -> None:
        self.sources = tuple(sources)
        self.rates_hz = tuple(rate for source in sources for rate in source.rates_hz)
        self.lengths = tuple(length for source in sources for length in source.lengths)
        self.gain = tuple(gain for source in sources for gain in source.gain)
        self.baseline = tuple(baseline for source in sources for baseline in source.baseline)
        self.is_integer = all(source.is_integer for source in sources)
        self._places = [(source, row) for source in sources for row in range(len(source.rates_hz))]

    def read(self, rows: Sequence[int], start: int, stop: int) -> Block:
        """Return the samples ``start`` to ``stop`` (exclusive) of some channels."""
        if not rows:
            return self.sources[0].read(rows, start, stop)
        places = [self._places[row] for row in rows]
        blocks = [source.read([row], start, stop) for source, row in places]
        return Block(
            np.concatenate([block.stored for block in blocks]),
            np.concatenate([block.missing for block in blocks]),
        )


class CroppedSource(SampleSource):
    """An interval of a source, in seconds."""

    def __init__(self, source: SampleSource, start_s: float, stop_s: float) -> None:
        self.source = source
        self.rates_hz, self.gain, self.baseline = source.rates_hz, source.gain, source.baseline
        self.is_integer = source.is_integer
        pairs = list(zip(source.rates_hz, source.lengths, strict=True))
        self._starts = [min(max(round(start_s * rate), 0), length) for rate, length in pairs]
        stops = [min(max(round(stop_s * rate), 0), length) for rate, length in pairs]
        self.lengths = tuple(max(0, stop - start) for start, stop in zip(self._starts, stops, strict=True))

    def read(self, rows: Sequence[int], start: int, stop: int) -> Block:
        """Return the samples ``start`` to ``stop`` (exclusive) of some channels."""
        first = self._starts[rows[0]] if rows else 0
        return self.source.read(rows, first + start, first + stop)


@dataclass(frozen=True, kw_only=True, eq=False)
class Edit:
    """Samples that replace those of a channel."""

    row: int
    """Index of the channel."""
    start: int
    """First sample."""
    stored: Shaped[np.ndarray, " time"]
    """Samples as they are stored."""

    @property
    def stop(self) -> int:
        """The sample after the last, exclusive."""
        return self.start + len(self.stored)


class EditedSource(SampleSource):
    """A source with some samples replaced."""

    def __init__(self, source: SampleSource, edits: Sequence[Edit]) -> None:
        self.source = source.unedited
        self.edits = (*source.edits, *edits)
        self.rates_hz, self.lengths = source.rates_hz, source.lengths
        self.gain, self.baseline, self.is_integer = source.gain, source.baseline, source.is_integer

    @property
    def unedited(self) -> SampleSource:
        """The source without the samples that replace others."""
        return self.source

    def read(self, rows: Sequence[int], start: int, stop: int) -> Block:
        """Return the samples ``start`` to ``stop`` (exclusive) of some channels."""
        block = self.source.read(rows, start, stop)
        index = {row: i for i, row in enumerate(rows)}
        edits = [edit for edit in self.edits if edit.row in index and edit.start < stop and edit.stop > start]
        if not edits:
            return block
        stored, missing = block.stored.copy(), block.missing.copy()
        for edit in edits:
            first, last = max(edit.start, start), min(edit.stop, stop)
            span, row = slice(first - start, last - start), index[edit.row]
            stored[row, span] = edit.stored[first - edit.start : last - edit.start]
            missing[row, span] = False
        return Block(stored, missing)
