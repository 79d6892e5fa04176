"""Amplitudes and intervals of beats, measured by NeuroKit's wavelet delineator.

Windows of one beat are concatenated first, because the delineator searches for the waves of a beat between
its neighbours. A measure of a beat whose waves are not found is missing.
"""

from __future__ import annotations

import warnings

import numpy as np
from jaxtyping import Float, Int

from diffecg.datasets.windows import Windows
from diffecg.evaluation.progress import Progress
from diffecg.extras import require

Measures = dict[str, Float[np.ndarray, " _"]]
"""Values of each measure of MEASURES, one for each beat; NaN = not found."""

MEASURES = {
    "R amplitude": "mV",
    "QRS width": "ms",
    "P present": "",
    "QT interval": "ms",
    "T amplitude": "mV",
    "T inverted": "",
    "RR interval": "s",
}
"""Unit of each measure; those without a unit are yes or no."""
MIN_P_MV = 0.05
"""Smallest rise of a P wave from its onset."""
MIN_STRIP_PEAKS = 4
"""Smallest number of R peaks of a strip that is measured."""
_R_SEARCH_S = 0.06
_CHAIN_LENGTH = 64


def measure(windows: Windows, progress: Progress | None = None) -> Measures:
    """Return every measure of every beat in the first lead of some windows.

    Args:
        windows: windows of one beat each, or strips.
        progress: advanced by the number of windows that have been measured.

    Raises:
        DiffecgError: NeuroKit is not installed.
    """
    signals = windows.signal_mv[:, 0].astype(np.float64)
    together = 1 if windows.r_peak is None else _CHAIN_LENGTH
    parts = []
    for start in range(0, len(signals), together):
        chain = signals[start : start + together]
        if windows.r_peak is None:
            parts.append(_measure_strip(chain[0], windows.fs_hz))
        else:
            parts.append(_measure_beats(chain, windows.r_peak, windows.fs_hz))
        if progress is not None:
            progress.advance(len(chain))
    return {name: np.concatenate([part[name] for part in parts]) for name in MEASURES}


def _measure_beats(signals: Float[np.ndarray, "beat time"], r_peak: int, fs_hz: float) -> Measures:
    """Measure windows of one beat each, concatenated at a common level, the first and the last one twice."""
    count, length = signals.shape
    radius = max(1, round(_R_SEARCH_S * fs_hz))
    search = slice(max(r_peak - radius, 0), r_peak + radius + 1)
    height = np.abs(signals[:, search] - np.median(signals, axis=1, keepdims=True))
    peaks = search.start + height.argmax(axis=1)
    edge = max(1, length // 32)
    ramp = np.linspace(0, 1, length)
    first, last = signals[:, :edge].mean(axis=1), signals[:, -edge:].mean(axis=1)
    levelled = signals - first[:, None] * (1 - ramp) - last[:, None] * ramp
    order = np.concatenate([[0], np.arange(count), [count - 1]])
    chain_peaks = peaks[order] + length * np.arange(count + 2)
    measures = _delineate(levelled[order].ravel(), chain_peaks, fs_hz)
    return {name: values[1:-1] for name, values in measures.items()}


def _measure_strip(signal: Float[np.ndarray, " time"], fs_hz: float) -> Measures:
    """Measure the beats of a strip at the R peaks that NeuroKit detects, without the first and the last."""
    nk = require("neurokit2", "eval")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            detected = nk.ecg_peaks(nk.ecg_clean(signal, sampling_rate=fs_hz), sampling_rate=fs_hz)[1]
            peaks = np.asarray(detected["ECG_R_Peaks"], dtype=np.intp)
        except Exception:  # NeuroKit lets errors of the libraries below it through
            peaks = np.array([], dtype=np.intp)
    if len(peaks) < MIN_STRIP_PEAKS:
        return {name: np.array([np.nan]) for name in MEASURES}
    measures = _delineate(signal, peaks, fs_hz)
    measures["RR interval"] = np.append(np.diff(peaks) / fs_hz, np.nan)
    return {name: values[1:-1] for name, values in measures.items()}


def _delineate(signal: Float[np.ndarray, " time"], peaks: Int[np.ndarray, " beat"], fs_hz: float) -> Measures:
    """Return the measures of the beats with the given R peaks."""
    nk = require("neurokit2", "eval")
    count = len(peaks)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            waves = nk.ecg_delineate(signal, peaks, sampling_rate=round(fs_hz), method="dwt")[1]
        except Exception:  # NeuroKit lets errors of the libraries below it through
            return {name: np.full(count, np.nan) for name in MEASURES}

    def samples(name: str) -> Float[np.ndarray, " beat"]:
        values = np.asarray(waves.get(f"ECG_{name}", ()), dtype=float)
        return values if len(values) == count else np.full(count, np.nan)

    def level(name: str) -> Float[np.ndarray, " beat"]:
        at = samples(name)
        known = np.isfinite(at)
        values = np.full(count, np.nan)
        values[known] = signal[at[known].astype(int).clip(0, len(signal) - 1)]
        return values

    isoelectric = np.median(signal)
    p_rise = level("P_Peaks") - level("P_Onsets")
    t_height = level("T_Peaks") - isoelectric
    ms_per_sample = 1000 / fs_hz
    return {
        "R amplitude": signal[peaks] - isoelectric,
        "QRS width": (samples("R_Offsets") - samples("R_Onsets")) * ms_per_sample,
        "P present": np.where(np.isfinite(p_rise), (p_rise >= MIN_P_MV).astype(float), np.nan),
        "QT interval": (samples("T_Offsets") - samples("R_Onsets")) * ms_per_sample,
        "T amplitude": t_height,
        "T inverted": np.where(np.isfinite(t_height), (t_height < 0).astype(float), np.nan),
        "RR interval": np.full(count, np.nan),
    }
