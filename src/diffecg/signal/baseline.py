"""Baseline wander: components slower than any heartbeat."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from diffecg.signal.runs import true_runs

WANDER_HZ = 0.67
"""Upper bound of baseline wander (Kligfield et al. 2007, Circulation 115:1306-1324)."""
LEVEL_S = 2.0
"""Length of the clean signal on either side of a noisy interval that defines its level, in s."""


def remove_baseline_wander(
    signal_mv: Float[np.ndarray, " time"],
    fs_hz: float,
    clean: Bool[np.ndarray, " time"],
    noisy: Bool[np.ndarray, " time"],
) -> Float[np.ndarray, " time"]:
    """Replace the baseline wander of noisy intervals by a straight line between the clean levels beside them.

    The wander is scaled by the Wiener gain max(0, 1 - natural / excess), from the variance of slow components
    in clean intervals and their mean square around the line in the noisy one, so that a natural amount stays.

    Args:
        signal_mv: samples of a lead, in mV.
        fs_hz: sampling rate, in Hz.
        clean: True where the signal is clean.
        noisy: True where the signal is noisy.
    """
    result = np.array(signal_mv, dtype=np.float64)
    clean_samples, reach = np.flatnonzero(clean), round(LEVEL_S * fs_hz)
    if not clean_samples.size:
        return result
    natural = _slow_components(result[clean], fs_hz).var()
    for first, stop in true_runs(noisy):
        before = clean_samples[clean_samples < first][-reach:]
        after = clean_samples[clean_samples >= stop][:reach]
        sides = [side for side in (before, after) if side.size]
        levels = [result[side].mean() for side in sides]
        line = np.interp(np.arange(first, stop), [side.mean() for side in sides], levels)
        wander = _slow_components(result[first:stop], fs_hz) - line
        excess = max(np.square(wander).mean(), 1e-12)
        result[first:stop] -= max(0.0, 1 - natural / excess) * wander
    return result


def _slow_components(signal_mv: Float[np.ndarray, " time"], fs_hz: float) -> Float[np.ndarray, " time"]:
    """Return the components of a signal below WANDER_HZ."""
    from scipy.signal import butter, sosfiltfilt  # slow to import

    padding = min(len(signal_mv) - 1, round(LEVEL_S * fs_hz))
    low_pass = butter(2, WANDER_HZ, fs=fs_hz, output="sos")
    return sosfiltfilt(low_pass, signal_mv, padtype="even", padlen=padding)
