"""Simple imputation methods that a model has to beat at gaps and forecasts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float64
from scipy.interpolate import PchipInterpolator

from diffecg.evaluation.imputation.cases import Context
from diffecg.signal.resampling import interpolate_gaps
from diffecg.transform.analogues import nearest_segments

Draws = Float64[np.ndarray, "draw gap"]
"""Draws of the missing samples, in mV."""
ImputationMethod = Callable[[Context], Draws]
"""Maps a context to draws of the missing samples; one draw = a point estimate."""

ANALOGUES = 5
"""Number of analogues of the baseline ``5 analogues``.

This constant and the next two are the settings of the baseline, chosen for it and independent of any model's:
a change to a preset leaves the baseline, and so all reports, comparable.
"""
ANALOGUE_CONTEXT_S = 0.3
"""Length of the surroundings on either side of a gap by which analogues are compared."""
ANALOGUE_SPACING_S = 0.1
"""Smallest distance between two analogues."""
PCHIP_CONTEXT_S = 0.2
"""Length of the signal on either side of a gap that the cubic interpolation uses."""
RECENT_INTERVALS = 3
"""Number of RR intervals before a gap whose median is the expected RR interval."""


def linear(context: Context) -> Draws:
    """Interpolate linearly between the samples beside the gap; a forecast repeats the last value."""
    return interpolate_gaps(context.signal_mv)[context.gap][None]


def pchip(context: Context) -> Draws:
    """Interpolate by a monotone cubic through the samples around the gap; a forecast repeats the last value.

    Fritsch and Butland (1984), SIAM J Sci Stat Comput 5:300-304, as implemented in scipy.
    """
    time, gap = np.arange(len(context.signal_mv)), context.gap
    edge = round(PCHIP_CONTEXT_S * context.fs_hz)
    near = (time >= gap.start - edge) & (time < gap.stop + edge)
    known = np.isfinite(context.signal_mv) & near
    if not known[gap.stop :].any():
        return linear(context)
    return PchipInterpolator(time[known], context.signal_mv[known])(time[gap])[None]


def previous_beat(context: Context) -> Draws:
    """Copy the last complete beat before the gap to each expected R peak."""
    past = context.r_peaks[context.r_peaks < context.gap.start]
    reach = round(_expected_rr(context) / 2) + 1
    complete = past[(past + reach < context.gap.start) & (past >= reach)]
    if not complete.size:
        return linear(context)
    return _copy_template(context, context.signal_mv, int(complete[-1]))


def mean_beat(context: Context) -> Draws:
    """Copy the recording's mean beat to each expected R peak."""
    return _copy_template(context, context.mean_beat_mv, context.mean_beat_r_peak)


def nearest_neighbours(context: Context) -> Draws:
    """Return the segments with the most similar surroundings, as draws: nearest-neighbour imputation.

    Uses the signal alone, not the annotated R peaks. Without an analogue the gap is interpolated linearly.
    """
    signal = torch.from_numpy(context.signal_mv)[None, None]
    analogues, weights = nearest_segments(
        signal,
        torch.isfinite(signal),
        count=ANALOGUES,
        context=round(ANALOGUE_CONTEXT_S * context.fs_hz),
        min_separation=max(1, int(ANALOGUE_SPACING_S * context.fs_hz)),
    )
    valid = weights[:, 0, 0, context.gap.start] > 0
    if not valid.any():
        return linear(context)
    return analogues[valid, 0, 0, context.gap].numpy()


BASELINES: dict[str, ImputationMethod] = {
    "linear": linear,
    "PCHIP": pchip,
    "previous beat": previous_beat,
    "mean beat": mean_beat,
    f"{ANALOGUES} analogues": nearest_neighbours,
}
"""The baselines by their names in reports."""


def expected_r_peaks(context: Context) -> Float64[np.ndarray, " beat"]:
    """Return where R peaks are expected in and around the gap, as samples.

    They continue from the last R peak before the gap at the expected RR interval. If R peaks follow the gap,
    the interval is scaled so that a whole number of them fits between.
    """
    before = context.r_peaks[context.r_peaks < context.gap.start]
    after = context.r_peaks[context.r_peaks >= context.gap.stop]
    rr = _expected_rr(context)
    if not before.size:
        anchor = float(after[0]) if after.size else float(context.gap.start)
        return anchor - rr * np.arange(len(context.signal_mv) / rr + 2)[::-1]
    last = float(before[-1])
    if not after.size:
        return last + rr * np.arange(0, (context.gap.stop - last) / rr + 2)
    count = max(1, round((after[0] - last) / rr))
    return np.append(np.linspace(last, after[0], count + 1), after[1:])


def _expected_rr(context: Context) -> float:
    """Return the median of the last RR intervals before the gap, in samples."""
    before = np.diff(context.r_peaks[context.r_peaks < context.gap.start])[-RECENT_INTERVALS:]
    intervals = before if before.size else np.diff(context.r_peaks)
    return float(np.median(intervals)) if intervals.size else context.fs_hz


def _copy_template(context: Context, template_mv: Float64[np.ndarray, " template"], r_peak: int) -> Draws:
    """Return the gap copied from a template, aligned at the nearest expected R peak."""
    peaks = expected_r_peaks(context)
    time = np.arange(context.gap.start, context.gap.stop)
    nearest = peaks[np.abs(time[:, None] - peaks).argmin(axis=1)]
    source = np.rint(r_peak + time - nearest).astype(int).clip(0, len(template_mv) - 1)
    values = template_mv[source]
    return np.where(np.isfinite(values), values, linear(context)[0])[None]
