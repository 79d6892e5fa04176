"""Virtual leads: data augmentation by random combination and filtering of leads."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.signal import fftconvolve


def virtual_leads(
    rng: np.random.Generator,
    signal_mv: Float[np.ndarray, "batch lead time"],
    other_mv: Float[np.ndarray, "batch lead time"],
    *,
    radius: int,
    filter_std: float,
) -> Float[np.ndarray, "batch lead time"]:
    """Combine each lead with another one at a random angle, and filter the result at random.

    The combination is cos(a) x + sin(a) y, the projection of two leads on a random direction. Each window has
    its own filter, a unit impulse plus white noise under a Hann window. Both change the morphology, and
    neither changes the rhythm.

    Args:
        rng: Random generator.
        signal_mv: Windows.
        other_mv: The same windows in another lead of the recording.
        radius: Filter taps on either side of the central one.
        filter_std: Standard deviation of the noise in the filter taps.
    """
    angle = rng.uniform(0, 2 * np.pi, (*signal_mv.shape[:2], 1))
    mixed = np.cos(angle) * signal_mv + np.sin(angle) * other_mv
    hann = np.hanning(2 * radius + 3)[1:-1]
    taps = filter_std * hann * rng.standard_normal((*signal_mv.shape[:2], 2 * radius + 1))
    taps[..., radius] += 1
    padded = np.pad(mixed, ((0, 0), (0, 0), (radius, radius)), mode="edge")
    return fftconvolve(padded, taps, mode="valid", axes=-1).astype(np.float32)
