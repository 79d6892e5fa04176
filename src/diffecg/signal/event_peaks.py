"""Peaks of a signal that exceed a threshold which follows its amplitude."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from diffecg.signal.resampling import interpolate_gaps

FLOOR, TYPICAL_PERCENTILE = 0.1, 75
"""No segment has a lower amplitude than this share of that percentile of all segments: a part that is flat
has no peaks."""

_PADDING = 20
"""Shorter signals cannot be filtered."""


def peaks_by_amplitude(
    signal: Float[np.ndarray, " time"],
    fs_hz: float,
    *,
    segment_s: float,
    percentile: float,
    share: float,
    distance_s: float,
) -> Int[np.ndarray, " peak"]:
    """Return the samples of the peaks that rise from their surroundings by a share of the amplitude.

    The amplitude is a percentile of the signal's magnitude. It is computed in segments and interpolated
    between their centres.

    Args:
        signal: samples, none missing.
        fs_hz: sampling rate, in Hz.
        segment_s: length of the segments, in s.
        percentile: percentile of the magnitude.
        share: smallest prominence of a peak, relative to the amplitude.
        distance_s: shortest distance of two peaks, in s.
    """
    from scipy.signal import find_peaks  # slow to import

    edges = np.linspace(0, len(signal), max(1, round(len(signal) / (segment_s * fs_hz))) + 1).astype(int)
    parts = [signal[start:stop] for start, stop in zip(edges[:-1], edges[1:], strict=True)]
    levels = np.array([np.percentile(np.abs(part), percentile) for part in parts])
    levels = np.maximum(levels, FLOOR * np.percentile(levels, TYPICAL_PERCENTILE))
    if not levels.max() > 0:
        return np.empty(0, dtype=np.int64)
    prominence = share * np.interp(np.arange(len(signal)), (edges[:-1] + edges[1:]) / 2, levels)
    distance = max(round(distance_s * fs_hz), 1)
    return find_peaks(signal, height=0.0, prominence=prominence, distance=distance)[0]


def band_pass(
    signal: Float[np.ndarray, " time"], fs_hz: float, band_hz: tuple[float, float]
) -> Float[np.ndarray, " time"] | None:
    """Return a signal of a frequency band, without a delay; None if it is too short or its rate too low.

    Args:
        signal: samples; NaN = missing, which are interpolated.
        fs_hz: sampling rate, in Hz.
        band_hz: lower and upper bound, in Hz; the upper is lowered to 0.45 of the rate.
    """
    high_hz = min(band_hz[1], 0.45 * fs_hz)
    if len(signal) <= _PADDING or high_hz < 2 * band_hz[0]:
        return None
    from scipy.signal import butter, sosfiltfilt  # slow to import

    filled = interpolate_gaps(signal)
    filter_of_band = butter(2, (band_hz[0], high_hz), "bandpass", fs=fs_hz, output="sos")
    return sosfiltfilt(filter_of_band, filled - np.median(filled))
