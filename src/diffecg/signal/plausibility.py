"""Whether a lead looks like an ECG that a model may know, with the evidence."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from diffecg.signal.resampling import resample
from diffecg.signal.rpeaks import detect_r_peaks

FS_HZ, SEGMENT_S, EVERY = 100.0, 10.0, 6
"""A lead is judged at this rate, by segments of this length; beats are looked for in every sixth."""

LEAST_SHARPNESS = 5.0
"""Kurtosis of the slope: 6.7 to 42 in the 96 leads of mitdb, 3 for noise, below 6 for pulse and breathing."""

REACH_MV = (0.1, 15.0)
"""Usual range of ten seconds: 0.15 to 5 mV in mitdb."""

RATE_PER_MIN = (30.0, 220.0)
"""Heart rate: 48 to 168 in mitdb, as the detector here counts."""

LEAST_UPRIGHT = 0.1
"""Share of beats whose largest wave points up, in leads where it does: 0.18 to 1 in mitdb's MLII."""

_UPRIGHT = re.compile(r"(?i)(m?l?i{1,2}|v[56])$")


def plausibility_warnings(
    signal_mv: NDArray[np.floating], fs_hz: float, lead: str, paced_beats: int = 0
) -> list[str]:
    """Return warnings that a lead may not be a plausible ECG, each with its evidence.

    Args:
        signal_mv: (time), in mV; NaN = missing.
        fs_hz: sampling rate, in Hz.
        lead: its name.
        paced_beats: number of its beats that are annotated as paced.
    """
    segments = _segments(signal_mv, fs_hz)
    if not len(segments):
        return []
    found = []
    reach = float(np.median(np.ptp(np.percentile(segments, [0.5, 99.5], axis=1), axis=0)))
    if not REACH_MV[0] <= reach <= REACH_MV[1]:
        found.append(
            f"{lead} spans {reach:.3g} mV in {SEGMENT_S:g} s, an ECG {REACH_MV[0]:g} to {REACH_MV[1]:g} mV: "
            "wrong unit or gain?"
        )
    slope = np.diff(segments, axis=1)
    slope -= slope.mean(axis=1, keepdims=True)
    sharpness = float(np.median((slope**4).mean(axis=1) / (slope**2).mean(axis=1) ** 2))
    if sharpness < LEAST_SHARPNESS:
        found.append(
            f"{lead} has no sharp waves (kurtosis of the slope {sharpness:.1f}, of an ECG above "
            f"{LEAST_SHARPNESS:g}): not an ECG?"
        )
    peaks = [detect_r_peaks(segment, FS_HZ) for segment in segments[::EVERY]]
    rate = float(np.median([60 / SEGMENT_S * len(places) for places in peaks]))
    if not RATE_PER_MIN[0] <= rate <= RATE_PER_MIN[1]:
        found.append(f"{lead} has {rate:.0f} sharp waves a minute: no heart rate")
    upright = [
        _points_up(s, place) for s, places in zip(segments[::EVERY], peaks, strict=True) for place in places
    ]
    if upright and np.mean(upright) < LEAST_UPRIGHT and _UPRIGHT.match(lead):
        found.append(
            f"the largest wave of {lead} points down in {1 - np.mean(upright):.0%} of its beats: inverted?"
        )
    if paced_beats:
        found.append(f"{paced_beats} beats are annotated as paced: the bundled models learnt from none")
    return found


def _segments(signal_mv: NDArray[np.floating], fs_hz: float) -> NDArray[np.float64]:
    """Return the true_runs of a lead that are all there and not flat (segment time), at FS_HZ."""
    length = round(SEGMENT_S * fs_hz)
    cut = signal_mv[: len(signal_mv) // length * length].reshape(-1, length)
    whole = cut[np.isfinite(cut).all(axis=1)].astype(np.float64)
    segments = resample(whole[np.ptp(whole, axis=1) > 0], fs_hz, FS_HZ)
    return segments[np.ptp(np.diff(segments, axis=1), axis=1) > 0] if len(segments) else segments


def _points_up(segment: NDArray[np.float64], place: int) -> bool:
    around = segment[max(0, place - 8) : place + 8] - np.median(segment)
    return bool(around[np.argmax(np.abs(around))] > 0)
