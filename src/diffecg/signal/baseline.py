"""Baseline wander: what is slower than any heartbeat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from diffecg.signal.runs import true_runs

WANDER_HZ = 0.67
"""What is slower is wander (AHA, Kligfield et al. 2007, Circulation 115:1306-1324)."""
LEVEL_S = 2.0
"""What tells the level on either side of a noisy stretch, in s."""


def remove_baseline_wander(
    signal_mv: NDArray[np.floating], fs_hz: float, clean: NDArray[np.bool_], noisy: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return a lead (time) whose noisy true_runs have the level of the clean ones beside them.

    What is slower than any heartbeat is replaced by a straight line between these levels, as far as it varies
    more than it does in the clean true_runs (Wiener's gain).

    Args:
        signal_mv: (time), in mV.
        fs_hz: sampling rate, in Hz.
        clean: (time), True = recorded well.
        noisy: (time), True = recorded with noise.
    """
    steady = np.array(signal_mv, dtype=np.float64)
    known, reach = np.flatnonzero(clean), round(LEVEL_S * fs_hz)
    if not known.size:
        return steady
    natural = _slow(steady[clean], fs_hz).var()
    for first, last in true_runs(noisy):
        sides = [near for near in (known[known < first][-reach:], known[known >= last][:reach]) if near.size]
        levels = [steady[near].mean() for near in sides]
        line = np.interp(np.arange(first, last), [near.mean() for near in sides], levels)
        excess = _slow(steady[first:last], fs_hz) - line
        steady[first:last] -= max(0.0, 1 - natural / max(np.square(excess).mean(), 1e-12)) * excess
    return steady


def _slow(signal_mv: NDArray[np.float64], fs_hz: float) -> NDArray[np.float64]:
    """Return what of a signal (time) is wander."""
    from scipy.signal import butter, sosfiltfilt  # takes half a second to import

    pad = min(len(signal_mv) - 1, round(LEVEL_S * fs_hz))
    low_pass = butter(2, WANDER_HZ, fs=fs_hz, output="sos")
    slow: NDArray[np.float64] = sosfiltfilt(low_pass, signal_mv, padtype="even", padlen=pad)
    return slow
