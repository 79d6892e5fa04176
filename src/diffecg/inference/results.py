"""Results of the tasks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float


@dataclass(frozen=True, kw_only=True, eq=False)
class Preview:
    """Intermediate estimate of an imputed segment during sampling."""

    draw: int
    """Index of the draw."""
    start_s: float
    """Start of the segment, in s from the first sample of the signal."""
    fs_hz: float
    """Sampling rate of the model, in Hz."""
    signal_mv: Float[np.ndarray, "lead time"]
    """Current estimate of the segment, in mV."""
    sigma: float
    """Noise level of the sampling step."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Imputation:
    """Posterior draws of the missing samples of a signal, with their mean and prediction interval.

    Returned by :meth:`diffecg.Model.impute`, ``denoise`` and ``forecast``. Axes are those of the given
    signal, (time) or (lead, time); for a forecast, time covers the horizon only.
    """

    signal_mv: Float[np.ndarray, "*lead time"]
    """Mean of the draws, in mV; observed samples are returned unchanged, bit for bit."""
    lower_mv: Float[np.ndarray, "*lead time"]
    """Lower bound of the prediction interval, in mV."""
    upper_mv: Float[np.ndarray, "*lead time"]
    """Upper bound of the prediction interval, in mV."""
    draws_mv: Float[np.ndarray, "draw *lead time"]
    """All draws, in mV."""
    observed: Bool[np.ndarray, "*lead time"]
    """True where a sample was observed."""
    fs_hz: float
    """Sampling rate of the given signal, in Hz."""
    seeds: tuple[int, ...]
    """Seed of each draw."""
    coverage: float
    """Nominal coverage of the prediction interval, such as 0.9. K draws cover at most (K - 1)/(K + 1): 88 %
    for 16 draws; see :func:`diffecg.signal.intervals.prediction_interval`."""
    info: dict[str, Any]
    """Provenance: task, model, sampler, steps and version."""

    def lead(self, rows: int | list[int]) -> Imputation:
        """Return one lead, with axes (time), or several, with axes (lead, time)."""
        return replace(
            self,
            signal_mv=self.signal_mv[rows],
            lower_mv=self.lower_mv[rows],
            upper_mv=self.upper_mv[rows],
            draws_mv=self.draws_mv[:, rows],
            observed=self.observed[rows],
        )

    def between(self, start: int, stop: int) -> Imputation:
        """Return the samples ``start`` to ``stop``, exclusive."""
        span = slice(start, stop)
        return replace(
            self,
            signal_mv=self.signal_mv[..., span],
            lower_mv=self.lower_mv[..., span],
            upper_mv=self.upper_mv[..., span],
            draws_mv=self.draws_mv[..., span],
            observed=self.observed[..., span],
        )

    def last(self, samples: int) -> Imputation:
        """Return the last samples."""
        return self.between(self.observed.shape[-1] - samples, self.observed.shape[-1])
