"""Autoregressive noise with the spectrum of given segments."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.linalg import solve_toeplitz
from scipy.signal import lfilter

AR_ORDER = 8
"""Order of the autoregressive model."""


def autoregressive_noise(
    quiet_mv: Float[np.ndarray, "segment lead time"], samples: int, rng: np.random.Generator
) -> Float[np.ndarray, "lead {samples}"]:
    """Return noise with the spectrum of quiet segments.

    An autoregressive process fitted by the Yule-Walker equations (Box and Jenkins 1970, section 3.2), after
    removing a parabola from each segment.

    Args:
        quiet_mv: segments without waves, in mV.
        samples: length of the noise.
        rng: source of randomness.
    """
    length = quiet_mv.shape[2]
    parabola = np.vander(np.linspace(-1, 1, length), 3)
    residual = quiet_mv - quiet_mv @ np.linalg.pinv(parabola).T @ parabola.T
    noise = []
    for lead in residual.transpose(1, 0, 2):
        correlation = np.array(
            [np.mean(lead[:, : length - lag] * lead[:, lag:]) for lag in range(AR_ORDER + 1)]
        )
        correlation[0] += 1e-12
        coefficients = solve_toeplitz(correlation[:-1], correlation[1:])
        variance = max(correlation[0] - coefficients @ correlation[1:], 0)
        innovations = np.sqrt(variance) * rng.standard_normal(samples)
        noise.append(lfilter([1.0], np.concatenate([[1.0], -coefficients]), innovations))
    return np.stack(noise)
