"""Models as imputation methods."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import numpy as np

from diffecg.evaluation.imputation.contexts import Context
from diffecg.evaluation.imputation.prediction import Method, Prediction
from diffecg.inference.model import Model
from diffecg.inference.seeds import derive_seed

CONTEXT_S = 60.0
"""Length of the signal on either side of a gap that a model gets."""


def imputation_method(
    model: Model, *, draws: int, seed: int, sampling: dict[str, Any] | None = None
) -> Method:
    """Return the imputation method that draws from a model; each case has noise of its own.

    Args:
        model: a model of strips.
        draws: number of draws.
        seed: seed of the draws.
        sampling: sampler options of ``Model.impute`` and ``Model.forecast``; None: the model's own.
    """
    drawer = _ModelDraws(model=model, draws=draws, seed=seed, sampling=sampling or {})
    return Method(predict=drawer, uses_other_leads=bool(model.config.window.extra_leads))


@dataclass(frozen=True, kw_only=True, eq=False)
class _ModelDraws:
    """Predicts a gap by draws from a model."""

    model: Model
    draws: int
    seed: int
    sampling: dict[str, Any] = field(default_factory=dict)

    def __call__(self, context: Context) -> Prediction:
        reach = round(CONTEXT_S * context.fs_hz)
        first = max(context.gap.start - reach, 0)
        leads_mv = np.concatenate([context.signal_mv[None], context.other_leads_mv])
        leads_mv = leads_mv[:, first : context.gap.stop + reach]
        gap = slice(context.gap.start - first, context.gap.stop - first)
        case = crc32(np.ascontiguousarray(leads_mv[0]).tobytes())
        options = {
            "axes": "lead time",
            "draws": self.draws,
            "seed": derive_seed(self.seed, case, gap.start, gap.stop),
            **self.sampling,
        }
        if context.is_forecast:
            horizon_s = context.length / context.fs_hz
            past_mv = leads_mv[:, : gap.start]
            forecast = self.model.forecast(past_mv, context.fs_hz, horizon_s=horizon_s, **options)
            return Prediction.from_draws(forecast.draws_mv[:, 0].astype(float))
        imputed = self.model.impute(leads_mv, context.fs_hz, **options)
        return Prediction.from_draws(imputed.draws_mv[:, 0, gap].astype(float))
