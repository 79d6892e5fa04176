"""Warnings that a lead may not be an ECG, each with its evidence."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from diffecg.signal.lead_names import lead_name
from diffecg.signal.resampling import resample
from diffecg.signal.rpeaks import detect_r_peaks

ANALYSIS_HZ, SEGMENT_S, BEAT_STRIDE = 100.0, 10.0, 6
"""Leads are resampled to this rate and cut into segments; beats are detected in every sixth segment."""

MIN_KURTOSIS = 5.0
"""Kurtosis of the slope: 6.7 to 42 in the 96 leads of mitdb, 3 for noise, below 6 for pulse and breathing."""

RANGE_MV = (0.1, 15.0)
"""Plausible range of ten seconds: 0.15 to 5 mV in mitdb."""

RATE_PER_MIN = (30.0, 220.0)
"""Plausible heart rate: 48 to 168 in mitdb, by the detector used here."""

MIN_UPRIGHT = 0.1
"""Share of beats whose largest wave is positive, in upright leads: 0.18 to 1 in MLII of mitdb."""

_UPRIGHT_LEADS = frozenset(("I", "II", "MLI", "MLII", "V5", "V6"))


def plausibility_warnings(
    signal_mv: Float[np.ndarray, " time"], fs_hz: float, lead: str, paced_beats: int = 0
) -> list[str]:
    """Return warnings that a lead may not be a plausible ECG.

    Args:
        signal_mv: samples in mV; NaN = missing.
        fs_hz: sampling rate, in Hz.
        lead: name of the lead.
        paced_beats: number of beats that are annotated as paced.
    """
    segments = _segments(signal_mv, fs_hz)
    if not len(segments):
        return []
    warnings = [_check_range(segments, lead), _check_sharpness(segments, lead), *_check_beats(segments, lead)]
    if paced_beats:
        warnings.append(
            f"{paced_beats} beats are annotated as paced; the bundled models were trained without paced beats"
        )
    return [warning for warning in warnings if warning]


def _check_range(segments: Float[np.ndarray, "segment time"], lead: str) -> str:
    ranges = np.ptp(np.percentile(segments, [0.5, 99.5], axis=1), axis=0)
    range_mv = float(np.median(ranges))
    if RANGE_MV[0] <= range_mv <= RANGE_MV[1]:
        return ""
    return (
        f"{lead} spans {range_mv:.3g} mV in {SEGMENT_S:g} s, an ECG {RANGE_MV[0]:g} to {RANGE_MV[1]:g} mV: "
        "wrong unit or gain?"
    )


def _check_sharpness(segments: Float[np.ndarray, "segment time"], lead: str) -> str:
    slope = np.diff(segments, axis=1)
    slope -= slope.mean(axis=1, keepdims=True)
    kurtosis = float(np.median((slope**4).mean(axis=1) / (slope**2).mean(axis=1) ** 2))
    if kurtosis >= MIN_KURTOSIS:
        return ""
    return (
        f"{lead} has no sharp waves (kurtosis of the slope {kurtosis:.1f}, of an ECG at least "
        f"{MIN_KURTOSIS:g}): not an ECG?"
    )


def _check_beats(segments: Float[np.ndarray, "segment time"], lead: str) -> list[str]:
    warnings = []
    segments = segments[::BEAT_STRIDE]
    peaks = [detect_r_peaks(segment, ANALYSIS_HZ) for segment in segments]
    rate = float(np.median([60 / SEGMENT_S * len(peaks_of_segment) for peaks_of_segment in peaks]))
    if not RATE_PER_MIN[0] <= rate <= RATE_PER_MIN[1]:
        warnings.append(f"{lead} has {rate:.0f} sharp waves per minute: not a heart rate")
    upright = [
        _points_up(segment, peak)
        for segment, peaks_of_segment in zip(segments, peaks, strict=True)
        for peak in peaks_of_segment
    ]
    if upright and np.mean(upright) < MIN_UPRIGHT and lead_name(lead) in _UPRIGHT_LEADS:
        warnings.append(
            f"the largest wave of {lead} points down in {1 - np.mean(upright):.0%} of its beats: inverted?"
        )
    return warnings


def _segments(signal_mv: Float[np.ndarray, " time"], fs_hz: float) -> Float[np.ndarray, "segment new_time"]:
    """Return the segments of a lead without missing samples that are not flat, at ANALYSIS_HZ."""
    length = round(SEGMENT_S * fs_hz)
    cut = signal_mv[: len(signal_mv) // length * length].reshape(-1, length)
    complete = cut[np.isfinite(cut).all(axis=1)].astype(np.float64)
    segments = resample(complete[np.ptp(complete, axis=1) > 0], fs_hz, ANALYSIS_HZ)
    return segments[np.ptp(np.diff(segments, axis=1), axis=1) > 0] if len(segments) else segments


def _points_up(segment: Float[np.ndarray, " time"], peak: int) -> bool:
    around = segment[max(0, peak - 8) : peak + 8] - np.median(segment)
    return bool(around[np.argmax(np.abs(around))] > 0)
