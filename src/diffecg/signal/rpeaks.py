"""R-peak detection in a few seconds of a lead."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

QRS_HZ, QRS_S = (5.0, 18.0), 0.1
"""Frequency band and duration of QRS complexes."""

MIN_RR_S = 0.25
"""Shortest interval between two beats, in s."""

THRESHOLD, PERCENTILE = 0.4, 97
"""A peak is a beat if its power exceeds this share of that percentile of the power."""


def detect_r_peaks(signal_mv: Float[np.ndarray, " time"], fs_hz: float) -> Int[np.ndarray, " beat"]:
    """Return the samples of the R peaks in some seconds of a lead.

    The power of QRS complexes is measured by a band-pass filter and a moving mean, as in Pan and Tompkins
    1985 (IEEE Trans Biomed Eng 32:230-236); one threshold replaces their adaptive ones.

    Args:
        signal_mv: samples in mV, none missing.
        fs_hz: sampling rate, in Hz.
    """
    from scipy.signal import butter, find_peaks, sosfiltfilt  # slow to import

    band_pass = butter(2, [QRS_HZ[0], min(QRS_HZ[1], 0.45 * fs_hz)], "bandpass", fs=fs_hz, output="sos")
    width = max(round(QRS_S * fs_hz), 1)
    power = np.convolve(np.abs(sosfiltfilt(band_pass, signal_mv)), np.full(width, 1 / width), "same")
    height = THRESHOLD * np.percentile(power, PERCENTILE)
    if height <= 0:
        return np.empty(0, dtype=np.int64)
    return find_peaks(power, height=height, distance=max(round(MIN_RR_S * fs_hz), 1))[0]
