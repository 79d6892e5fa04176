"""Models as imputation methods."""

from __future__ import annotations

from typing import Any

import numpy as np

from diffecg.evaluation.imputation.baselines import Draws, ImputationMethod
from diffecg.evaluation.imputation.cases import Context
from diffecg.inference.model import Model


def imputation_method(model: Model, draws: int, seed: int, sampling: dict[str, Any]) -> ImputationMethod:
    """Return the imputation method that draws from a model.

    Args:
        model: a model of strips.
        draws: number of draws.
        seed: seed of the first draw.
        sampling: sampler options of ``Model.impute`` and ``Model.forecast``; empty: the model's own.
    """

    def method(context: Context) -> Draws:
        gap, signal_mv = context.gap, context.signal_mv[None]
        if model.config.window.extra_leads:
            signal_mv = np.concatenate([signal_mv, context.other_leads_mv])
        options = {"draws": draws, "seed": seed, **sampling}
        if context.is_forecast:
            horizon_s = (gap.stop - gap.start) / context.fs_hz
            past_mv = signal_mv[:, : gap.start]
            forecast = model.forecast(past_mv, context.fs_hz, horizon_s=horizon_s, **options)
            return forecast.draws_mv[:, 0].astype(float)
        imputed = model.impute(signal_mv, context.fs_hz, **options)
        return imputed.draws_mv[:, 0, gap].astype(float)

    return method
