"""R-peak detection in a few seconds of a lead."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

QRS_HZ, QRS_S = (5.0, 18.0), 0.1
"""Where the power of QRS complexes lies, and how long they are."""

APART_S = 0.25
"""Two beats lie no nearer."""

HEIGHT, QUANTILE = 0.4, 97
"""A beat's peak reaches this share of that quantile of the power."""


def detect_r_peaks(signal_mv: NDArray[np.floating], fs_hz: float) -> NDArray[np.int64]:
    """Return the samples of heartbeats in some seconds of a lead (time): peaks of the power of QRS complexes.

    A band-pass and a moving mean after Pan and Tompkins 1985 (IEEE Trans Biomed Eng 32:230-236), with one
    threshold instead of their adaptive ones: a share of a high quantile.
    """
    from scipy.signal import butter, find_peaks, sosfiltfilt  # takes a while to import

    band = butter(2, [QRS_HZ[0], min(QRS_HZ[1], 0.45 * fs_hz)], "bandpass", fs=fs_hz, output="sos")
    width = max(round(QRS_S * fs_hz), 1)
    power = np.convolve(np.abs(sosfiltfilt(band, signal_mv)), np.full(width, 1 / width), "same")
    height = HEIGHT * np.percentile(power, QUANTILE)
    if height <= 0:
        return np.empty(0, dtype=np.int64)
    peaks: NDArray[np.int64] = find_peaks(power, height=height, distance=max(round(APART_S * fs_hz), 1))[0]
    return peaks
