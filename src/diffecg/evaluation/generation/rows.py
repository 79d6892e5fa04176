"""One line of the report: a figure never stands alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

ALL = "all"
"""The label of figures over all classes."""
LEAST = 20
"""Fewest windows on either side of a comparison."""
Advance = Callable[[str], None]
"""Called with what has just been done."""


@dataclass(frozen=True)
class MetricRow:
    """A figure with what it takes to judge it; None = undefined, and ``note`` says why."""

    section: str
    metric: str
    label: str
    """Class, or ``all``."""
    unit: str
    """Empty for shares and ratios."""
    better: str
    """``lower``, ``higher``, or the value that is best."""
    value: float | None = None
    """Of the synthetic windows; the mean over seeds."""
    spread: float | None = None
    """Standard deviation over seeds."""
    interval: tuple[float, float] | None = None
    """95 % interval over recordings; see :func:`interval_of`."""
    floor: float | None = None
    """The same for real windows in place of the synthetic ones: the mean over seeds."""
    floor_spread: float | None = None
    """Standard deviation of the floor over seeds."""
    baseline: float | None = None
    """The same for the trivial baseline."""
    windows: int = 0
    """Windows compared on either side."""
    note: str = ""
    """What else must be known, or why the figure is undefined."""


def metric_row(
    section: str,
    metric: str,
    label: str,
    unit: str,
    better: str,
    columns: Sequence[Sequence[float]] = ((), (), ()),
    *,
    interval: tuple[float, float] | None = None,
    windows: int = 0,
    note: str = "",
    undefined: str | None = None,
) -> MetricRow:
    """Return the row of a metric, undefined without a finite value.

    Args:
        section: of the report.
        metric: its name.
        label: class, or ``all``.
        unit: empty for shares and ratios.
        better: ``lower``, ``higher``, or the value that is best.
        columns: the values, the floors and the baselines, one a seed each.
        interval: over recordings.
        windows: compared on either side.
        note: what else must be known.
        undefined: why there may be no value; None: because windows are too few.
    """
    values, floors, baselines = columns
    value = mean_of(values)
    too_few = f"{windows} windows a side are too few; at least {LEAST}"
    return MetricRow(
        section,
        metric,
        label,
        unit,
        better,
        value,
        spread_of(values),
        interval,
        mean_of(floors),
        spread_of(floors),
        mean_of(baselines),
        windows,
        note if value is not None else f"undefined: {undefined or too_few}",
    )


def mean_of(values: Sequence[float]) -> float | None:
    """Return the mean; None if there is nothing, or nothing finite."""
    finite = [value for value in values if np.isfinite(value)]
    return float(np.mean(finite)) if finite else None


def spread_of(values: Sequence[float]) -> float | None:
    """Return the standard deviation (n - 1); None for fewer than two values."""
    finite = [value for value in values if np.isfinite(value)]
    return float(np.std(finite, ddof=1)) if len(finite) > 1 else None


def interval_of(
    value: float | None, bootstrapped: Sequence[float], possible: tuple[float, float]
) -> tuple[float, float] | None:
    """Return the 95 % interval: the value ± 1.96 standard deviations of its bootstrapped values.

    Efron and Tibshirani (1993), An Introduction to the Bootstrap, section 13.3. The quantiles themselves
    would not do: a distance to a resampled reference is larger than that to the whole. The interval ends
    where the metric's possible values do. None for fewer than ten values.
    """
    finite = [one for one in bootstrapped if np.isfinite(one)]
    if len(finite) < 10 or value is None:
        return None
    half = 1.96 * float(np.std(finite, ddof=1))
    return max(value - half, possible[0]), min(value + half, possible[1])
