"""Filters that remove noise, and the R peaks that NeuroKit finds."""

from __future__ import annotations

from collections.abc import Callable

import neurokit2 as nk
import numpy as np
import pywt
from jaxtyping import Bool, Float, Int
from scipy.ndimage import median_filter
from scipy.signal import butter, sosfiltfilt

PASSBAND_HZ = (0.5, 40.0)
TOLERANCE_S = 0.05
Signal = Float[np.ndarray, " time"]


def band_pass(signal: Signal, fs_hz: float) -> Signal:
    """Apply a Butterworth filter forwards and backwards."""
    return np.asarray(sosfiltfilt(butter(4, PASSBAND_HZ, "bandpass", fs=fs_hz, output="sos"), signal))


def subtract_medians(signal: Signal, fs_hz: float) -> Signal:
    """Subtract medians over 200 and 600 ms (de Chazal et al. 2004), and apply a low-pass filter of 40 Hz."""
    baseline = median_filter(median_filter(signal, round(0.2 * fs_hz)), round(0.6 * fs_hz))
    low_pass = butter(4, PASSBAND_HZ[1], fs=fs_hz, output="sos")
    return np.asarray(sosfiltfilt(low_pass, signal - baseline))


def shrink_wavelets(signal: Signal, fs_hz: float) -> Signal:
    """Apply soft thresholds to wavelet coefficients (Donoho 1995), and remove what is below about 0.7 Hz."""
    level = round(np.log2(fs_hz / 1.4))
    coarse, *details = pywt.wavedec(signal, "sym8", level=level)
    threshold = np.median(np.abs(details[-1])) / 0.6745 * np.sqrt(2 * np.log(len(signal)))
    shrunk = [pywt.threshold(detail, threshold, "soft") for detail in details]
    return np.asarray(pywt.waverec([np.zeros_like(coarse), *shrunk], "sym8")[: len(signal)])


FILTERS: dict[str, Callable[[Signal, float], Signal]] = {
    "band-pass": band_pass,
    "median filter": subtract_medians,
    "wavelets": shrink_wavelets,
}


def r_peaks(signal_mv: Signal, fs_hz: float) -> Int[np.ndarray, " peak"]:
    """Return the R peaks that NeuroKit finds."""
    cleaned = nk.ecg_clean(signal_mv, sampling_rate=fs_hz)
    return np.asarray(nk.ecg_findpeaks(cleaned, sampling_rate=fs_hz)["ECG_R_Peaks"], dtype=np.int64)


def match_peaks(
    true: Int[np.ndarray, " true"],
    found: Int[np.ndarray, " found"],
    where: Bool[np.ndarray, " time"],
    fs_hz: float,
) -> Int[np.ndarray, "3"]:
    """Return how many peaks match within TOLERANCE_S, and how many there are of either kind, in a mask."""
    true, found = true[where[true]], found[where[found]]
    remaining = list(found)
    matched = 0
    for peak in true:
        near = [one for one in remaining if abs(one - peak) <= TOLERANCE_S * fs_hz]
        if near:
            remaining.remove(min(near, key=lambda one: abs(one - peak)))
            matched += 1
    return np.array([matched, len(found), len(true)])
