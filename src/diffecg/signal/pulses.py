"""Detection of pulses in a photoplethysmogram or a blood pressure."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from diffecg.signal.event_peaks import band_pass, peaks_by_amplitude

PULSE_HZ = (0.5, 8.0)
"""Frequency band of pulses."""
UPSTROKE_S = 0.15
"""Upward slopes are averaged over the duration of an upstroke, in s, so that they measure its height."""
SEGMENT_S, PERCENTILE = 10.0, 95
"""The height of the upstrokes is this percentile of the averages in segments of this length, in s."""
SHARE = 0.4
"""An upstroke is a pulse if it reaches this share of that height; dicrotic waves are lower."""
MIN_INTERVAL_S = 0.27
"""Shortest interval between two pulses, in s."""


def pulses(signal: Float[np.ndarray, " time"], fs_hz: float) -> Int[np.ndarray, " pulse"]:
    """Return the samples at which pulses rise most steeply, in a signal of any length.

    Upstrokes are measured by their summed slopes, as in Zong et al. 2003 (Comput Cardiol 30:259-262); the
    threshold follows the amplitude of the signal. A signal whose pulses point down has to be inverted first.

    Args:
        signal: samples in any unit; NaN = missing. No pulse lies in missing samples.
        fs_hz: sampling rate, in Hz.
    """
    filtered = band_pass(signal, fs_hz, PULSE_HZ)
    if filtered is None:
        return np.empty(0, dtype=np.int64)
    slope = np.maximum(np.gradient(filtered), 0)
    slope[~np.isfinite(signal)] = 0
    width = max(round(UPSTROKE_S * fs_hz), 1)
    height = np.convolve(slope, np.full(width, 1 / width), "same")
    found = peaks_by_amplitude(
        height, fs_hz, segment_s=SEGMENT_S, percentile=PERCENTILE, share=SHARE, distance_s=MIN_INTERVAL_S
    )
    around = np.clip(found[:, None] + np.arange(-width // 2, width // 2 + 1), 0, len(slope) - 1)
    steepest = np.unique(around[np.arange(len(found)), slope[around].argmax(axis=1)])
    return steepest[np.isfinite(signal[steepest])]
