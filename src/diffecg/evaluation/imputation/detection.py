"""R peaks as the benchmark detects them, and how those of a repaired recording agree with the original's."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from diffecg.extras import require
from diffecg.signal.resampling import interpolate_gaps

Peaks = Int[np.ndarray, "_"]
"""R peaks, as samples in the order of time."""

METHOD = "neurokit"
"""The fixed detector: NeuroKit2's own (Makowski et al. 2021, Behav Res Methods 53:1689-1696)."""
TOLERANCE_S = 0.05
"""Two R peaks agree if they are at most this far apart."""
SURROUNDINGS_S = 30.0
"""Length of the recording on either side of a gap in which R peaks are detected."""
_MIN_S = 2.0
_FLAT_MV = 1e-6


def detect_r_peaks(signal_mv: Float[np.ndarray, " time"], fs_hz: float) -> Peaks:
    """Return the R peaks of a lead by the fixed detector; missing samples are interpolated linearly.

    A lead that is shorter than two seconds or constant has none.

    Args:
        signal_mv: samples in mV; NaN = missing.
        fs_hz: sampling rate, in Hz.

    Raises:
        MissingDependencyError: NeuroKit2 is not installed.
    """
    if len(signal_mv) < _MIN_S * fs_hz:
        return np.empty(0, np.int64)
    whole = interpolate_gaps(signal_mv)
    if np.ptp(whole) < _FLAT_MV:
        return np.empty(0, np.int64)
    neurokit = require("neurokit2", "eval")
    rate = int(fs_hz) if float(fs_hz).is_integer() else fs_hz
    cleaned = neurokit.ecg_clean(whole, sampling_rate=rate, method=METHOD)
    found = neurokit.ecg_findpeaks(cleaned, sampling_rate=rate, method=METHOD)["ECG_R_Peaks"]
    return np.asarray(found, np.int64)


def match_peaks(true: Peaks, found: Peaks, tolerance: int) -> tuple[Int[np.ndarray, " pair"], ...]:
    """Return the indices of the peaks that agree, each with one other: a largest possible set of pairs.

    Both are walked through in the order of time, which is optimal for pairs within a fixed distance.

    Args:
        true: R peaks of the original.
        found: R peaks of the repaired recording.
        tolerance: largest distance of a pair, in samples.
    """
    pairs = []
    i = j = 0
    while i < len(true) and j < len(found):
        distance = found[j] - true[i]
        if abs(distance) <= tolerance:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif distance < 0:
            j += 1
        else:
            i += 1
    indices = np.array(pairs, np.int64).reshape(-1, 2)
    return indices[:, 0], indices[:, 1]


def f1_terms(true: Peaks, found: Peaks, gap: slice, tolerance: int) -> tuple[int, int]:
    """Return numerator and denominator of the F1 score of the R peaks in a gap: 2 TP and 2 TP + FP + FN.

    A peak in the gap may agree with one just outside it.

    Args:
        true: R peaks of the original, in the gap and around it.
        found: R peaks of the repaired recording.
        gap: the samples of the gap.
        tolerance: largest distance of two peaks that agree, in samples.
    """
    matched_true, matched_found = match_peaks(true, found, tolerance)

    def inside(peaks: Peaks) -> int:
        return int(((peaks >= gap.start) & (peaks < gap.stop)).sum())

    hits = inside(true[matched_true])
    missed = inside(true) - hits
    extra = inside(found) - inside(found[matched_found])
    return 2 * hits, 2 * hits + extra + missed


def rr_statistics(r_peaks: Peaks, fs_hz: float) -> tuple[float, float]:
    """Return RMSSD and SDNN of the RR intervals in ms; NaN with fewer than three R peaks.

    RMSSD is the root mean square of successive differences, SDNN the standard deviation (Task Force 1996,
    Circulation 93:1043-1065); no interval is left out.

    Args:
        r_peaks: R peaks as samples.
        fs_hz: sampling rate, in Hz.
    """
    intervals_ms = 1000 * np.diff(r_peaks) / fs_hz
    if len(intervals_ms) < 2:
        return np.nan, np.nan
    return float(np.sqrt(np.square(np.diff(intervals_ms)).mean())), float(intervals_ms.std(ddof=1))
