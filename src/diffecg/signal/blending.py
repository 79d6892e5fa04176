"""No step where what was drawn meets what was recorded."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from diffecg.signal.runs import true_runs

FADE_S = 0.05
"""How far from its ends a drawn stretch is moved to meet them: half a QRS complex."""


def blend_seams(
    signal_mv: NDArray[np.floating], filled_mv: NDArray[np.floating], fs_hz: float
) -> NDArray[np.floating]:
    """Return draws (draw lead time) with their missing samples taken from what was drawn.

    A model's samples are band-limited, a recording's are not, so that they would meet in a step. Each end of
    a drawn stretch is moved to where the recording leads at the mean of the slopes on both sides; the move
    fades out into the stretch.

    Args:
        signal_mv: (draw lead time), NaN = missing, alike in all draws.
        filled_mv: what was drawn, of the same shape.
        fs_hz: sampling rate, in Hz.
    """
    result = signal_mv.copy()
    for lead, missing in enumerate(np.isnan(signal_mv[0])):
        for first, last in true_runs(missing):
            drawn = filled_mv[:, lead, first:last].astype(np.float64)
            left, right = (
                _step(signal_mv[:, lead, :first][:, :-3:-1], drawn[:, :2]),
                _step(signal_mv[:, lead, last:][:, :2], drawn[:, :-3:-1]),
            )
            place = np.arange(last - first)
            reach = min(FADE_S * fs_hz, len(place) / 2)
            fades = np.stack([_fade(place / reach), _fade(place[::-1] / reach)])
            fades /= np.maximum(1, fades.sum(axis=0))
            result[:, lead, first:last] = drawn + left[:, None] * fades[0] + right[:, None] * fades[1]
    return result


def _step(recorded: NDArray[np.floating], drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far a drawn end must move (draw,).

    Args:
        recorded: the two samples beside it, the nearer first (draw time); fewer at the recording's end.
        drawn: its two samples, the outer first (draw time).
    """
    if not recorded.shape[1]:
        return np.zeros(len(drawn))
    slopes = [drawn[:, 1] - drawn[:, 0]] if drawn.shape[1] > 1 else []
    if recorded.shape[1] > 1 and not np.isnan(recorded[0, 1]):
        slopes.append(recorded[:, 0] - recorded[:, 1])
    slope = np.mean(slopes, axis=0) if slopes else 0.0
    return np.asarray(recorded[:, 0] + slope - drawn[:, 0], dtype=np.float64)


def _fade(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a weight that falls from 1 to 0 at the distance 1, by a raised cosine."""
    return (1 + np.cos(np.pi * np.minimum(distance, 1))) / 2
