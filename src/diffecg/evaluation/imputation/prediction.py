"""What an imputation method returns: draws, a point estimate, intervals, and the signal to write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from diffecg.evaluation.imputation.contexts import Context
from diffecg.inference.summary import nearest_to_draws

Draws = Float64[np.ndarray, "draw gap"]
"""Draws of the missing samples, in mV."""
Gap = Float64[np.ndarray, " gap"]
"""The samples of a gap, in mV."""
Interval = Callable[[float], tuple[Gap, Gap]]
"""Maps a nominal coverage to the lower and upper bound of the prediction interval, in mV."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Prediction:
    """The missing samples of a gap as a method predicts them, in mV."""

    draws_mv: Draws
    """Draws from the predictive distribution; a single one for a method without uncertainty."""
    point_mv: Gap
    """Point estimate, which the errors are measured from."""
    written_mv: Gap
    """The signal that is written into the recording, in which R peaks are looked for."""
    interval: Interval | None
    """The prediction interval; None for a method without uncertainty."""

    @classmethod
    def from_draws(cls, draws_mv: Draws) -> Prediction:
        """Return the prediction of draws alone, by the same rules for every method.

        The point estimate is the mean of the draws, the interval lies between order statistics
        (:func:`diffecg.signal.intervals.prediction_interval`), and the draw nearest to the others is written.
        """
        return cls(
            draws_mv=draws_mv,
            point_mv=draws_mv.mean(axis=0),
            written_mv=draws_mv[nearest_to_draws(draws_mv, draws_mv)],
            interval=_OrderStatistics(draws_mv) if len(draws_mv) > 1 else None,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Method:
    """An imputation method that is compared with others."""

    predict: Callable[[Context], Prediction]
    """Predicts the missing samples of a gap."""
    uses_other_leads: bool = False
    """Whether it uses other leads where they are observed; if not, it is run once for both kinds of rows."""


class _OrderStatistics:
    """The interval of :func:`diffecg.signal.intervals.prediction_interval`, with draws sorted once."""

    def __init__(self, draws_mv: Draws) -> None:
        self.ordered = np.sort(draws_mv, axis=0)

    def __call__(self, coverage: float) -> tuple[Gap, Gap]:
        lower, upper = ((1 - coverage) / 2, (1 + coverage) / 2)
        return self._quantile(lower), self._quantile(upper)

    def _quantile(self, probability: float) -> Gap:
        """Return the order statistic at p (K + 1), interpolated linearly."""
        count = len(self.ordered)
        place = min(max(probability * (count + 1) - 1, 0.0), count - 1.0)
        below = min(int(place), count - 2)
        return self.ordered[below] + (place - below) * (self.ordered[below + 1] - self.ordered[below])
