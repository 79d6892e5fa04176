"""Blocks in which noisy intervals of any length are denoised, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

BLOCK_S = 20.0
"""Longest noisy interval that is denoised at once; longer ones are divided."""
CONTEXT_S = 10.0
"""Signal on either side of it that the network sees."""
FADE_S = 0.5
"""Neighbouring blocks of a long interval overlap by twice this much, and are cross-faded."""
MIN_CLEAN_S = 1.0
"""With less clean signal than this, level and scale are those of the noisy samples."""
MIN_SCALE_MV = 1e-3


ReadSignal = Callable[[int, int], Float[np.ndarray, " time"]]
"""Returns the samples of a lead from one to another (exclusive), in mV."""
EstimateBlock = Callable[
    [Float[np.ndarray, " time"], Bool[np.ndarray, " time"], float], Float[np.ndarray, "2 time"]
]
"""Returns the clean signal of a block and its half width, from signal, mask of noisy samples, and rate."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NoisyLead:
    """A lead with runs of noisy samples."""

    read: ReadSignal
    """Returns samples of the lead, in mV; NaN = missing."""
    samples: int
    """Length of the lead."""
    fs_hz: float
    """Sampling rate, in Hz."""
    runs: Sequence[tuple[int, int]]
    """Noisy samples, as (first, stop), in order and without overlap."""

    def estimate(
        self, run: tuple[int, int], estimate_block: EstimateBlock, on_block: Callable[[], None]
    ) -> Float[np.ndarray, "2 time"]:
        """Return the clean signal of a run and its half width, in mV.

        Args:
            run: one of the runs.
            estimate_block: estimates a block with its context.
            on_block: called after each block.
        """
        first, stop = run
        context, fade = round(CONTEXT_S * self.fs_hz), round(FADE_S * self.fs_hz)
        total, weights = np.zeros((2, stop - first)), np.zeros(stop - first)
        bounds = block_bounds(first, stop, self.fs_hz)
        for start, end in zip(bounds[:-1], bounds[1:], strict=True):
            outer = slice(max(start - context, 0), min(end + context, self.samples))
            index = np.arange(max(start - fade, first), min(end + fade, stop))
            block_mv = self.read(outer.start, outer.stop)
            estimate = estimate_block(block_mv, self._is_noisy(outer), self.fs_hz)
            weight = _weight(index, (start, end), fade, run)
            total[:, index - first] += weight * estimate[:, index - outer.start]
            weights[index - first] += weight
            on_block()
        return total / weights

    def _is_noisy(self, interval: slice) -> Bool[np.ndarray, " time"]:
        """Return the mask of the noisy samples of an interval."""
        noisy = np.zeros(interval.stop - interval.start, dtype=bool)
        for first, stop in self.runs:
            noisy[max(first - interval.start, 0) : max(stop - interval.start, 0)] = True
        return noisy


@dataclass(frozen=True, kw_only=True, eq=False)
class RunEstimate:
    """Estimate of a run of noisy samples."""

    start: int
    """First sample of the run."""
    signal_mv: Float[np.ndarray, " time"]
    """Estimated clean signal, in mV."""
    half_width_mv: Float[np.ndarray, " time"]
    """Half width of the interval, in mV."""


def level_and_scale(
    signal: Float[np.ndarray, "*rows time"], noisy: Bool[np.ndarray, "*rows time"], fs_hz: float
) -> tuple[Float[np.ndarray, "*rows 1"], Float[np.ndarray, "*rows 1"]]:
    """Return what is subtracted from signals, and what they are divided by, for the network.

    The level is the median of the clean samples, the scale twice the mean absolute deviation from it.

    Args:
        signal: signals, in mV.
        noisy: True where a sample is noisy.
        fs_hz: sampling rate, in Hz.
    """
    few = (~noisy).sum(axis=-1, keepdims=True) < MIN_CLEAN_S * fs_hz
    used = np.where(few | ~noisy, signal, np.nan)
    level = np.nanmedian(used, axis=-1, keepdims=True)
    scale = 2 * np.nanmean(np.abs(used - level), axis=-1, keepdims=True)
    return level, np.maximum(scale, MIN_SCALE_MV)


def count_blocks(runs: Sequence[tuple[int, int]], fs_hz: float) -> int:
    """Return the number of blocks in which runs of noisy samples are denoised."""
    return sum(len(block_bounds(first, stop, fs_hz)) - 1 for first, stop in runs)


def block_bounds(first: int, stop: int, fs_hz: float) -> list[int]:
    """Return the bounds of the blocks of a run."""
    blocks = max(1, round((stop - first) / (BLOCK_S * fs_hz)))
    return [int(bound) for bound in np.linspace(first, stop, blocks + 1)]


def _weight(
    index: Int[np.ndarray, " time"], block: tuple[int, int], fade: int, run: tuple[int, int]
) -> Float[np.ndarray, " time"]:
    """Return the weight of a block's samples: 1, and falling to 0 beyond its bounds within the run."""
    (start, end), flat = block, np.ones(len(index))
    rising = flat if start == run[0] else (index - start + fade + 0.5) / (2 * fade)
    falling = flat if end == run[1] else (end + fade - index - 0.5) / (2 * fade)
    return np.clip(np.minimum(rising, falling), 0, 1)
