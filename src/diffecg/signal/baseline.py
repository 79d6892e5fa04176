"""Removal of baseline wander."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

BASELINE_HZ = 0.5
"""Cut-off frequency of baseline wander, in Hz."""


def remove_baseline(
    signal_mv: Float[np.ndarray, "*batch time"], fs_hz: float, cutoff_hz: float = BASELINE_HZ
) -> Float[np.ndarray, "*batch time"]:
    """Return a signal without what is slower than a cut-off frequency.

    A second-order Butterworth high-pass filter that runs forwards and backwards, so that it shifts no wave:
    the phase distortion of a causal filter at this frequency displaces the ST segment. Cut-offs up to 0.67 Hz
    are accepted for filters without phase distortion (Kligfield et al. 2007, Circulation 115:1306-1324).

    Args:
        signal_mv: samples in mV, none missing, at least a few seconds long.
        fs_hz: sampling rate, in Hz.
        cutoff_hz: the cut-off frequency, in Hz.
    """
    from scipy.signal import butter, sosfiltfilt  # slow to import

    return sosfiltfilt(butter(2, cutoff_hz, "highpass", fs=fs_hz, output="sos"), signal_mv, axis=-1)
