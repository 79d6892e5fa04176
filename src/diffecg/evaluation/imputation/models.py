"""Models and the search for analogues, as methods of the benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np

from diffecg.evaluation.imputation.contexts import Context
from diffecg.evaluation.imputation.prediction import Gap, Method, Prediction
from diffecg.inference.imputer import Imputer
from diffecg.inference.results import Imputation
from diffecg.inference.seeds import derive_seed


def imputation_method(imputer: Imputer, *, draws: int, seed: int) -> Method:
    """Return an imputer as a method of the benchmark; each case has noise of its own.

    Args:
        imputer: a model, or the search for analogues.
        draws: number of draws.
        seed: seed of the draws.
    """
    return Method(
        predict=_Imputed(imputer=imputer, draws=draws, seed=seed), uses_other_leads=imputer.uses_other_leads
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Imputed:
    """Predicts a gap by what an imputer writes, its point estimate, and its predictive distribution."""

    imputer: Imputer
    draws: int
    seed: int

    def __call__(self, context: Context) -> Prediction:
        leads_mv = np.concatenate([context.signal_mv[None], context.other_leads_mv])
        reach_s = self.imputer.past_s if context.is_forecast else self.imputer.context_s
        reach = round(reach_s * context.fs_hz) + 1
        first = max(context.gap.start - reach, 0)
        near_mv = leads_mv[:, first : context.gap.stop + reach]
        gap = slice(context.gap.start - first, context.gap.stop - first)
        seed = derive_seed(self.seed, crc32(np.ascontiguousarray(near_mv[0]).tobytes()), gap.start, gap.stop)
        if context.is_forecast:
            past_mv, horizon_s = near_mv[:, : gap.start], context.length / context.fs_hz
            found = self.imputer.forecast(
                past_mv, context.fs_hz, horizon_s=horizon_s, axes="lead time", draws=self.draws, seed=seed
            )
            return _prediction(found.lead(0))
        wanted = np.zeros(near_mv.shape, bool)
        wanted[0, gap] = True
        found = self.imputer.impute(
            near_mv,
            context.fs_hz,
            wanted=wanted,
            span=gap,
            axes="lead time",
            draws=self.draws,
            seed=seed,
        )
        return _prediction(found.lead(0))


def _prediction(found: Imputation) -> Prediction:
    """Return the result of an imputer for one lead of a gap."""

    def interval(coverage: float) -> tuple[Gap, Gap]:
        lower, upper = found.interval(coverage)
        return lower.astype(float), upper.astype(float)

    return Prediction(
        draws_mv=found.draws_mv.astype(float),
        point_mv=found.mean_mv.astype(float),
        written_mv=found.signal_mv.astype(float),
        interval=interval if len(found.draws_mv) > 1 else None,
    )
