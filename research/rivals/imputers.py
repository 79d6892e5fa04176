"""Imputation methods of other packages, for ``diffecg evaluate-task --vs``."""

from __future__ import annotations

import neurokit2
import numpy as np
from jaxtyping import Float64

from diffecg.evaluation.imputation.cases import Context


def neurokit(context: Context) -> Float64[np.ndarray, "1 gap"]:
    """Impute by ``neurokit2.signal_fillmissing``, forward in the first half of the gap, backward after it.

    A forecast has nothing to fill from the right: the last sample is held.
    """
    gap = context.gap
    middle = gap.stop if context.is_forecast else (gap.start + gap.stop) // 2
    left = neurokit2.signal_fillmissing(context.signal_mv[:middle], method="forward")
    right = neurokit2.signal_fillmissing(context.signal_mv[middle:], method="backward")
    return np.concatenate([left, right])[None, gap]
