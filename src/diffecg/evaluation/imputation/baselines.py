"""Simple imputation methods that a model has to beat at gaps and forecasts.

The settings of the baselines are constants of the benchmark: a change to an engine or a preset leaves them,
and so all reports, comparable.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64
from scipy.interpolate import PchipInterpolator

from diffecg.evaluation.imputation.analogues import (
    ANALOGUES,
    LONG_REACH_S,
    PTBXL_ANALOGUES,
    SHORT_REACH_S,
    AnalogueSearch,
    LocalRegression,
)
from diffecg.evaluation.imputation.contexts import Context
from diffecg.evaluation.imputation.prediction import Gap, Method, Prediction
from diffecg.signal.resampling import interpolate_gaps

PCHIP_CONTEXT_S = 0.2
"""Length of the signal on either side of a gap that the cubic interpolation uses."""
RECENT_INTERVALS = 3
"""Number of RR intervals before a gap whose median is the expected RR interval."""
LEVEL_CONTEXT_S = 0.3
"""Length of the signal on either side of a gap whose level a copied beat gets."""
_BEAT_S = (0.3, 0.5)
"""Extent of the mean beat before and after its R peak."""


def linear(context: Context) -> Prediction:
    """Interpolate linearly between the samples beside the gap; a forecast repeats the last value."""
    return _single(_line(context))


def pchip(context: Context) -> Prediction:
    """Interpolate by a monotone cubic through the samples around the gap; a forecast repeats the last value.

    Fritsch and Butland (1984), SIAM J Sci Stat Comput 5:300-304, as implemented in scipy.
    """
    near_mv, gap = context.near(PCHIP_CONTEXT_S)
    known = np.isfinite(near_mv)
    if not (known[: gap.start].any() and known[gap.stop :].any()):
        return linear(context)
    time = np.arange(len(near_mv))
    return _single(PchipInterpolator(time[known], near_mv[known])(time[gap]))


def previous_beat(context: Context) -> Prediction:
    """Copy the last complete beat before the gap to each expected R peak."""
    past = context.r_peaks[context.r_peaks < context.gap.start]
    reach = round(_expected_rr(context) / 2) + 1
    complete = past[(past + reach < context.gap.start) & (past >= reach)]
    if not complete.size:
        return linear(context)
    r_peak = int(complete[-1])
    first = r_peak - reach
    return _single(_copy_template(context, context.signal_mv[first : r_peak + reach + 1], r_peak - first))


def mean_beat(context: Context) -> Prediction:
    """Copy the recording's mean beat to each expected R peak."""
    before, after = (round(length_s * context.fs_hz) for length_s in _BEAT_S)
    inside = (context.r_peaks >= before) & (context.r_peaks + after <= len(context.signal_mv))
    beats = context.signal_mv[context.r_peaks[inside, None] + np.arange(-before, after)]
    complete = beats[np.isfinite(beats).all(axis=1)]
    if not len(complete):
        return linear(context)
    return _single(_copy_template(context, complete.mean(axis=0), before))


BASELINES: dict[str, Method] = {
    "linear": Method(predict=linear),
    "PCHIP": Method(predict=pchip),
    "previous beat": Method(predict=previous_beat),
    "mean beat": Method(predict=mean_beat),
    f"{ANALOGUES} analogues, 60 s": Method(predict=AnalogueSearch(count=ANALOGUES, reach_s=SHORT_REACH_S)),
    f"{ANALOGUES} analogues, 30 min": Method(
        predict=AnalogueSearch(count=ANALOGUES, reach_s=LONG_REACH_S), uses_other_leads=True
    ),
    "local regression": Method(predict=LocalRegression()),
}
"""The baselines of the benchmark on recordings, by their names in reports."""
REFERENCE = f"{ANALOGUES} analogues, 60 s"
"""The baseline that errors are divided by: a search in one lead."""

PTBXL_BASELINES: dict[str, Method] = {
    "linear": Method(predict=linear),
    "mean beat": Method(predict=mean_beat),
    f"{PTBXL_ANALOGUES} analogues": Method(
        predict=AnalogueSearch(count=PTBXL_ANALOGUES, reach_s=SHORT_REACH_S)
    ),
    f"{ANALOGUES} analogues": Method(predict=AnalogueSearch(count=ANALOGUES, reach_s=SHORT_REACH_S)),
    "local regression": Method(predict=LocalRegression()),
}
"""The baselines of the benchmark on PTB-XL, where ten seconds are all there is."""
PTBXL_REFERENCE = f"{PTBXL_ANALOGUES} analogues"


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
        return anchor - rr * np.arange(context.gap.stop / rr + 2)[::-1]
    last = float(before[-1])
    if not after.size:
        return last + rr * np.arange(0, (context.gap.stop - last) / rr + 2)
    count = max(1, round((after[0] - last) / rr))
    return np.concatenate([before[-2:-1], np.linspace(last, after[0], count + 1), after[1:2]])


def _single(values_mv: Gap) -> Prediction:
    """Return the prediction of a method without uncertainty."""
    return Prediction.from_draws(values_mv[None].astype(float))


def _line(context: Context) -> Gap:
    near_mv, gap = context.near()
    return interpolate_gaps(near_mv)[gap]


def _expected_rr(context: Context) -> float:
    """Return the median of the last RR intervals before the gap, in samples."""
    before = np.diff(context.r_peaks[context.r_peaks < context.gap.start])[-RECENT_INTERVALS:]
    intervals = before if before.size else np.diff(context.r_peaks)
    return float(np.median(intervals)) if intervals.size else context.fs_hz


def _copy_template(context: Context, template_mv: Float64[np.ndarray, " template"], r_peak: int) -> Gap:
    """Return the gap copied from a template, aligned at expected R peaks, at the gap's level.

    Each sample is copied from the beat whose template has its middle nearest to it.
    """
    near_mv, gap = context.near(LEVEL_CONTEXT_S)
    starts = expected_r_peaks(context) - r_peak
    time = np.arange(len(near_mv)) + context.gap.start - gap.start
    nearest = starts[np.abs(time[:, None] - starts - (len(template_mv) - 1) / 2).argmin(axis=1)]
    source = np.rint(time - nearest).astype(int).clip(0, len(template_mv) - 1)
    copied = template_mv[source]
    level = near_mv - copied
    visible = np.isfinite(level)
    copied = copied + (level[visible].mean() if visible.any() else 0.0)
    return np.where(np.isfinite(copied[gap]), copied[gap], _line(context))
