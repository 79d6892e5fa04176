"""The analogues of one gap, the draws from them, and the kernel that makes their distribution calibrated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int

from diffecg.inference.seeds import choose_alternatives
from diffecg.signal.analogue_search import search_shared_analogues
from diffecg.signal.blending import blend_seams
from diffecg.signal.resampling import interpolate_gaps

POOL = 16
"""Largest number of analogues of a gap."""
LEAST_POOL = 3
"""Smallest number of analogues that are searched."""
ANALOGUE_EVERY_S = 2.0
"""One analogue is taken for this much searched signal: a short recording has few beats alike.

In the 10 s of recordings of PTB-XL (fold 9, lead II), 4 or 5 analogues have a mean RMSE of .035 and .102 mV
in gaps of 0.25 and 1 s, and 16 have .093 and .125 mV."""
MIN_POOL = 2
"""A gap with fewer analogues is interpolated."""
KERNEL_VARIANCE = 0.05
"""Variance of the kernel, as a share of the variance of the analogues, in short gaps.

On DS1 (88 gaps a length, 16 draws), the 90 % intervals cover 90, 90, 91, 91, 91 and 90 % of the samples of
gaps of 0.25, 0.5, 1, 2, 5 and 10 s, and 89 % of forecasts of 1 s; analogues alone cover 82 to 88 %."""
KERNEL_VARIANCE_OF_FORECASTS = 0.5
"""The same where the surroundings are known on one side only."""
KERNEL_GROWTH_S = 3.0
"""Length of a gap at which the share is larger by KERNEL_VARIANCE: analogues part in long gaps."""
KERNEL_MISMATCH = 0.08
"""Variance of the kernel that is added, as a share of the squared distance of the surroundings."""
_SEAM = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool:
    """What may have been in a gap of some leads."""

    rows: list[int]
    """The leads."""
    segments: Float64[np.ndarray, "analogue row gap"]
    """The analogues, best first, blended into the signal, in the unit of each lead; or the interpolation."""
    offsets: Int[np.ndarray, " analogue"]
    """Distance of each analogue from the gap, in samples."""
    share: float
    """Variance of the kernel, as a share of the variance of the analogues."""
    mismatch: Float64[np.ndarray, " row"]
    """Root mean square of the distances of the surroundings, in the unit of each lead."""
    spread: Float64[np.ndarray, " row"] | None = None
    """Standard deviation of each lead, of an interpolated gap."""

    @property
    def is_interpolated(self) -> bool:
        """Whether the gap has no analogues."""
        return self.spread is not None

    def kernel(self, draws: int) -> Float64[np.ndarray, "row gap"]:
        """Return the standard deviation of the kernel around each of a number of draws.

        A pool of fewer draws than POOL leaves more to the kernel: the mean of K draws has 1 / K of the
        variance of one.
        """
        if self.spread is not None:
            return np.repeat(self.spread[:, None], self.segments.shape[2], axis=1)
        few = 2 * max(1 / min(draws, len(self.segments)) - 1 / POOL, 0.0)
        variance = (self.share + few) * self.segments.var(axis=0, ddof=1)
        return np.sqrt(variance + KERNEL_MISMATCH * self.mismatch[:, None] ** 2)


def find_pool(
    signal: Float[np.ndarray, "lead time"],
    gap: slice,
    rows: Sequence[int],
    fs_hz: float,
    *,
    reach_s: float,
    kinds: Sequence[str],
) -> list[Pool]:
    """Return the analogues of a gap: one pool for all its leads, or one for each lead if there is none.

    Args:
        signal: all leads, each in its unit; NaN = missing.
        gap: the samples of which each of ``rows`` misses some.
        rows: the leads of the gap.
        fs_hz: sampling rate, in Hz.
        reach_s: how far from the gap analogues are searched, on either side, in s.
        kinds: kind of each lead.
    """
    count = pool_size(signal.shape[1], gap, fs_hz, reach_s)
    found = search_shared_analogues(
        signal, gap, rows=rows, fs_hz=fs_hz, count=count, reach_s=reach_s, kinds=kinds
    )
    if len(found.start) < MIN_POOL and len(rows) > 1:
        return [
            pool
            for row in rows
            for pool in find_pool(signal, gap, [row], fs_hz, reach_s=reach_s, kinds=kinds)
        ]
    if len(found.start) < MIN_POOL:
        return [interpolate_gap(signal, gap, list(rows))]
    is_forecast = gap.start == 0 or gap.stop == signal.shape[1]
    share = KERNEL_VARIANCE_OF_FORECASTS if is_forecast else KERNEL_VARIANCE
    duration_s = (gap.stop - gap.start) / fs_hz
    return [
        Pool(
            rows=list(rows),
            segments=blend_into(signal[rows], gap, found.segments, fs_hz),
            offsets=found.start - gap.start,
            share=share + KERNEL_VARIANCE * (duration_s / KERNEL_GROWTH_S) ** 2,
            mismatch=np.sqrt(np.square(found.distance).mean(axis=0)),
        )
    ]


def pool_size(samples: int, gap: slice, fs_hz: float, reach_s: float) -> int:
    """Return the number of analogues to search, which grows with the searched signal.

    Args:
        samples: length of the signal.
        gap: the missing samples.
        fs_hz: sampling rate, in Hz.
        reach_s: how far from the gap analogues are searched, on either side, in s.
    """
    reach = reach_s * fs_hz
    searched = min(gap.start, reach) + min(samples - gap.stop, reach)
    return int(np.clip(round(searched / fs_hz / ANALOGUE_EVERY_S), LEAST_POOL, POOL))


def draw_from(pool: Pool, seeds: Sequence[int]) -> Float64[np.ndarray, "draw row gap"]:
    """Return the analogue that each seed stands for; the order of the analogues differs from gap to gap."""
    return pool.segments[choose_alternatives(seeds, len(pool.segments), pool.offsets.tobytes())]


def blend_into(
    signal: Float[np.ndarray, "row time"],
    gap: slice,
    segments: Float64[np.ndarray, "analogue row gap"],
    fs_hz: float,
) -> Float64[np.ndarray, "analogue row gap"]:
    """Return analogues that continue the signal on both sides without a step."""
    near = slice(max(gap.start - _SEAM, 0), min(gap.stop + _SEAM, signal.shape[1]))
    inside = slice(gap.start - near.start, gap.stop - near.start)
    around = np.repeat(signal[None, :, near].astype(np.float64), len(segments), axis=0)
    margins = [(0, 0), (0, 0), (inside.start, around.shape[-1] - inside.stop)]
    return blend_seams(around, np.pad(segments, margins, mode="edge"), fs_hz)[..., inside]


def interpolate_gap(signal: Float[np.ndarray, "lead time"], gap: slice, rows: list[int]) -> Pool:
    """Return the linear interpolation of a gap, as uncertain as the leads vary."""
    leads = signal[rows]
    lines = [interpolate_gaps(lead)[gap] for lead in leads]
    return Pool(
        rows=rows,
        segments=np.array([lines]),
        offsets=np.zeros(1, dtype=np.int64),
        share=0.0,
        mismatch=np.zeros(len(rows)),
        spread=np.nanstd(leads.astype(np.float64), axis=1),
    )
