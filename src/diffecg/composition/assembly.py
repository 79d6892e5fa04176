"""Assembly of beats to a continuous signal: boundaries, blending, pauses and noise between beats."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import solve_toeplitz
from scipy.signal import lfilter

ONSET_S = {"N": 0.22, "S": 0.22, "V": 0.125, "F": 0.125}
"""Onset of a beat before its R peak: of the P wave, or of the QRS complex of beats without one."""
QRS_BEFORE_S, QRS_AFTER_S = 0.07, 0.125
"""A boundary between beats is at least this far from the R peaks after and before it."""
FADE_S = 0.033
"""Half width of the cross-fade at a boundary."""
AR_ORDER = 8
"""Order of the autoregressive model of the noise."""


def beat_boundaries(
    peaks: Sequence[int], labels: Sequence[str], fs_hz: float
) -> Int[np.ndarray, " boundary"]:
    """Return the boundaries between beats, in samples: one more than beats.

    A boundary is at the onset of the following beat, but not within the QRS complex of either beat. The first
    and the last one lie 10 s outside.

    Args:
        peaks: samples of the R peaks.
        labels: labels of the beats.
        fs_hz: sampling rate, in Hz.
    """
    inner = []
    for peak, following, label in zip(peaks, peaks[1:], labels[1:], strict=False):
        onset = max(following - round(ONSET_S[label] * fs_hz), peak + round(QRS_AFTER_S * fs_hz))
        inner.append(min(onset, following - round(QRS_BEFORE_S * fs_hz)))
    outside = round(10 * fs_hz)
    return np.array([peaks[0] - outside, *inner, peaks[-1] + outside])


def blend_weights(begin: int, end: int, length: int, fs_hz: float) -> Float[np.ndarray, " time"]:
    """Return the weights of a beat window: one between its boundaries, falling to zero around them.

    The weights of neighbouring beats add up to one at their boundary. At the ends of the window the weights
    fall to zero, too.

    Args:
        begin: boundary before the beat, counted from the start of the window.
        end: boundary after the beat.
        length: samples of the window.
        fs_hz: sampling rate, in Hz.
    """
    fade = round(FADE_S * fs_hz)
    sample = np.arange(length)
    rise, fall = (np.clip((sample - boundary + fade) / (2 * fade), 0, 1) for boundary in (begin, end))
    ends = np.minimum(np.minimum(sample + 1, length - sample) / fade, 1)
    return np.minimum(rise - fall, ends)


def fill_pause(
    signal_mv: Float[np.ndarray, "lead time"], pause: slice, max_fade: int
) -> Float[np.ndarray, "lead pause"]:
    """Return the baseline between two distant beats: from the end of one to zero, and from zero to the next.

    Args:
        signal_mv: the assembled signal, in mV.
        pause: samples between the beats.
        max_fade: longest fade to or from zero, in samples; the fade is a raised cosine.
    """
    length = pause.stop - pause.start
    fade = min(length, max_fade)
    falling = np.zeros(length)
    falling[:fade] = 0.5 + 0.5 * np.cos(np.pi * (np.arange(fade) + 1) / (fade + 1))
    zero = np.zeros((len(signal_mv), 1))
    before = signal_mv[:, pause.start - 1, None] if pause.start else zero
    after = signal_mv[:, pause.stop, None] if pause.stop < signal_mv.shape[1] else zero
    return before * falling + after * falling[::-1]


def autoregressive_noise(
    quiet_mv: Float[np.ndarray, "segment lead time"], samples: int, rng: np.random.Generator
) -> Float[np.ndarray, "lead {samples}"]:
    """Return noise with the spectrum of quiet segments.

    An autoregressive process fitted by the Yule-Walker equations (Box and Jenkins 1970, section 3.2), after
    removing a parabola from each segment.

    Args:
        quiet_mv: segments without waves, in mV.
        samples: length of the noise.
        rng: source of randomness.
    """
    length = quiet_mv.shape[2]
    parabola = np.vander(np.linspace(-1, 1, length), 3)
    residual = quiet_mv - quiet_mv @ np.linalg.pinv(parabola).T @ parabola.T
    noise = []
    for lead in residual.transpose(1, 0, 2):
        correlation = np.array(
            [np.mean(lead[:, : length - lag] * lead[:, lag:]) for lag in range(AR_ORDER + 1)]
        )
        correlation[0] += 1e-12
        coefficients = solve_toeplitz(correlation[:-1], correlation[1:])
        variance = max(correlation[0] - coefficients @ correlation[1:], 0)
        innovations = np.sqrt(variance) * rng.standard_normal(samples)
        noise.append(lfilter([1.0], np.concatenate([[1.0], -coefficients]), innovations))
    return np.stack(noise)
