"""Stretches of a lead that show no heart: flat, clipped, saturated, noisy."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from diffecg.errors import DiffecgError
from diffecg.signal.runs import true_runs

FLAT_S = 0.5
"""No heart leaves a lead at one stored value for so long."""
CLIPPED_S, CLIPPED_SAMPLES = 0.012, 4
"""A peak stays at the lead's very end for less."""
SATURATED_S, SATURATED_SHARE = 0.2, 0.02
"""No wave stays so long within this share of the lead's range of its end."""
NOISE_S = 1.0
"""Length of the windows that are judged; about a heartbeat."""
NOISE_RATIO, NOISE_MV = 5.0, 0.05
"""Noise is so many times what is usual in the lead, and at least this much."""
EXCURSION_RATIO, EXCURSION_MV = 3.0, 1.0
"""So is the range of a window, of a baseline that jumps."""
NOISE_ABOVE_HZ = 35.0
"""Most of a heartbeat lies below."""


def find_artefacts(
    signal_mv: NDArray[np.floating], fs_hz: float, kinds: Sequence[str]
) -> dict[str, NDArray[np.bool_]]:
    """Return for each kind which samples (time) of a lead are faulty.

    Args:
        signal_mv: (time), in mV; NaN = missing, which is no fault.
        fs_hz: its sampling rate, in Hz.
        kinds: of ``flat``, ``clipped``, ``saturated``, ``noise``.

    Raises:
        DiffecgError: an unknown kind.
    """
    unknown = [kind for kind in kinds if kind not in ARTEFACTS]
    if unknown:
        raise DiffecgError(f"unknown fault {unknown[0]!r}; choose of {', '.join(ARTEFACTS)}")
    known = np.isfinite(signal_mv)
    if known.sum() < 2 or np.ptp(signal_mv[known]) == 0:
        return {kind: np.zeros(len(signal_mv), dtype=bool) for kind in kinds}
    return {kind: ARTEFACTS[kind](signal_mv, fs_hz) & known for kind in kinds}


def _flat(signal_mv: NDArray[np.floating], fs_hz: float) -> NDArray[np.bool_]:
    same = np.diff(signal_mv) == 0
    runs = _longer(same, FLAT_S * fs_hz - 1)
    flat: NDArray[np.bool_] = np.append(runs, False) | np.append(False, runs)
    return flat


def _clipped(signal_mv: NDArray[np.floating], fs_hz: float) -> NDArray[np.bool_]:
    least = max(CLIPPED_SAMPLES, CLIPPED_S * fs_hz)
    ends = np.nanmin(signal_mv), np.nanmax(signal_mv)
    low, high = (_longer(signal_mv == end, least) for end in ends)
    return low | high


def _saturated(signal_mv: NDArray[np.floating], fs_hz: float) -> NDArray[np.bool_]:
    low, high = np.nanmin(signal_mv), np.nanmax(signal_mv)
    near = SATURATED_SHARE * (high - low)
    return _longer(signal_mv <= low + near, SATURATED_S * fs_hz) | _longer(
        signal_mv >= high - near, SATURATED_S * fs_hz
    )


def _noise(signal_mv: NDArray[np.floating], fs_hz: float) -> NDArray[np.bool_]:
    from scipy.signal import butter, sosfiltfilt

    window = min(round(NOISE_S * fs_hz), len(signal_mv))
    known = np.isfinite(signal_mv)
    time = np.arange(len(signal_mv))
    interpolate_gaps = np.interp(time, time[known], signal_mv[known])
    noisy = np.zeros(len(signal_mv), dtype=bool)
    starts = np.arange(0, len(signal_mv) - window + 1, max(window // 2, 1))
    if 0.9 * fs_hz > 2 * NOISE_ABOVE_HZ and len(signal_mv) > 3 * window:
        fast = np.abs(
            sosfiltfilt(butter(4, NOISE_ABOVE_HZ, "highpass", fs=fs_hz, output="sos"), interpolate_gaps)
        )
        # The median over a beat's length is that of what lies between the QRS complexes.
        level = np.median(_windows(fast, starts, window), axis=1)
        for start in starts[level > max(NOISE_RATIO * np.median(level), NOISE_MV)]:
            noisy[start : start + window] = True
    reach = np.ptp(_windows(interpolate_gaps, starts, window), axis=1)
    for start in starts[reach > max(EXCURSION_RATIO * np.median(reach), EXCURSION_MV)]:
        noisy[start : start + window] = True
    return noisy


def _windows(signal: NDArray[np.floating], starts: NDArray[np.int64], length: int) -> NDArray[np.floating]:
    return np.lib.stride_tricks.sliding_window_view(signal, length)[starts]


def _longer(mask: NDArray[np.bool_], least: float) -> NDArray[np.bool_]:
    """Return the runs of True that are at least so long."""
    kept = np.zeros_like(mask)
    for first, last in true_runs(mask):
        kept[first:last] = last - first >= least
    return kept


ARTEFACTS: dict[str, Callable[[NDArray[np.floating], float], NDArray[np.bool_]]] = {
    "flat": _flat,
    "clipped": _clipped,
    "saturated": _saturated,
    "noise": _noise,
}
"""What looks for each kind of fault."""
