"""Errors of filled gaps and forecasts, where the truth is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffecg.evaluation.imputation.cases import Case
from diffecg.signal.intervals import prediction_interval

Array = NDArray[np.float64]

METRICS = {
    "MAE, mean of draws": "mV",
    "MAE, one draw": "mV",
    "RMSE, mean of draws": "mV",
    "RMSE, one draw": "mV",
    "PRD, mean of draws": "%",
    "correlation, mean of draws": "",
    "CRPS": "mV",
    "50 % band holds": "",
    "50 % band width": "mV",
    "90 % band holds": "",
    "90 % band width": "mV",
}
"""Each metric's unit."""
LEVELS = np.arange(0.1, 1.0, 0.1)
"""Shares of draws between the bounds, for the calibration curve."""
_BANDS = (0.5, 0.9)
_SQUARED = ("RMSE, mean of draws", "RMSE, one draw")


@dataclass(frozen=True)
class ScoreRow:
    """A figure of one method over the cases of a group."""

    group: str
    method: str
    metric: str
    unit: str
    value: float | None
    """None = undefined: one draw has no band."""
    interval: tuple[float, float] | None
    """2.5 and 97.5 % quantiles over recordings drawn with replacement."""
    cases: int


def case_scores(truth: Array, draws: Array) -> dict[str, float]:
    """Return the figures of one case; RMSE as mean squares, so that they can be averaged.

    PRD, the percentage root-mean-square difference, is over the truth's spread around its mean, in the
    hidden part. A constant truth or guess has no correlation.

    Args:
        truth: (time), in mV.
        draws: (draw time), in mV.
    """
    mean, one = draws.mean(axis=0), draws[0]
    spread = np.square(truth - truth.mean()).sum()
    errors = np.square(mean - truth).sum()
    moving = min(np.ptp(truth), np.ptp(mean)) > 1e-9
    scores = {
        "MAE, mean of draws": float(np.abs(mean - truth).mean()),
        "MAE, one draw": float(np.abs(one - truth).mean()),
        "RMSE, mean of draws": float(errors / len(truth)),
        "RMSE, one draw": float(np.square(one - truth).mean()),
        "PRD, mean of draws": float(100 * np.sqrt(errors / spread)) if spread > 0 else np.nan,
        "correlation, mean of draws": float(np.corrcoef(mean, truth)[0, 1]) if moving else np.nan,
        "CRPS": crps(truth, draws),
    }
    for band in _BANDS:
        held, width = band_figures(truth, draws, band) if len(draws) > 1 else (np.nan, np.nan)
        scores[f"{band:.0%} band holds".replace("%", " %")] = held
        scores[f"{band:.0%} band width".replace("%", " %")] = width
    return scores


def crps(truth: Array, draws: Array) -> float:
    """Return the continuous ranked probability score, in the data's unit, averaged over samples.

    The fair estimate from K draws: E|X - y| - E|X - X'| / 2 over different draws (Ferro 2014,
    Q J R Meteorol Soc 140:1917-1923, Eq. 3). For one draw it is the mean absolute error.
    """
    error = np.abs(draws - truth).mean(axis=0)
    count = len(draws)
    if count > 1:
        ordered = np.sort(draws, axis=0)
        weight = 2 * np.arange(1, count + 1) - count - 1
        pairs = 2 * (weight[:, None] * ordered).sum(axis=0) / (count * (count - 1))
        error = error - pairs / 2
    return float(error.mean())


def band_figures(truth: Array, draws: Array, band: float) -> tuple[float, float]:
    """Return the share of samples that the band holds (:func:`~diffecg.signal.intervals.bounds`), and its mean width."""
    low, high = prediction_interval(draws, band)
    return float(((low <= truth) & (truth <= high)).mean()), float((high - low).mean())


def summary(
    cases: Sequence[Case],
    scores: Mapping[str, Sequence[Mapping[str, float]]],
    *,
    bootstraps: int = 1000,
) -> list[ScoreRow]:
    """Return the figures of every group and method, with intervals over recordings.

    Args:
        cases: the cases.
        scores: for each method, what :func:`case_scores` returned for each case.
        bootstraps: how often recordings are drawn anew, the same draws for every method.
    """
    groups = np.array([case.group for case in cases])
    recordings = np.array([case.recording for case in cases])
    names = np.unique(recordings)
    times = np.random.default_rng(0).multinomial(len(names), np.full(len(names), 1 / len(names)), bootstraps)
    rows = []
    for group in dict.fromkeys(groups.tolist()):
        inside = groups == group
        weight = times[:, np.searchsorted(names, recordings[inside])].astype(float)
        for method, found in scores.items():
            chosen = [one for one, here in zip(found, inside, strict=True) if here]
            for metric, unit in METRICS.items():
                values = np.array([one[metric] for one in chosen])
                known = np.isfinite(values)
                value: float | None = None
                interval = None
                if known.any():
                    total = np.maximum(weight[:, known].sum(axis=1), 1e-12)
                    means = np.append(values[known].mean(), weight[:, known] @ values[known] / total)
                    means = np.sqrt(means) if metric in _SQUARED else means
                    value = float(means[0])
                    low, high = np.quantile(means[1:], [0.025, 0.975])
                    interval = float(low), float(high)
                rows.append(ScoreRow(group, method, metric, unit, value, interval, int(inside.sum())))
    return rows


def calibration(truths: Sequence[Array], draws: Sequence[Array]) -> Array:
    """Return for each of LEVELS the share of hidden samples that the band of the draws holds."""
    held = [
        [band_figures(t, d, float(level))[0] for level in LEVELS] for t, d in zip(truths, draws, strict=True)
    ]
    return np.asarray(np.mean(held, axis=0))
