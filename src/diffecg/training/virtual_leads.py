"""Virtual leads: random combinations of leads, randomly filtered."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve


def virtual_leads(
    rng: np.random.Generator,
    signal_mv: NDArray[np.float32],
    other_mv: NDArray[np.float32],
    width: int,
    strength: float,
) -> NDArray[np.float32]:
    """Return windows (batch lead time) as leads elsewhere on other bodies would show them.

    Each lead is a random combination of two, cos(a) one + sin(a) other, passed through a random filter of
    its own: a unit impulse plus white noise under a Hann window. Shapes change, rhythm does not.

    Args:
        rng: source of randomness.
        signal_mv: (batch lead time), in mV.
        other_mv: the same true_runs in other leads, of the same shape.
        width: of the filter on either side, in samples.
        strength: standard deviation of the noise.
    """
    angle = rng.uniform(0, 2 * np.pi, (*signal_mv.shape[:2], 1))
    mixed = np.cos(angle) * signal_mv + np.sin(angle) * other_mv
    window = np.hanning(2 * width + 3)[1:-1]
    taps = strength * window * rng.standard_normal((*signal_mv.shape[:2], 2 * width + 1))
    taps[..., width] += 1
    padded = np.pad(mixed, ((0, 0), (0, 0), (width, width)), mode="edge")
    filtered: NDArray[np.float32] = fftconvolve(padded, taps, mode="valid", axes=-1).astype(np.float32)
    return filtered
