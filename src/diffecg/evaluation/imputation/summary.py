"""Scores of cases summarised by group, rhythm and method, with intervals over recordings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from diffecg.evaluation.imputation.cases import Case
from diffecg.evaluation.imputation.rhythms import RHYTHMS
from diffecg.evaluation.imputation.scores import CALIBRATION_LEVELS, coverage_name, width_name

ALL = "all"
"""All rhythms together."""
ONE_LEAD, OTHER_LEADS = "one lead", "other leads observed"
"""What a method sees in the gap: nothing, or the other leads."""
RATIO_METRICS = ("CRPS", "RMSE")
"""Metrics that are also given relative to the reference."""
_BOOTSTRAPS = 1000


@dataclass(frozen=True, kw_only=True)
class Metric:
    """How the scores of cases are averaged: a ratio of sums, whose square root may be taken."""

    score: str
    """Name of the score of a case that is summed."""
    unit: str = ""
    per: str | None = None
    """Name of the score that is summed below it; None: the number of cases in which ``score`` is defined."""
    is_squared: bool = False
    """True: the result is the square root."""


def _interval_metrics() -> dict[str, Metric]:
    metrics = {}
    for level in (0.5, 0.9):
        metrics[f"{100 * level:.0f} % interval coverage"] = Metric(score=coverage_name(level))
        metrics[f"{100 * level:.0f} % interval width"] = Metric(score=width_name(level), unit="mV")
    return metrics


METRICS: dict[str, Metric] = {
    "RMSE": Metric(score="squared error", unit="mV", is_squared=True),
    "MAE": Metric(score="absolute error", unit="mV"),
    "CRPS": Metric(score="CRPS", unit="mV"),
    "RMSE, written": Metric(score="squared error, written", unit="mV", is_squared=True),
    "r": Metric(score="correlation"),
    **_interval_metrics(),
    "R-peak F1": Metric(score="F1 numerator", per="F1 denominator"),
    "RMSSD error": Metric(score="RMSSD error", unit="ms"),
    "SDNN error": Metric(score="SDNN error", unit="ms"),
}
"""The metrics of the benchmark on recordings."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A figure with its 95 % interval over recordings: percentiles of a bootstrap."""

    value: float | None
    """None = undefined, such as the interval of a single draw."""
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class MethodScores:
    """The metrics of one method over the cases of a group."""

    group: str
    rhythm: str
    leads: str
    method: str
    cases: int
    """Number of cases."""
    recordings: int
    """Number of recordings that the cases are from."""
    metrics: dict[str, Estimate]
    ratios: dict[str, Estimate] = field(default_factory=dict)
    """Metrics relative to those of the reference on the same cases."""

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> MethodScores:
        """Return the scores that a report holds."""
        estimates = {
            key: {name: Estimate(**estimate) for name, estimate in content[key].items()}
            for key in ("metrics", "ratios")
        }
        return cls(**{**content, **estimates})


def summarise(
    cases: Sequence[Case],
    scores: pd.DataFrame,
    metrics: Mapping[str, Metric] = METRICS,
    *,
    reference: str,
    bootstraps: int = _BOOTSTRAPS,
) -> list[MethodScores]:
    """Return the metrics of each group, rhythm, kind of leads and method.

    Args:
        cases: the cases.
        scores: the scores of each case: columns ``case`` (its number), ``leads``, ``method``, and the scores.
        metrics: metrics by name.
        reference: method that RATIO_METRICS are relative to.
        bootstraps: number of bootstrap draws of the recordings, the same draws for every method.
    """
    names, recording = np.unique([case.recording for case in cases], return_inverse=True)
    counts = np.random.default_rng(0).multinomial(len(names), np.full(len(names), 1 / len(names)), bootstraps)
    weights = np.concatenate([np.ones((1, len(names))), counts])
    labelled = scores.assign(
        group=scores["case"].map(lambda number: cases[number].group),
        rhythm=scores["case"].map(lambda number: cases[number].rhythm),
        recording=recording[scores["case"]],
    )
    return [one for part in _parts(labelled) for one in _method_scores(part, metrics, weights, reference)]


