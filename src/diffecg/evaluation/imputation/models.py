"""Models as imputation methods."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from diffecg.evaluation.imputation.baselines import Draws, ImputationMethod
from diffecg.evaluation.imputation.cases import Context
from diffecg.inference.loading import load
from diffecg.inference.model import Model
from diffecg.inference.seeds import derive_seed


def imputation_method(
    model: str | Path | Model, draws: int, seed: int, sampling: dict[str, Any]
) -> ImputationMethod:
    """Return the imputation method that draws from a model; each case has noise of its own.

    Args:
        model: a model of strips, or the name of one.
        draws: number of draws.
        seed: seed of the draws.
        sampling: sampler options of ``Model.impute`` and ``Model.forecast``; empty: the model's own.
    """
    loaded = load(model)

    def method(context: Context) -> Draws:
        gap, signal_mv = context.gap, context.signal_mv[None]
        if loaded.config.window.extra_leads:
            signal_mv = np.concatenate([signal_mv, context.other_leads_mv])
        case = crc32(np.ascontiguousarray(context.signal_mv).tobytes())
        case_seed = derive_seed(seed, case, gap.start, gap.stop)
        options = {"axes": "lead time", "draws": draws, "seed": case_seed, **sampling}
        if context.is_forecast:
            horizon_s = (gap.stop - gap.start) / context.fs_hz
            past_mv = signal_mv[:, : gap.start]
            forecast = loaded.forecast(past_mv, context.fs_hz, horizon_s=horizon_s, **options)
            return forecast.draws_mv[:, 0].astype(float)
        imputed = loaded.impute(signal_mv, context.fs_hz, **options)
        return imputed.draws_mv[:, 0, gap].astype(float)

    return method
