"""Imputations and forecasts: draws of missing samples, with their point estimate and interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Shaped

from diffecg.errors import DiffecgError
from diffecg.inference.checks import check_coverage
from diffecg.signal.arrays import SignalArray
from diffecg.signal.intervals import attainable_coverage, dressed_interval, interval_name
from diffecg.signal.units import MV_PER_UNIT


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


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Imputation:
    """Draws of the missing samples of a signal, with their point estimate and prediction interval.

    Returned by :meth:`diffecg.AnalogueImputer.impute` and ``forecast``, and by those of
    :class:`diffecg.Model`. Axes are those of the given signal; for a forecast, time covers the horizon only.
    Observed samples are returned unchanged, bit for bit, in all arrays. Each lead is in its own unit; arrays
    with names that end in ``_mv`` are the same in mV, and exist where all leads are voltages.

    Example:
        >>> import diffecg, numpy as np
        >>> signal_mv = np.sin(np.linspace(0, 60, 5000))
        >>> signal_mv[2000:2100] = np.nan
        >>> imputation = diffecg.AnalogueImputer().impute(signal_mv, 250)
        >>> imputation
        <Imputation 5000 samples (time) at 250 Hz in mV: 100 imputed, 16 draws>
        >>> imputation.draws_mv.shape
        (16, 5000)
        >>> lower_mv, upper_mv = imputation.interval(0.5)
        >>> bool((lower_mv <= upper_mv).all())
        True
    """

    signal: Float[np.ndarray, "*axes"]
    """The completed signal: in each gap a signal that represents the draws."""
    mean: Float[np.ndarray, "*axes"]
    """The point estimate: the mean of the draws, which has the least squared error and is smooth."""
    lower: Float[np.ndarray, "*axes"]
    """Lower bound of the prediction interval."""
    upper: Float[np.ndarray, "*axes"]
    """Upper bound of the prediction interval."""
    draws: Float[np.ndarray, "draw *axes"]
    """All draws."""
    kernel: Float[np.ndarray, "*axes"]
    """Standard deviation of the Gaussian kernel around each draw that makes the predictive distribution;
    0 = the draws alone."""
    observed: Bool[np.ndarray, "*axes"]
    """True where a sample was observed."""
    fs_hz: float
    """Sampling rate of the given signal, in Hz."""
    seeds: tuple[int, ...]
    """Seed of each draw; ``impute(..., draws=1, seed=[seeds[k]])`` repeats draw k."""
    coverage: float
    """Nominal coverage of the prediction interval, such as 0.9, as it was asked for."""
    info: dict[str, Any]
    """Provenance: task, engine, model, settings, version, draws and what their interval covers."""
    units: tuple[str, ...]
    """Unit of each lead."""
    axes: str = "lead time"
    """Axes of the arrays, one of :data:`diffecg.signal.arrays.AXES`."""

    def __repr__(self) -> str:
        """Return what the arrays hold, in one line."""
        shape = " x ".join(map(str, self.signal.shape))
        units = ", ".join(dict.fromkeys(self.units))
        missing = self.observed.size - np.count_nonzero(self.observed)
        return (
            f"<Imputation {shape} samples ({self.axes}) at {self.fs_hz:g} Hz in {units}: {missing} imputed, "
            f"{len(self.draws)} draws>"
        )

    @property
    def signal_mv(self) -> Float[np.ndarray, "*axes"]:
        """:attr:`signal`, in mV.

        Raises:
            DiffecgError: a lead is not a voltage.
        """
        return self._in_mv(self.signal)

    @property
    def mean_mv(self) -> Float[np.ndarray, "*axes"]:
        """:attr:`mean`, in mV, as :attr:`signal_mv`."""
        return self._in_mv(self.mean)

    @property
    def lower_mv(self) -> Float[np.ndarray, "*axes"]:
        """:attr:`lower`, in mV, as :attr:`signal_mv`."""
        return self._in_mv(self.lower)

    @property
    def upper_mv(self) -> Float[np.ndarray, "*axes"]:
        """:attr:`upper`, in mV, as :attr:`signal_mv`."""
        return self._in_mv(self.upper)

    @property
    def draws_mv(self) -> Float[np.ndarray, "draw *axes"]:
        """:attr:`draws`, in mV, as :attr:`signal_mv`."""
        return self._in_mv(self.draws)

    @property
    def kernel_mv(self) -> Float[np.ndarray, "*axes"]:
        """:attr:`kernel`, in mV, as :attr:`signal_mv`."""
        return self._in_mv(self.kernel)

    def _in_mv(self, values: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
        """Return values of all leads in mV."""
        if any(unit not in MV_PER_UNIT for unit in self.units):
            raise DiffecgError(
                f"the leads are in {', '.join(self.units)}, not all of which are voltages; take the arrays "
                "in their own units, such as .signal"
            )
        if set(self.units) == {"mV"}:
            return values
        factors = np.array([MV_PER_UNIT[unit] for unit in self.units])
        return values * (factors if self.axes.endswith("lead") else factors[:, None]).astype(values.dtype)

    @property
    def attainable_coverage(self) -> float:
        """Coverage that the prediction interval has: without a kernel, K draws cover at most (K - 1)/(K + 1).

        That is 0 for one draw, 0.88 for 16, and 0.9 takes 19; see
        :func:`diffecg.signal.intervals.prediction_interval`.
        """
        return self.coverage if self.is_dressed else attainable_coverage(len(self.seeds), self.coverage)

    @property
    def is_dressed(self) -> bool:
        """Whether the predictive distribution has a kernel around each draw."""
        return bool((self.kernel > 0).any())

    @property
    def interval_name(self) -> str:
        """What the prediction interval is called, such as ``90 % interval``."""
        if self.is_dressed:
            return f"{100 * self.coverage:g} % interval"
        return interval_name(len(self.seeds), self.coverage)

    def interval(self, coverage: float) -> Float[np.ndarray, "2 *axes"]:
        """Return the lower and upper bound of the prediction interval of any coverage.

        Raises:
            DiffecgError: the coverage is not between 0 and 1.
        """
        check_coverage(coverage)
        missing = ~self.observed
        bounds = np.stack([self.signal, self.signal])
        draws, kernel = self.draws[:, missing].astype(np.float64), self.kernel[missing]
        bounds[:, missing] = dressed_interval(draws, kernel.astype(np.float64), coverage)
        return bounds

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
        units = tuple(self.units[row] for row in (rows if isinstance(rows, list) else [rows]))
        return replace(self._map(lambda values: values[index]), units=units, axes=axes)

    def between(self, start: int, stop: int) -> Imputation:
        """Return the samples ``start`` to ``stop``, exclusive."""
        time = slice(start, stop)
        index = (..., time, slice(None)) if self.axes.endswith("lead") else (..., time)
        return self._map(lambda values: values[index])

    def copy(self) -> Imputation:
        """Return the result with arrays of its own, so that those it is a part of can be freed."""
        return self._map(np.copy)

    def restore(self, array: SignalArray) -> Imputation:
        """Return the result, with axes (window, lead, time), with those of the user's array."""
        return replace(self._map(array.restore), axes=array.axes)

    def _map(self, function: Callable[[Shaped[np.ndarray, "..."]], Shaped[np.ndarray, "..."]]) -> Imputation:
        """Return the result with a function applied to each of its arrays."""
        return replace(
            self,
            signal=function(self.signal),
            mean=function(self.mean),
            lower=function(self.lower),
            upper=function(self.upper),
            draws=function(self.draws),
            kernel=function(self.kernel),
            observed=function(self.observed),
        )


ARRAYS = ("draws", "lower", "upper", "mean", "kernel")
"""Arrays of an imputation that are written beside the completed signal."""


def name_with_unit(name: str, units: Sequence[str]) -> str:
    """Return the name of values of some leads with their unit, if they share one.

    >>> [name_with_unit("mean", units) for units in (["mV", "mV"], ["mmHg"], ["mV", "NU"])]
    ['mean_mv', 'mean_mmhg', 'mean']
    """
    return f"{name}_{units[0].lower()}" if len(set(units)) == 1 else name