def calibration_curves(cases: Sequence[Case], scores: pd.DataFrame) -> dict[str, dict[str, list[float]]]:
    """Return the coverage at each of CALIBRATION_LEVELS in one lead, by method and group.

    Args:
        cases: the cases.
        scores: as for :func:`summarise`; methods without intervals have no curve.
    """
    columns = [coverage_name(level) for level in CALIBRATION_LEVELS.tolist()]
    own = scores[scores["leads"] == ONE_LEAD].dropna(subset=columns)
    groups = own["case"].map(lambda number: cases[number].group)
    curves: dict[str, dict[str, list[float]]] = {}
    for (method, group), frame in own.groupby(["method", groups], sort=False):
        curves.setdefault(str(method), {})[str(group)] = frame[columns].mean().round(4).tolist()
    return curves


def _parts(scores: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the scores of each group, kind of leads and rhythm; all rhythms come first."""
    for (_, _), frame in scores.groupby(["group", "leads"], sort=False):
        yield frame.assign(rhythm=ALL)
        present = set(frame["rhythm"])
        if len(present) > 1:
            for rhythm in RHYTHMS:
                if rhythm in present:
                    yield frame[frame["rhythm"] == rhythm]


def _method_scores(
    part: pd.DataFrame,
    metrics: Mapping[str, Metric],
    weights: Float[np.ndarray, "bootstrap recording"],
    reference: str,
) -> Iterator[MethodScores]:
    """Yield the metrics of each method in one part."""
    first = part.iloc[0]
    samples = {
        str(method): _bootstrap(frame, metrics, weights)
        for method, frame in part.groupby("method", sort=False)
    }
    for method, frame in part.groupby("method", sort=False):
        own = samples[str(method)]
        ratios = {
            name: _estimate(_ratio(own[name], samples[reference][name]))
            for name in RATIO_METRICS
            if reference in samples and name in metrics
        }
        yield MethodScores(
            group=str(first["group"]),
            rhythm=str(first["rhythm"]),
            leads=str(first["leads"]),
            method=str(method),
            cases=len(frame),
            recordings=frame["recording"].nunique(),
            metrics={name: _estimate(values) for name, values in own.items()},
            ratios=ratios,
        )


def _bootstrap(
    frame: pd.DataFrame, metrics: Mapping[str, Metric], weights: Float[np.ndarray, "bootstrap recording"]
) -> dict[str, Float[np.ndarray, " bootstrap"]]:
    """Return each metric for all recordings (first) and for each bootstrap draw of them; NaN = undefined."""
    recording = frame["recording"].to_numpy()
    results = {}
    for name, metric in metrics.items():
        above = frame[metric.score].to_numpy(float)
        below = np.ones(len(frame)) if metric.per is None else frame[metric.per].to_numpy(float)
        defined = np.isfinite(above) & np.isfinite(below)
        sums = [_by_recording(recording[defined], x[defined], weights.shape[1]) for x in (above, below)]
        values = _ratio(weights @ sums[0], weights @ sums[1])
        results[name] = np.sqrt(values) if metric.is_squared else values
    return results


def _ratio(
    above: Float[np.ndarray, " bootstrap"], below: Float[np.ndarray, " bootstrap"]
) -> Float[np.ndarray, " bootstrap"]:
    """Return a ratio; NaN where it is undefined."""
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below != 0)


def _by_recording(
    recording: Int[np.ndarray, " case"], values: Float[np.ndarray, " case"], count: int
) -> Float[np.ndarray, " recording"]:
    return np.bincount(recording, weights=values, minlength=count).astype(float)


def _estimate(values: Float[np.ndarray, " bootstrap"]) -> Estimate:
    """Return the first value with percentiles of the others."""
    if not np.isfinite(values[0]):
        return Estimate(value=None)
    drawn = values[1:][np.isfinite(values[1:])]
    low, high = np.quantile(drawn, [0.025, 0.975]) if len(drawn) else (values[0], values[0])
    return Estimate(value=_rounded(values[0]), interval=(_rounded(low), _rounded(high)))


def _rounded(value: float) -> float:
    """Return a value with six significant digits, which keeps reports small."""
    return float(f"{value:.6g}")
