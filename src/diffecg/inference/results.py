"""Results of the tasks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Shaped

from diffecg.errors import DiffecgError
from diffecg.signal.arrays import SignalArray
from diffecg.signal.intervals import attainable_coverage, interval_name


@dataclass(frozen=True, kw_only=True, eq=False)
class Preview:
    """Intermediate estimate of an imputed segment during sampling."""

    draw: int
    """Index of the draw."""
    window: int = 0
    """Index of the window in a panel (window, lead, time)."""
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
    signal; for a forecast, time covers the horizon only.
    """

    signal_mv: Float[np.ndarray, "*axes"]
    """Mean of the draws, in mV; observed samples are returned unchanged, bit for bit."""
    lower_mv: Float[np.ndarray, "*axes"]
    """Lower bound of the prediction interval, in mV."""
    upper_mv: Float[np.ndarray, "*axes"]
    """Upper bound of the prediction interval, in mV."""
    draws_mv: Float[np.ndarray, "draw *axes"]
    """All draws, in mV."""
    observed: Bool[np.ndarray, "*axes"]
    """True where a sample was observed."""
    fs_hz: float
    """Sampling rate of the given signal, in Hz."""
    seeds: tuple[int, ...]
    """Seed of each draw; ``impute(..., draws=1, seed=[seeds[k]])`` repeats draw k."""
    coverage: float
    """Nominal coverage of the prediction interval, such as 0.9, as it was asked for."""
    info: dict[str, Any]
    """Provenance: task, model, sampler, steps, version, draws and what their interval covers."""
    axes: str = "lead time"
    """Axes of the arrays, one of :data:`diffecg.signal.arrays.AXES`."""

    @property
    def attainable_coverage(self) -> float:
        """Coverage that the prediction interval has: K draws cover at most (K - 1)/(K + 1).

        It is 0 for one draw, 0.88 for 16, and 0.9 takes 19; see
        :func:`diffecg.signal.intervals.prediction_interval`.
        """
        return attainable_coverage(len(self.seeds), self.coverage)

    @property
    def interval_name(self) -> str:
        """What the prediction interval is called, such as ``90 % interval``."""
        return interval_name(len(self.seeds), self.coverage)

    def lead(self, rows: int | list[int]) -> Imputation:
        """Return one lead, without its axis, or several.

        Raises:
            DiffecgError: the signal has no axis of leads.
        """
        if "lead" not in self.axes:
            raise DiffecgError("the signal is one lead, axes (time); there is none to select")
        # Axes are counted from the last one, because draws have one more in front.
        index = (..., rows) if self.axes.endswith("lead") else (..., rows, slice(None))
        axes = " ".join(axis for axis in self.axes.split() if axis != "lead" or isinstance(rows, list))
        return replace(self._map(lambda values: values[index]), axes=axes)

    def between(self, start: int, stop: int) -> Imputation:
        """Return the samples ``start`` to ``stop``, exclusive."""
        time = slice(start, stop)
        index = (..., time, slice(None)) if self.axes.endswith("lead") else (..., time)
        return self._map(lambda values: values[index])

    def last(self, samples: int) -> Imputation:
        """Return the last samples."""
        total = self.observed.shape[self.axes.split().index("time")]
        return self.between(total - samples, total)

    def restore(self, array: SignalArray) -> Imputation:
        """Return the result, with axes (window, lead, time), with those of the user's array."""
        return replace(self._map(array.restore), axes=array.axes)

    def _map(self, function: Callable[[Shaped[np.ndarray, "..."]], Shaped[np.ndarray, "..."]]) -> Imputation:
        """Return the result with a function applied to each of its arrays."""
        return replace(
            self,
            signal_mv=function(self.signal_mv),
            lower_mv=function(self.lower_mv),
            upper_mv=function(self.upper_mv),
            draws_mv=function(self.draws_mv),
            observed=function(self.observed),
        )
