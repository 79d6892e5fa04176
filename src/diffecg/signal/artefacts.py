"""Detection of intervals without a usable signal: flat, clipped, saturated or noisy."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from diffecg.choices import choices
from diffecg.errors import DiffecgError
from diffecg.signal.resampling import interpolate_gaps
from diffecg.signal.runs import true_runs

FLAT_S = 0.5
"""A lead that keeps one stored value for this long is flat."""
CLIPPED_S, CLIPPED_SAMPLES = 0.012, 4
"""A lead that stays at its minimum or maximum for this long, and this many samples, is clipped."""
SATURATED_S, SATURATED_SHARE = 0.2, 0.02
"""A lead that stays for this long within this share of its range of an extreme is saturated."""
NOISE_WINDOW_S = 1.0
"""Windows that are tested for noise: about one heartbeat."""
NOISE_RATIO, NOISE_MV = 5.0, 0.05
"""Fast activity is noise if it exceeds its median over windows by this ratio, and this amplitude."""
EXCURSION_RATIO, EXCURSION_MV = 3.0, 1.0
"""The same for the range of a window, which a jumping baseline increases."""
NOISE_ABOVE_HZ = 35.0
"""Lower bound of fast activity; most of the power of a heartbeat is below."""

_Mask = Bool[np.ndarray, " time"]
_Signal = Float[np.ndarray, " time"]


def find_artefacts(
    signal_mv: Float[np.ndarray, " time"], fs_hz: float, kinds: Sequence[str]
) -> dict[str, Bool[np.ndarray, " time"]]:
    """Detect artefacts of a lead; return a mask for each kind.

    Args:
        signal_mv: samples in mV; NaN = missing, which is not an artefact.
        fs_hz: sampling rate, in Hz.
        kinds: any of ``flat``, ``clipped``, ``saturated``, ``noise``.

    Raises:
        DiffecgError: an unknown kind.
    """
    unknown = [kind for kind in kinds if kind not in ARTEFACTS]
    if unknown:
        raise DiffecgError(f"unknown artefact {unknown[0]!r}; {choices(unknown[0], ARTEFACTS)}")
    observed = np.isfinite(signal_mv)
    if observed.sum() < 2 or np.ptp(signal_mv[observed]) == 0:
        return {kind: np.zeros(len(signal_mv), dtype=bool) for kind in kinds}
    return {kind: ARTEFACTS[kind](signal_mv, fs_hz) & observed for kind in kinds}


def _flat(signal_mv: _Signal, fs_hz: float) -> _Mask:
    unchanged = _long_runs(np.diff(signal_mv) == 0, FLAT_S * fs_hz - 1)
    return np.append(unchanged, False) | np.append(False, unchanged)


def _clipped(signal_mv: _Signal, fs_hz: float) -> _Mask:
    length = max(CLIPPED_SAMPLES, CLIPPED_S * fs_hz)
    low, high = np.nanmin(signal_mv), np.nanmax(signal_mv)
    return _long_runs(signal_mv == low, length) | _long_runs(signal_mv == high, length)


def _saturated(signal_mv: _Signal, fs_hz: float) -> _Mask:
    low, high = np.nanmin(signal_mv), np.nanmax(signal_mv)
    margin, length = SATURATED_SHARE * (high - low), SATURATED_S * fs_hz
    return _long_runs(signal_mv <= low + margin, length) | _long_runs(signal_mv >= high - margin, length)


def _noisy(signal_mv: _Signal, fs_hz: float) -> _Mask:
    window = min(round(NOISE_WINDOW_S * fs_hz), len(signal_mv))
    starts = np.arange(0, len(signal_mv) - window + 1, max(window // 2, 1))
    signal_mv = interpolate_gaps(signal_mv)
    ranges = np.ptp(_windows(signal_mv, starts, window), axis=1)
    noisy = ranges > max(EXCURSION_RATIO * np.median(ranges), EXCURSION_MV)
    if 0.9 * fs_hz > 2 * NOISE_ABOVE_HZ and len(signal_mv) > 3 * window:
        # The median over the length of a beat is that of the samples between QRS complexes.
        levels = np.median(_windows(_fast_activity(signal_mv, fs_hz), starts, window), axis=1)
        noisy |= levels > max(NOISE_RATIO * np.median(levels), NOISE_MV)
    mask = np.zeros(len(signal_mv), dtype=bool)
    for start in starts[noisy]:
        mask[start : start + window] = True
    return mask


def _fast_activity(signal_mv: _Signal, fs_hz: float) -> _Signal:
    from scipy.signal import butter, sosfiltfilt  # slow to import

    return np.abs(sosfiltfilt(butter(4, NOISE_ABOVE_HZ, "highpass", fs=fs_hz, output="sos"), signal_mv))


def _windows(
    signal: _Signal, starts: Int[np.ndarray, " window"], length: int
) -> Float[np.ndarray, "window sample"]:
    return np.lib.stride_tricks.sliding_window_view(signal, length)[starts]


def _long_runs(mask: _Mask, length: float) -> _Mask:
    """Return a mask of the runs of True with at least ``length`` samples."""
    long = np.zeros_like(mask)
    for first, stop in true_runs(mask):
        long[first:stop] = stop - first >= length
    return long


ARTEFACTS: dict[str, Callable[[_Signal, float], _Mask]] = {
    "flat": _flat,
    "clipped": _clipped,
    "saturated": _saturated,
    "noise": _noisy,
}
"""The detector of each kind of artefact."""

ANY_SIGNAL = ("flat", "clipped")
"""Artefacts that are detected in any signal, not in an ECG alone: slow waves stay near their extremes."""
