"""Noise at a given signal-to-noise ratio."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def noisy(signal: NDArray[np.float64], noise: NDArray[np.float64], snr_db: float) -> NDArray[np.float64]:
    """Return a signal (… time) plus noise of the same shape, less its mean, at a ratio in dB."""
    added = noise - noise.mean(axis=-1, keepdims=True)
    wanted = signal.var(axis=-1, keepdims=True) / 10 ** (snr_db / 10)
    out: NDArray[np.float64] = signal + added * np.sqrt(wanted / added.var(axis=-1, keepdims=True))
    return out
