"""The plain methods that a model has to beat at gaps and forecasts. Each returns (draw time), in mV."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from diffecg.evaluation.imputation.cases import Context
from diffecg.signal.resampling import interpolate_gaps
from diffecg.transform.analogues import search_analogues

Array = NDArray[np.float64]
ImputationMethod = Callable[[Context], Array]
"""What is given to draws (draw time) of what is hidden, in mV."""

MATCHES = 5
"""Stretches that :func:`nearest_neighbours` returns."""
MATCH_CONTEXT_S = 0.3
"""What it compares on either side, in s."""
_EDGE_S = 0.2
_RECENT = 3


def linear(context: Context) -> Array:
    """Return the straight line between the samples beside the gap; a forecast holds the last value."""
    return interpolate_gaps(context.signal_mv)[context.hidden][None]


def pchip(context: Context) -> Array:
    """Return the monotone cubic through the samples around the gap; a forecast holds the last value.

    Fritsch and Butland (1984), SIAM J Sci Stat Comput 5:300-304, as scipy computes it.
    """
    place, hidden = np.arange(len(context.signal_mv)), context.hidden
    edge = round(_EDGE_S * context.fs_hz)
    near = (place >= hidden.start - edge) & (place < hidden.stop + edge)
    known = np.isfinite(context.signal_mv) & near
    if not known[hidden.stop :].any():
        return linear(context)
    return np.asarray(PchipInterpolator(place[known], context.signal_mv[known])(place[hidden]))[None]


def previous_beat(context: Context) -> Array:
    """Return the last beat before the gap, copied to where the R peaks should be."""
    past = context.peaks[context.peaks < context.hidden.start]
    rr = _rr(context)
    reach = round(rr / 2) + 1
    whole = past[(past + reach < context.hidden.start) & (past >= reach)]
    if not whole.size:
        return linear(context)
    return _placed(context, context.signal_mv, int(whole[-1]))


def mean_beat(context: Context) -> Array:
    """Return the recording's mean beat, copied to where the R peaks should be."""
    return _placed(context, context.mean_beat_mv, context.mean_beat_peak)


def nearest_neighbours(context: Context) -> Array:
    """Return up to MATCHES true_runs between samples like those around what is hidden, as draws.

    An annotation-free guess, and the one that strip models are given (``transform/matches.py``).
    """
    signal = torch.from_numpy(context.signal_mv)[None, None]
    near = round(MATCH_CONTEXT_S * context.fs_hz)
    guesses, weights = search_analogues(
        signal, torch.isfinite(signal), count=MATCHES, context=near, min_separation=max(1, near // 3)
    )
    found = weights[:, 0, 0, context.hidden.start] > 0
    if not found.any():
        return linear(context)
    return np.asarray(guesses[found, 0, 0, context.hidden].numpy())


BASELINES: dict[str, ImputationMethod] = {
    "straight line": linear,
    "PCHIP": pchip,
    "previous beat": previous_beat,
    "mean beat": mean_beat,
    "best matches": nearest_neighbours,
}


def expected_peaks(context: Context) -> Array:
    """Return where R peaks should be in and around what is hidden.

    From the last peak before, at the recent RR interval; if peaks follow, the interval is stretched so
    that whole intervals fill the time between.
    """
    before = context.peaks[context.peaks < context.hidden.start]
    after = context.peaks[context.peaks >= context.hidden.stop]
    rr = _rr(context)
    if not before.size:
        anchor = float(after[0]) if after.size else float(context.hidden.start)
        return anchor - rr * np.arange(len(context.signal_mv) / rr + 2)[::-1]
    last = float(before[-1])
    if not after.size:
        return last + rr * np.arange(0, (context.hidden.stop - last) / rr + 2)
    count = max(1, round((after[0] - last) / rr))
    return np.append(np.linspace(last, after[0], count + 1), after[1:])


def _rr(context: Context) -> float:
    """Return the RR interval to expect, in samples: the median of the last few before what is hidden."""
    before = np.diff(context.peaks[context.peaks < context.hidden.start])[-_RECENT:]
    every = before if before.size else np.diff(context.peaks)
    return float(np.median(every)) if every.size else context.fs_hz


def _placed(context: Context, template: Array, peak: int) -> Array:
    """Return the hidden stretch read off a template by the distance to the nearest expected peak."""
    peaks = expected_peaks(context)
    place = np.arange(context.hidden.start, context.hidden.stop)
    nearest = peaks[np.abs(place[:, None] - peaks).argmin(axis=1)]
    source = np.rint(peak + place - nearest).astype(int).clip(0, len(template) - 1)
    values = template[source]
    return np.asarray(np.where(np.isfinite(values), values, linear(context)[0]))[None]
