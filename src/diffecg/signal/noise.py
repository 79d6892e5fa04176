"""Additive noise."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def add_noise(
    signal: Float[np.ndarray, "*batch time"], noise: Float[np.ndarray, "*batch time"], snr_db: float
) -> Float[np.ndarray, "*batch time"]:
    """Add noise to a signal at a given signal-to-noise ratio.

    The noise is centred and scaled so that 10 log10(var(signal) / var(noise)) = ``snr_db`` along time.

    Args:
        signal: the clean signal.
        noise: the noise, at any scale.
        snr_db: ratio of the variances, in decibels.
    """
    centred = noise - noise.mean(axis=-1, keepdims=True)
    variance = signal.var(axis=-1, keepdims=True) / 10 ** (snr_db / 10)
    return signal + centred * np.sqrt(variance / centred.var(axis=-1, keepdims=True))
