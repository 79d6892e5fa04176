"""Blending of imputed samples into a recording without steps."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from diffecg.signal.runs import true_runs

FADE_S = 0.05
"""How far into a gap the imputed signal is shifted to meet the recording: half a QRS complex."""


def blend_seams(
    signal_mv: Float[np.ndarray, "draw lead time"],
    imputed_mv: Float[np.ndarray, "draw lead time"],
    fs_hz: float,
) -> Float[np.ndarray, "draw lead time"]:
    """Fill the gaps of a signal with imputed samples, without a step at either end.

    The imputed signal is band-limited and the recording is not, so that they do not meet by themselves. Each
    end of a gap is shifted to the value that the recording extrapolates to, with the mean of the slopes on
    both sides; the shift fades out within FADE_S by a raised cosine.

    Args:
        signal_mv: observed samples; NaN = missing, in the same places of every draw.
        imputed_mv: imputed samples.
        fs_hz: sampling rate, in Hz.
    """
    result = signal_mv.copy()
    for lead, missing in enumerate(np.isnan(signal_mv[0])):
        for first, stop in true_runs(missing):
            imputed = imputed_mv[:, lead, first:stop].astype(np.float64)
            left = _shift(signal_mv[:, lead, :first][:, :-3:-1], imputed[:, :2])
            right = _shift(signal_mv[:, lead, stop:][:, :2], imputed[:, :-3:-1])
            distance = np.arange(stop - first)
            reach = min(FADE_S * fs_hz, len(distance) / 2)
            fades = np.stack([_fade(distance / reach), _fade(distance[::-1] / reach)])
            fades /= np.maximum(1, fades.sum(axis=0))
            result[:, lead, first:stop] = imputed + left[:, None] * fades[0] + right[:, None] * fades[1]
    return result


def _shift(
    observed: Float[np.ndarray, "draw beside"], imputed: Float[np.ndarray, "draw inside"]
) -> Float[np.ndarray, " draw"]:
    """Return the shift of one end of a gap.

    Args:
        observed: the two samples beside the gap, the nearer first; fewer at the ends of the recording.
        imputed: the two outermost imputed samples, the outer first.
    """
    if not observed.shape[1]:
        return np.zeros(len(imputed))
    slopes = [imputed[:, 1] - imputed[:, 0]] if imputed.shape[1] > 1 else []
    if observed.shape[1] > 1 and not np.isnan(observed[0, 1]):
        slopes.append(observed[:, 0] - observed[:, 1])
    slope = np.mean(slopes, axis=0) if slopes else 0.0
    return np.asarray(observed[:, 0] + slope - imputed[:, 0], dtype=np.float64)


def _fade(distance: Float[np.ndarray, " time"]) -> Float[np.ndarray, " time"]:
    """Return a weight that falls from 1 at distance 0 to 0 at distance 1 by a raised cosine."""
    return (1 + np.cos(np.pi * np.minimum(distance, 1))) / 2
