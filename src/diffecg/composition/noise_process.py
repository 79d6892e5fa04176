"""Baseline wander and noise with the statistics of measured recordings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from jaxtyping import Float, Float32
from scipy.signal import ellip, lfilter

from diffecg.composition.noise_statistics import NoiseComponent, NoiseStatistics

RIPPLE_DB, ATTENUATION_DB = 0.5, 25.0
"""Ripple and attenuation of the low-pass filter."""
_BURN_IN, _RESPONSE = 32, 400


class NoiseProcess:
    """Wander and noise of some recordings, which can be evaluated in any interval.

    Every component is an autoregressive process at the knots of a cubic B-spline, correlated between leads,
    with a log-normal level in each recording and lead.

    Args:
        statistics: statistics of the leads in question.
        rngs: source of randomness of each recording.
        fs_hz: sampling rate of the recordings, in Hz.
        samples: length of the recordings.
        scale: factor of all levels.
    """

    def __init__(
        self,
        statistics: NoiseStatistics,
        rngs: Sequence[np.random.Generator],
        fs_hz: float,
        samples: int,
        scale: float = 1.0,
    ) -> None:
        self.parts = [
            (one.knot_s * fs_hz, _knots(one, rngs, one.knot_s * fs_hz, samples, scale))
            for one in statistics.components
        ]

    def evaluate(self, start: int, stop: int) -> Float32[np.ndarray, "recording time lead"]:
        """Return the samples ``start`` to ``stop`` (exclusive), in mV."""
        step, knots = self.parts[0]
        noise_mv = _spline(step, knots, start, stop)
        for step, knots in self.parts[1:]:
            noise_mv = noise_mv + _spline(step, knots, start, stop)
        return noise_mv


def _knots(
    component: NoiseComponent,
    rngs: Sequence[np.random.Generator],
    step: float,
    samples: int,
    scale: float,
) -> Float32[np.ndarray, "recording knot lead"]:
    """Return the values of a component at its knots: correlated between leads and scaled to its levels."""
    is_sampled = step == 1
    count = _BURN_IN + (samples if is_sampled else int(samples / step) + 4)
    leads = len(component.level.log_mean)
    white = np.empty((len(rngs), count, leads), dtype=np.float32)
    mixed = np.empty((len(rngs), leads, leads), dtype=np.float32)
    factor = scale / np.sqrt(_variance(component.coefficients, component.cutoff, is_sampled))
    for i, rng in enumerate(rngs):
        mixed[i] = component.level.mixing * component.level.draw(rng) * factor
        rng.standard_normal(out=white[i], dtype=np.float32)
    return _filtered(white @ mixed, component.coefficients, component.cutoff)[:, _BURN_IN:]


def _filtered(
    white: Float[np.ndarray, "recording knot lead"], coefficients: tuple[float, ...], cutoff: float
) -> Float[np.ndarray, "recording knot lead"]:
    """Return an autoregressive process with given innovations after an elliptic low-pass filter."""
    denominator = np.array([1, *(-value for value in coefficients)], dtype=white.dtype)
    process = lfilter(np.ones(1, dtype=white.dtype), denominator, white, axis=1)
    if cutoff == 1:
        return process
    taps = (one.astype(white.dtype) for one in ellip(4, RIPPLE_DB, ATTENUATION_DB, cutoff))
    return lfilter(*taps, process, axis=1)


@cache
def _variance(coefficients: tuple[float, ...], cutoff: float, is_sampled: bool) -> float:
    """Return the variance of a process with innovations of variance 1, as spline its mean over time."""
    impulse = np.zeros((1, _RESPONSE, 1))
    impulse[0, 0] = 1
    response = _filtered(impulse, coefficients, cutoff)[0, :, 0]
    covariance = np.correlate(response, response, "full")[_RESPONSE - 1 :]
    if is_sampled:
        return float(covariance[0])
    weights = _basis(np.linspace(0, 1, 65)[:-1])
    lags = np.abs(np.arange(4)[:, None] - np.arange(4))
    return float(np.mean(np.einsum("ui,uj,ij->u", weights, weights, covariance[lags])))


def _basis(place: Float[np.ndarray, " sample"]) -> Float[np.ndarray, "sample 4"]:
    """Return the four cubic B-splines that are not zero at a place between two knots, from 0 to 1."""
    rest = 1 - place
    return np.stack(
        [
            rest**3 / 6,
            (3 * place**3 - 6 * place**2 + 4) / 6,
            (3 * rest**3 - 6 * rest**2 + 4) / 6,
            place**3 / 6,
        ],
        axis=1,
    )


def _spline(
    step: float, knots: Float32[np.ndarray, "recording knot lead"], start: int, stop: int
) -> Float32[np.ndarray, "recording time lead"]:
    """Return the samples of a spline whose knots are ``step`` samples apart."""
    if step == 1:
        return knots[:, start:stop]
    place = np.arange(start, stop) / step
    knot = place.astype(np.int64)
    weights = _basis(place - knot).astype(np.float32)
    first, last = int(knot[0]), int(knot[-1]) + 4
    matrix = np.zeros((stop - start, last - first), dtype=np.float32)
    np.put_along_axis(matrix, knot[:, None] - first + np.arange(4), weights, axis=1)
    return matrix @ knots[:, first:last]
