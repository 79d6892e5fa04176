"""Detection of breaths in a respiration signal."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from diffecg.signal.event_peaks import band_pass, peaks_by_amplitude

BREATH_HZ = (0.08, 0.8)
"""Frequency band of breathing: 5 to 48 breaths per minute."""
SEGMENT_S, PERCENTILE = 30.0, 90
"""The amplitude of breathing is this percentile of the magnitude in segments of this length, in s."""
SHARE = 0.5
"""A peak is a breath if its prominence reaches this share of the amplitude."""
MIN_INTERVAL_S = 1.0
"""Shortest interval between two breaths, in s."""


def breaths(signal: Float[np.ndarray, " time"], fs_hz: float) -> Int[np.ndarray, " breath"]:
    """Return the samples of the peaks of breathing, in a signal of any length.

    Args:
        signal: samples in any unit, of thoracic impedance, effort or flow; NaN = missing. No breath lies in
            missing samples.
        fs_hz: sampling rate, in Hz.
    """
    filtered = band_pass(signal, fs_hz, BREATH_HZ)
    if filtered is None:
        return np.empty(0, dtype=np.int64)
    found = peaks_by_amplitude(
        filtered, fs_hz, segment_s=SEGMENT_S, percentile=PERCENTILE, share=SHARE, distance_s=MIN_INTERVAL_S
    )
    return found[np.isfinite(signal[found])]
