"""Rows of the report: a metric of the synthetic windows, of a real reference and of a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

ALL = "all"
"""The label of metrics over all labels."""
MIN_WINDOWS = 20
"""Smallest number of windows on either side of a comparison."""
MIN_BOOTSTRAPS = 10
"""Smallest number of bootstrap values that give an interval."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """Name and reading of a metric."""

    section: str
    """Section of the report."""
    name: str
    unit: str = ""
    """Empty for shares and ratios."""
    better: str = "lower"
    """``lower``, ``higher``, ``as the reference``, or the best value."""


@dataclass(frozen=True, kw_only=True)
class MetricValues:
    """Values of one metric, one for each seed."""

    synthetic: Sequence[float] = ()
    """Of the synthetic windows."""
    reference: Sequence[float] = ()
    """Of real windows in their place."""
    baseline: Sequence[float] = ()
    """Of a simple generator."""


@dataclass(frozen=True, kw_only=True)
class MetricRow:
    """A metric of one label beside its reference and its baseline; None = undefined, see ``note``."""

    section: str
    metric: str
    label: str
    """Label of the windows, or ``all``."""
    unit: str
    """Empty for shares and ratios."""
    better: str
    """``lower``, ``higher``, ``as the reference``, or the best value."""
    value: float | None = None
    """Of the synthetic windows, mean over seeds."""
    spread: float | None = None
    """Standard deviation of ``value`` over seeds."""
    interval: tuple[float, float] | None = None
    """95 % interval over recordings; see :func:`bootstrap_interval`."""
    reference: float | None = None
    """Of other real windows in place of the synthetic ones (real-vs-real), mean over seeds."""
    reference_spread: float | None = None
    """Standard deviation of ``reference`` over seeds."""
    baseline: float | None = None
    """Of a simple generator, mean over seeds."""
    windows: int = 0
    """Number of windows on either side of the comparison."""
    note: str = ""
    """A remark, or why the metric is undefined."""


def metric_row(
    metric: Metric,
    label: str,
    values: MetricValues = MetricValues(),
    *,
    interval: tuple[float, float] | None = None,
    windows: int = 0,
    note: str = "",
    undefined: str = "",
) -> MetricRow:
    """Return the row of a metric, undefined if no value is finite.

    Args:
        metric: name, section and unit.
        label: label of the windows, or ``all``.
        values: values of each seed.
        interval: 95 % interval over recordings.
        windows: number of windows on either side.
        note: a remark.
        undefined: why there may be no value; empty: too few windows.
    """
    value = finite_mean(values.synthetic)
    too_few = f"{windows} windows a side are too few; at least {MIN_WINDOWS}"
    return MetricRow(
        section=metric.section,
        metric=metric.name,
        label=label,
        unit=metric.unit,
        better=metric.better,
        value=value,
        spread=finite_spread(values.synthetic),
        interval=interval,
        reference=finite_mean(values.reference),
        reference_spread=finite_spread(values.reference),
        baseline=finite_mean(values.baseline),
        windows=windows,
        note=note if value is not None else f"undefined: {undefined or too_few}",
    )


def finite_mean(values: Sequence[float]) -> float | None:
    """Return the mean of the finite values; None if there are none."""
    finite = [value for value in values if np.isfinite(value)]
    return float(np.mean(finite)) if finite else None


def finite_spread(values: Sequence[float]) -> float | None:
    """Return the standard deviation (n - 1) of the finite values; None for fewer than two."""
    finite = [value for value in values if np.isfinite(value)]
    return float(np.std(finite, ddof=1)) if len(finite) > 1 else None


def bootstrap_interval(
    value: float | None, bootstrapped: Sequence[float], possible: tuple[float, float]
) -> tuple[float, float] | None:
    """Return the 95 % interval: the value ± 1.96 standard deviations of its bootstrapped values.

    Efron and Tibshirani (1993), An Introduction to the Bootstrap, section 13.3. Percentiles are not used
    because a distance to a resampled set is larger than that to the whole set.

    Args:
        value: estimate at the centre; None: undefined.
        bootstrapped: values of resampled data; fewer than ``MIN_BOOTSTRAPS`` give no interval.
        possible: smallest and largest possible value of the metric, at which the interval is clipped.
    """
    finite = [one for one in bootstrapped if np.isfinite(one)]
    if len(finite) < MIN_BOOTSTRAPS or value is None:
        return None
    half = 1.96 * float(np.std(finite, ddof=1))
    return max(value - half, possible[0]), min(value + half, possible[1])
