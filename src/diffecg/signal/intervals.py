"""Prediction intervals from posterior draws."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, Float64
from scipy.special import ndtr, ndtri

_BISECTIONS = 16
"""Halvings of the range of the draws: a thousandth of a per cent of it remains."""


def prediction_interval(
    draws: Float[np.ndarray, "draw *shape"], coverage: float
) -> Float[np.ndarray, "2 *shape"]:
    """Return the lower and upper bound between which a new draw falls with probability ``coverage``.

    The bounds are order statistics at p (K + 1) of K draws (Weibull 1939; Hyndman and Fan 1996, Am Stat
    50:361-365, definition 6). They have the nominal coverage, where plain sample quantiles are too narrow.
    They cannot lie outside the draws, which limits the coverage, see :func:`attainable_coverage`.

    Args:
        draws: draws along the first axis, in any unit.
        coverage: nominal coverage, between 0 and 1.
    """
    tails = [(1 - coverage) / 2, (1 + coverage) / 2]
    return np.quantile(draws, tails, axis=0, method="weibull")


def dressed_interval(
    draws: Float64[np.ndarray, "draw time"], kernel: Float64[np.ndarray, " time"], coverage: float
) -> Float64[np.ndarray, "2 time"]:
    """Return the prediction interval of draws that are dressed with a Gaussian kernel.

    Each draw stands for a normal distribution, and the bounds are quantiles of their mixture (Roulston and
    Smith 2003, Tellus 55A:16-30). Where the kernel is 0, they are those of :func:`prediction_interval`.

    Args:
        draws: draws along the first axis, in any unit.
        kernel: standard deviation of the kernel at each sample, in the same unit.
        coverage: nominal coverage, between 0 and 1.
    """
    bounds = prediction_interval(draws, coverage)
    dressed = kernel > 0
    if dressed.any():
        for row, probability in enumerate([(1 - coverage) / 2, (1 + coverage) / 2]):
            bounds[row, dressed] = _mixture_quantile(draws[:, dressed], kernel[dressed], probability)
    return bounds


def _mixture_quantile(
    draws: Float64[np.ndarray, "draw time"], kernel: Float64[np.ndarray, " time"], probability: float
) -> Float64[np.ndarray, " time"]:
    """Return a quantile of a mixture of normal distributions, by bisection."""
    offset = ndtri(probability) * kernel
    low, high = draws.min(axis=0) + offset, draws.max(axis=0) + offset
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        below = ndtr((middle - draws) / kernel).mean(axis=0) < probability
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2


def attainable_coverage(draws: int, coverage: float) -> float:
    """Return the coverage of the prediction interval of K draws: at most (K - 1) / (K + 1).

    Args:
        draws: number of draws, K.
        coverage: nominal coverage, between 0 and 1.
    """
    return min(coverage, (draws - 1) / (draws + 1))


def draws_for(coverage: float) -> int:
    """Return the least number of draws whose prediction interval attains a coverage: 19 for 0.9."""
    return math.ceil(round((1 + coverage) / (1 - coverage), 6))


def interval_name(draws: int, coverage: float) -> str:
    """Return what the prediction interval of some draws is called, by the coverage that it attains.

    >>> interval_name(19, 0.9)
    '90 % interval'
    >>> interval_name(16, 0.9)
    '88 % interval (90 % takes 19 draws)'
    >>> interval_name(1, 0.9)
    'interval from 1 draw (no coverage; 90 % takes 19 draws)'

    Args:
        draws: number of draws.
        coverage: nominal coverage, between 0 and 1.
    """
    nominal, attained = f"{100 * coverage:g} %", attainable_coverage(draws, coverage)
    if draws >= draws_for(coverage):
        return f"{nominal} interval"
    takes = f"{nominal} takes {draws_for(coverage)} draws"
    if draws == 1:
        return f"interval from 1 draw (no coverage; {takes})"
    return f"{math.floor(100 * attained)} % interval ({takes})"
