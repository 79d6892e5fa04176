"""The beats of a recording without annotated beats: aligned, sorted by morphology, and averaged.

R peaks are detected in all leads together. The beats whose QRS complex resembles most of the others are the
dominant ones (N); those with another QRS complex are labelled V, and premature ones with the dominant QRS
complex S. The labels follow from shape and time alone and have not been verified.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, Shaped

from diffecg.config.schema import WindowConfig
from diffecg.signal.baseline import remove_baseline
from diffecg.signal.rpeaks import r_peaks_of_leads

QRS_BEFORE_S, QRS_AFTER_S = 0.1, 0.15
"""Part of a beat around its R peak in which morphologies are compared, in s."""
MAX_SHIFT_S = 0.03
"""Largest shift of a beat when it is aligned to the others, in s."""
SAME_QRS, OTHER_QRS = 0.9, 0.8
"""Correlation of QRS complexes from which they count as alike, and below which the morphology is another."""
PREMATURE, IRREGULAR = 0.85, 0.15
"""An S beat comes before this share of the median RR interval, in a recording whose RR intervals between
dominant beats deviate by less than this share of their median."""
MIN_AMPLITUDE_MV = 0.01
"""A beat whose peak-to-peak amplitude in a lead is smaller is left out: the electrode was off."""
MAX_SINGLE, MAX_ECTOPIC = 4, 2
"""Largest number of single dominant beats of a recording, and of beats of each other label."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RecordingBeats:
    """Windows of a recording, R-centred: an average of its dominant beats, and single beats."""

    signal_mv: Float32[np.ndarray, "window lead time"]
    sample: Int[np.ndarray, " window"]
    """R peak in the recording; of an average: that of the first beat."""
    symbol: Shaped[np.ndarray, " window"]
    """N (dominant), S (premature) or V (other QRS complex)."""
    averaged: Int[np.ndarray, " window"]
    """Number of beats in the average; 1: a single beat."""
    rr_s: Float[np.ndarray, "window 2"]
    """RR intervals before and after the beat, in s; of an average: their medians."""
    heart_rate: float
    """60 s divided by the median RR interval, in beats per minute; NaN: a single beat."""


def beats_of_recording(
    signal_mv: Float[np.ndarray, "lead time"], window: WindowConfig
) -> RecordingBeats | None:
    """Return the beats of a recording; None if no beat lies inside it.

    Baseline wander is removed first (:func:`~diffecg.signal.baseline.remove_baseline`).

    Args:
        signal_mv: samples of the leads of the window at its rate, in mV, none missing.
        window: the windows.
    """
    filtered_mv = remove_baseline(signal_mv, window.fs_hz)
    peaks = r_peaks_of_leads(filtered_mv, window.fs_hz)
    qrs = slice(
        max(window.before - round(QRS_BEFORE_S * window.fs_hz), 0),
        window.before + round(QRS_AFTER_S * window.fs_hz),
    )
    reach = round(MAX_SHIFT_S * window.fs_hz)
    inside = (peaks - window.before >= reach) & (
        peaks - window.before + window.length + reach <= signal_mv.shape[1]
    )
    if not inside.any():
        return None
    aligned = _align(filtered_mv, peaks[inside], window, qrs, reach)
    rr_s = _rr_s(peaks, window.fs_hz)[inside]
    beats_mv = _cut(filtered_mv, aligned, window)
    symbol = _symbols(beats_mv[:, :, qrs], rr_s)
    chosen, averaged = _choose(symbol)
    signal = np.concatenate([beats_mv[symbol == "N"].mean(axis=0, keepdims=True), beats_mv[chosen]])
    dominant = int(np.flatnonzero(symbol == "N")[0])
    beats = RecordingBeats(
        signal_mv=signal.astype(np.float32),
        sample=aligned[[dominant, *chosen]],
        symbol=symbol[[dominant, *chosen]],
        averaged=averaged,
        rr_s=np.concatenate([_median(rr_s[symbol == "N"])[None], rr_s[chosen]]),
        heart_rate=60 * window.fs_hz / float(np.median(np.diff(peaks))) if len(peaks) > 1 else float("nan"),
    )
    usable = np.ptp(beats.signal_mv, axis=2).min(axis=1) >= MIN_AMPLITUDE_MV
    return _take(beats, usable) if usable[0] else None


def _cut(
    signal_mv: Float[np.ndarray, "lead time"], peaks: Int[np.ndarray, " beat"], window: WindowConfig
) -> Float[np.ndarray, "beat lead window_time"]:
    columns = peaks[:, None] - window.before + np.arange(window.length)
    return signal_mv[:, columns].transpose(1, 0, 2)


