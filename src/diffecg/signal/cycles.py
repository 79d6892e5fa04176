"""Visible cardiac cycles laid to the beat times that are expected in a gap.

A cycle is the signal from one R peak to the next. Between the beat times, it is laid such that the QRS
complex and T wave keep their distance from the R peak before, and the P wave its distance from the R peak
after; the T-P segment between them is stretched.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64, Int

MARGIN_S = 0.02
"""R peaks so near to a gap may be artefacts of its edge."""
FORECAST_MARGIN_S = 0.04
"""The same before a forecast."""
RR_RANGE_S = (0.25, 2.5)
"""RR intervals of cycles that are laid."""
CYCLES_OF_RATE = 8
"""The expected RR interval is the median of so many cycles nearest to the gap."""
MIN_CYCLES, MIN_PEAKS = 2, 4
"""With fewer visible cycles or R peaks, no cycle is laid."""
AFTER_R_S, AFTER_R_SHARE = 0.4, 0.55
"""Length of QRS and T wave after the R peak that is not stretched; at most that share of the interval."""
BEFORE_R_S, BEFORE_R_SHARE = 0.25, 0.3
"""The same for the P wave before the R peak."""
BEYOND_S = 0.6
"""Beats are expected until so long after, or before, a gap without beats on that side."""


def lay_cycles(
    r_peaks: Int[np.ndarray, " beat"],
    gap: slice,
    window: slice,
    *,
    fs_hz: float,
    count: int,
    is_forecast: bool = False,
    through_gap: bool = False,
) -> Float64[np.ndarray, "cycle time"]:
    """Return which sample of the recording each cycle lays at each sample of a window; NaN = none.

    Args:
        r_peaks: R peaks of the recording, ascending; those in or near the gap are not used, unless they are
            visible.
        gap: the missing samples.
        window: the samples to which cycles are laid.
        fs_hz: sampling rate, in Hz.
        count: number of cycles: those nearest to the gap, repeated if there are fewer.
        is_forecast: whether nothing is known after the start of the gap.
        through_gap: whether the R peaks in the gap are visible, in another lead.
    """
    laid = np.full((count, window.stop - window.start), np.nan)
    visible = _visible(r_peaks, gap, fs_hz, is_forecast=is_forecast, through_gap=through_gap)
    if len(visible) < MIN_PEAKS:
        return laid
    rr = np.diff(visible)
    least, most = (limit * fs_hz for limit in RR_RANGE_S)
    across = (visible[:-1] < gap.stop) & (visible[1:] >= gap.start)
    usable = np.flatnonzero((rr > least) & (rr < most) & ~across)
    if len(usable) < MIN_CYCLES:
        return laid
    middle = (visible[:-1] + visible[1:])[usable] / 2
    distance = np.abs(middle - (gap.start + gap.stop) / 2)
    nearest = usable[np.argsort(distance, kind="stable")[:CYCLES_OF_RATE]]
    expected_rr = float(np.median(rr[nearest]))
    beats = visible if through_gap else _expected_beats(visible, gap, expected_rr, fs_hz)
    time = np.arange(window.start, window.stop)
    for number in range(count):
        cycle = nearest[number % len(nearest)]
        laid[number] = _lay(float(visible[cycle]), float(rr[cycle]), beats, time, fs_hz)
    return laid


def _visible(
    r_peaks: Int[np.ndarray, " beat"], gap: slice, fs_hz: float, *, is_forecast: bool, through_gap: bool
) -> Int[np.ndarray, " visible"]:
    if is_forecast:
        return r_peaks[r_peaks < gap.start - FORECAST_MARGIN_S * fs_hz]
    if through_gap:
        return r_peaks
    margin = MARGIN_S * fs_hz
    return r_peaks[(r_peaks < gap.start - margin) | (r_peaks >= gap.stop + margin)]


def _expected_beats(
    visible: Int[np.ndarray, " visible"], gap: slice, rr: float, fs_hz: float
) -> Float64[np.ndarray, " beat"]:
    """Return the visible beats and, at regular intervals, those that are expected in the gap."""
    before, after = visible[visible < gap.start], visible[visible >= gap.stop]
    beyond = BEYOND_S * fs_hz
    if len(before) and len(after):
        intervals = max(1, round((after[0] - before[-1]) / rr))
        missing = np.linspace(before[-1], after[0], intervals + 1)[1:-1]
    elif len(before):
        missing = before[-1] + rr * np.arange(1, int((gap.stop + beyond - before[-1]) / rr) + 2)
    else:
        missing = after[0] - rr * np.arange(int((after[0] - gap.start + beyond) / rr) + 1, 0, -1)
    return np.concatenate([before, missing, after])


def _lay(
    start: float,
    length: float,
    beats: Float64[np.ndarray, " beat"] | Int[np.ndarray, " beat"],
    time: Int[np.ndarray, " time"],
    fs_hz: float,
) -> Float64[np.ndarray, " time"]:
    """Return the samples of one cycle that are laid between beats; NaN beyond the first and last beat.

    Args:
        start: R peak of the cycle.
        length: its RR interval, in samples.
        beats: beat times, in samples.
        time: the samples to which it is laid.
        fs_hz: sampling rate, in Hz.
    """
    interval = np.searchsorted(beats, time, side="right") - 1
    between: Bool[np.ndarray, " time"] = (interval >= 0) & (interval < len(beats) - 1)
    interval = np.clip(interval, 0, len(beats) - 2)
    rr = (beats[interval + 1] - beats[interval]).astype(np.float64)
    since = time - beats[interval]
    shorter = np.minimum(rr, length)
    after = np.minimum(AFTER_R_S * fs_hz, AFTER_R_SHARE * shorter)
    before = np.minimum(BEFORE_R_S * fs_hz, BEFORE_R_SHARE * shorter)
    stretch = np.maximum(length - after - before, 1e-3) / np.maximum(rr - after - before, 1e-3)
    stretched = after + (since - after) * stretch
    offset = np.where(since < after, since, np.where(since > rr - before, length - (rr - since), stretched))
    return np.where(between, start + offset, np.nan)
