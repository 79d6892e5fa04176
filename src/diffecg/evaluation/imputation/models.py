"""Models as imputation methods."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffecg.evaluation.imputation.baselines import ImputationMethod
from diffecg.evaluation.imputation.cases import Context
from diffecg.inference.model import Model


def imputation_method(model: Model, draws: int, seed: int, sampling: dict[str, Any]) -> ImputationMethod:
    """Return what draws the hidden stretch of a context (draw time), in mV.

    Args:
        model: of strips.
        draws: how often.
        seed: of the first draw.
        sampling: arguments of the model's tasks; none: the model's own way.
    """

    def method(context: Context) -> NDArray[np.float64]:
        hidden, leads = context.hidden, context.signal_mv[None]
        if model.config.window.companions:
            leads = np.concatenate([leads, context.others_mv])
        if hidden.stop == leads.shape[1]:
            past, horizon_s = leads[:, : hidden.start], (hidden.stop - hidden.start) / context.fs_hz
            ahead = model.forecast(
                past, context.fs_hz, horizon_s=horizon_s, draws=draws, seed=seed, **sampling
            )
            return ahead.draws_mv[:, 0].astype(float)
        filled = model.impute(leads, context.fs_hz, draws=draws, seed=seed, **sampling)
        return filled.draws_mv[:, 0, hidden].astype(float)

    return method
