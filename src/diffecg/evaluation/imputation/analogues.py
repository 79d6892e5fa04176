"""Baselines that search for analogues: segments whose surroundings resemble those of the gap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

from diffecg.evaluation.imputation.contexts import Context
from diffecg.evaluation.imputation.prediction import Draws, Prediction
from diffecg.signal.analogue_search import AnalogueSegments, search_analogues
from diffecg.signal.resampling import interpolate_gaps

ANALOGUES = 16
"""Number of analogues that are drawn from."""
PTBXL_ANALOGUES = 5
"""Number of analogues in recordings of ten seconds."""
CONTEXT_S = 0.3
"""Length of the surroundings on either side of a gap by which analogues are compared."""
SEPARATION_S = 0.1
"""Smallest distance between two analogues."""
SHORT_REACH_S = 60.0
"""Reach of the reference search on either side of the gap."""
LONG_REACH_S = 1800.0
"""Reach of the long search on either side of the gap."""


@dataclass(frozen=True, kw_only=True)
class AnalogueSearch:
    """Takes the nearest segments of the recording as draws: nearest-neighbour imputation.

    Other leads that the context shows are compared in the surroundings and through the gap. Without an
    analogue the gap is interpolated linearly.
    """

    count: int
    """Number of analogues."""
    reach_s: float
    """Reach of the search on either side of the gap, in s."""

    def __call__(self, context: Context) -> Prediction:
        """Return the analogues as draws."""
        found = _search(context, count=self.count, context_s=CONTEXT_S, reach_s=self.reach_s)
        return Prediction.from_draws(found.segments.astype(float) if len(found.start) else _line(context))


@dataclass(frozen=True, kw_only=True)
class LocalRegression:
    """Predicts the gap from its surroundings by a regression that is fitted to the analogues.

    The segments of the analogues are regressed on principal components of their surroundings, by ridge
    regression with weights 1/distance; levels are removed from both. The draws are the prediction plus the
    residuals of the nearest analogues. It is the locally weighted regression of Atkeson, Moore and Schaal
    (1997), Artif Intell Rev 11:11-73, on principal components. Only the lead of the gap is used.
    """

    analogues: int = 128
    """Number of analogues that the regression is fitted to."""
    draws: int = ANALOGUES
    """Number of the nearest analogues whose residuals make draws."""
    reach_s: float = 600.0
    """Reach of the search on either side of the gap, in s."""
    context_s: float = 0.4
    """Length of the surroundings on either side, in s."""
    components: int = 10
    """Number of principal components of the surroundings."""
    ridge: float = 0.3
    """Penalty of the coefficients, as a share of the mean variance of the components."""

    def __call__(self, context: Context) -> Prediction:
        """Return the prediction plus residuals as draws."""
        found = _search(context, count=self.analogues, context_s=self.context_s, reach_s=self.reach_s)
        if len(found.start) <= self.components:
            return Prediction.from_draws(
                found.segments[: self.draws].astype(float) if len(found.start) else _line(context)
            )
        reach = round(self.context_s * context.fs_hz)
        offsets = np.concatenate(
            [
                np.arange(-reach, 0),
                np.arange(context.length, context.length + (not context.is_forecast) * reach),
            ]
        )
        own = _without_level(context.signal_mv[context.gap.start + offsets])
        around = _without_level(context.signal_mv[found.start[:, None] + offsets])
        point_mv, residuals_mv = regress(
            around,
            found.segments.astype(float),
            1 / np.maximum(found.distance.astype(float), 1e-6),
            own,
            components=self.components,
            ridge=self.ridge,
        )
        return Prediction.from_draws(point_mv + residuals_mv[: self.draws])


def regress(
    around: Float64[np.ndarray, "analogue around"],
    segments: Float64[np.ndarray, "analogue gap"],
    weights: Float64[np.ndarray, " analogue"],
    own: Float64[np.ndarray, " around"],
    *,
    components: int,
    ridge: float,
) -> tuple[Float64[np.ndarray, " gap"], Float64[np.ndarray, "analogue gap"]]:
    """Return the prediction of a weighted ridge regression on principal components, and its residuals.

    Args:
        around: surroundings of the analogues, without their level.
        segments: segments of the analogues.
        weights: weights of the analogues.
        own: surroundings of the gap, without their level.
        components: number of principal components of the surroundings.
        ridge: penalty of the coefficients, as a share of the components' mean weighted variance.
    """
    share = weights / weights.sum()
    centre, mean = share @ around, share @ segments
    rows = np.sqrt(share)[:, None]
    axes = np.linalg.svd(rows * (around - centre), full_matrices=False)[2][:components]
    scores = (around - centre) @ axes.T
    weighted = rows * scores
    gram = weighted.T @ weighted
    penalty = ridge * np.trace(gram) / len(gram) + 1e-12
    coefficients = np.linalg.solve(
        gram + penalty * np.eye(len(gram)), weighted.T @ (rows * (segments - mean))
    )
    prediction = mean + (own - centre) @ axes.T @ coefficients
    return prediction, segments - mean - scores @ coefficients


def _search(context: Context, *, count: int, context_s: float, reach_s: float) -> AnalogueSegments:
    leads_mv = np.concatenate([context.signal_mv[None], context.other_leads_mv])
    return search_analogues(
        leads_mv,
        context.gap,
        row=0,
        fs_hz=context.fs_hz,
        count=count,
        context_s=context_s,
        min_separation_s=SEPARATION_S,
        reach_s=reach_s,
    )


def _without_level(values: Float[np.ndarray, "*analogue around"]) -> Float64[np.ndarray, "*analogue around"]:
    level = np.nanmean(values, axis=-1, keepdims=True)
    return np.nan_to_num(values - level)


def _line(context: Context) -> Draws:
    near_mv, gap = context.near()
    return interpolate_gaps(near_mv)[gap][None]
