"""Scores of imputed gaps and forecasts against the true signal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64

from diffecg.evaluation.imputation.baselines import Draws
from diffecg.evaluation.imputation.cases import Case
from diffecg.signal.intervals import prediction_interval

Truth = Float64[np.ndarray, " gap"]
"""The true signal in a gap, in mV."""
Scores = dict[str, float]
"""Values of METRICS by name."""

METRICS = {
    "MAE, mean of draws": "mV",
    "MAE, one draw": "mV",
    "RMSE, mean of draws": "mV",
    "RMSE, one draw": "mV",
    "PRD, mean of draws": "%",
    "correlation, mean of draws": "",
    "CRPS": "mV",
    "50 % interval coverage": "",
    "50 % interval width": "mV",
    "90 % interval coverage": "",
    "90 % interval width": "mV",
}
"""Unit of each metric."""
CALIBRATION_LEVELS = np.arange(0.1, 1.0, 0.1)
"""Nominal coverages of the calibration curve."""
_COVERAGES = (0.5, 0.9)
_SQUARED = ("RMSE, mean of draws", "RMSE, one draw")


@dataclass(frozen=True, kw_only=True)
class ScoreRow:
    """A metric of one method over the cases of a group."""

    group: str
    method: str
    metric: str
    unit: str
    value: float | None
    """None = undefined, such as the interval of a single draw."""
    interval: tuple[float, float] | None
    """95 % interval over recordings: percentiles of a bootstrap."""
    cases: int
    """Number of cases."""


def case_scores(truth: Truth, draws: Draws) -> Scores:
    """Return the scores of one case; RMSE as the mean square, so that cases can be averaged.

    PRD, the percentage root-mean-square difference, is relative to the truth's deviation from its mean in the
    gap. The correlation of a constant is undefined (NaN).

    Args:
        truth: true signal in the gap.
        draws: draws of it; a single one has no intervals (NaN).
    """
    mean, single = draws.mean(axis=0), draws[0]
    deviation = np.square(truth - truth.mean()).sum()
    squared_error = np.square(mean - truth).sum()
    varies = min(np.ptp(truth), np.ptp(mean)) > 1e-9
    scores = {
        "MAE, mean of draws": float(np.abs(mean - truth).mean()),
        "MAE, one draw": float(np.abs(single - truth).mean()),
        "RMSE, mean of draws": float(squared_error / len(truth)),
        "RMSE, one draw": float(np.square(single - truth).mean()),
        "PRD, mean of draws": float(100 * np.sqrt(squared_error / deviation)) if deviation > 0 else np.nan,
        "correlation, mean of draws": float(np.corrcoef(mean, truth)[0, 1]) if varies else np.nan,
        "CRPS": crps(truth, draws),
    }
    for nominal in _COVERAGES:
        coverage, width = interval_scores(truth, draws, nominal) if len(draws) > 1 else (np.nan, np.nan)
        scores[f"{100 * nominal:.0f} % interval coverage"] = coverage
        scores[f"{100 * nominal:.0f} % interval width"] = width
    return scores


def crps(truth: Truth, draws: Draws) -> float:
    """Return the continuous ranked probability score, averaged over samples, in the data's unit.

    The fair estimate from K draws: E|X - y| - E|X - X'| / 2 over different draws (Ferro 2014, Q J R Meteorol
    Soc 140:1917-1923, Eq. 3). For a single draw it is the mean absolute error.
    """
    error = np.abs(draws - truth).mean(axis=0)
    count = len(draws)
    if count > 1:
        ordered = np.sort(draws, axis=0)
        weights = 2 * np.arange(1, count + 1) - count - 1
        # The mean |X - X'| over pairs, from the order statistics.
        differences = 2 * (weights[:, None] * ordered).sum(axis=0) / (count * (count - 1))
        error = error - differences / 2
    return float(error.mean())


def interval_scores(truth: Truth, draws: Draws, coverage: float) -> tuple[float, float]:
    """Return the share of samples inside the prediction interval, and its mean width.

    Args:
        truth: true signal in the gap.
        draws: draws of it.
        coverage: nominal coverage of the interval; see :func:`diffecg.signal.intervals.prediction_interval`.
    """
    lower, upper = prediction_interval(draws, coverage)
    return float(((lower <= truth) & (truth <= upper)).mean()), float((upper - lower).mean())


def summarise(
    cases: Sequence[Case], scores: Mapping[str, Sequence[Mapping[str, float]]], *, bootstraps: int = 1000
) -> list[ScoreRow]:
    """Return the mean scores of each group and method, with intervals over recordings.

    Args:
        cases: the cases.
        scores: for each method, the scores of each case by :func:`case_scores`.
        bootstraps: number of bootstrap draws of the recordings, the same draws for every method.
    """
    groups = np.array([case.group for case in cases])
    names, recording = np.unique([case.recording for case in cases], return_inverse=True)
    counts = np.random.default_rng(0).multinomial(len(names), np.full(len(names), 1 / len(names)), bootstraps)
    return [
        row
        for group in dict.fromkeys(groups.tolist())
        for method, of_cases in scores.items()
        for row in _group_rows(
            group, method, of_cases, groups == group, counts[:, recording[groups == group]].astype(float)
        )
    ]


def _group_rows(
    group: str,
    method: str,
    scores: Sequence[Mapping[str, float]],
    in_group: Bool[np.ndarray, " all"],
    weights: Float[np.ndarray, "bootstrap case"],
) -> Iterator[ScoreRow]:
    """Yield the rows of one method; ``weights`` are those of the group's cases in each bootstrap draw."""
    of_group = [of_case for of_case, inside in zip(scores, in_group, strict=True) if inside]
    for metric, unit in METRICS.items():
        values = np.array([of_case[metric] for of_case in of_group])
        defined = np.isfinite(values)
        value: float | None = None
        interval = None
        if defined.any():
            totals = np.maximum(weights[:, defined].sum(axis=1), 1e-12)
            means = np.append(values[defined].mean(), weights[:, defined] @ values[defined] / totals)
            means = np.sqrt(means) if metric in _SQUARED else means
            value = float(means[0])
            low, high = np.quantile(means[1:], [0.025, 0.975])
            interval = float(low), float(high)
        yield ScoreRow(
            group=group,
            method=method,
            metric=metric,
            unit=unit,
            value=value,
            interval=interval,
            cases=len(of_group),
        )


def calibration_curve(truths: Sequence[Truth], draws: Sequence[Draws]) -> Float64[np.ndarray, " level"]:
    """Return the coverage of the prediction intervals at each of CALIBRATION_LEVELS, averaged over cases."""
    coverages = [
        [interval_scores(truth, of_case, float(level))[0] for level in CALIBRATION_LEVELS]
        for truth, of_case in zip(truths, draws, strict=True)
    ]
    return np.mean(coverages, axis=0)