def _align(
    signal_mv: Float[np.ndarray, "lead time"],
    peaks: Int[np.ndarray, " beat"],
    window: WindowConfig,
    qrs: slice,
    reach: int,
) -> Int[np.ndarray, " beat"]:
    """Return R peaks shifted so that each QRS complex correlates best with the median of all."""
    template = _unit(np.median(_cut(signal_mv, peaks, window), axis=0)[None, :, qrs])[0]
    shifts = np.arange(-reach, reach + 1)
    correlation = np.stack(
        [_unit(_cut(signal_mv, peaks + shift, window)[:, :, qrs]) @ template for shift in shifts]
    )
    return peaks + shifts[correlation.argmax(axis=0)]


def _symbols(
    qrs_mv: Float[np.ndarray, "beat lead time"], rr_s: Float[np.ndarray, "beat 2"]
) -> Shaped[np.ndarray, " beat"]:
    """Return the label of each beat, from its QRS complex and its RR intervals."""
    unit = _unit(qrs_mv)
    correlation = unit @ unit.T
    # The dominant morphology is that of most beats; of two equally frequent ones, the less premature.
    late = np.nan_to_num(rr_s[:, 0], nan=0.0)
    similar = (correlation >= SAME_QRS).sum(axis=1)
    medoid = int(np.lexsort((late, similar))[-1])
    symbol = np.where(correlation[medoid] >= OTHER_QRS, "N", "V")
    return np.where((symbol == "N") & _premature(symbol == "N", rr_s), "S", symbol)


def _premature(
    dominant: Bool[np.ndarray, " beat"], rr_s: Float[np.ndarray, "beat 2"]
) -> Bool[np.ndarray, " beat"]:
    """Return which beats come early in an otherwise regular rhythm, and are followed by a longer interval."""
    median_s = np.nanmedian(rr_s[dominant, 0]) if np.isfinite(rr_s[dominant, 0]).any() else np.nan
    deviation = np.abs(rr_s[dominant, 0] / median_s - 1)
    if not np.nanmedian(deviation) < IRREGULAR / 3:
        return np.zeros(len(dominant), dtype=bool)
    early = (rr_s[:, 0] < PREMATURE * median_s) & (rr_s[:, 1] > rr_s[:, 0] / PREMATURE)
    return early & (early[dominant].mean() < 0.5)


def _choose(symbol: Shaped[np.ndarray, " beat"]) -> tuple[list[int], Int[np.ndarray, " window"]]:
    """Return the single beats that are kept, and the number of beats in each window, the average first."""
    chosen: list[int] = []
    for label, most in (("N", MAX_SINGLE), ("S", MAX_ECTOPIC), ("V", MAX_ECTOPIC)):
        rows = np.flatnonzero(symbol == label)
        if len(rows):
            chosen += np.unique(rows[np.linspace(0, len(rows) - 1, most).round().astype(int)]).tolist()
    averaged = np.array([np.count_nonzero(symbol == "N"), *[1] * len(chosen)])
    return chosen, averaged


def _rr_s(peaks: Int[np.ndarray, " beat"], fs_hz: float) -> Float[np.ndarray, "beat 2"]:
    """Return the RR intervals before and after each beat, in s; NaN at the ends of the recording."""
    rr_s = np.diff(peaks.astype(np.float64), prepend=np.nan, append=np.nan) / fs_hz
    return np.stack([rr_s[:-1], rr_s[1:]], axis=1)


def _median(rr_s: Float[np.ndarray, "beat 2"]) -> Float[np.ndarray, " 2"]:
    """Return the median of the intervals before and of those after; NaN where there are none."""
    known = [column[np.isfinite(column)] for column in rr_s.T]
    return np.array([np.median(column) if len(column) else np.nan for column in known])


def _unit(windows_mv: Float[np.ndarray, "beat lead time"]) -> Float[np.ndarray, "beat feature"]:
    """Return the windows as rows of length one, the mean of each lead removed."""
    rows = (windows_mv - windows_mv.mean(axis=2, keepdims=True)).reshape(len(windows_mv), -1)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def _take(beats: RecordingBeats, rows: Bool[np.ndarray, " window"]) -> RecordingBeats:
    return RecordingBeats(
        signal_mv=beats.signal_mv[rows],
        sample=beats.sample[rows],
        symbol=beats.symbol[rows],
        averaged=beats.averaged[rows],
        rr_s=beats.rr_s[rows],
        heart_rate=beats.heart_rate,
    )
