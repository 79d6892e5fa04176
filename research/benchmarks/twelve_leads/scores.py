"""Areas under the ROC curve of labels, each against its absence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from diffecg.evaluation.generation.membership import auc

MACRO = "macro"


def label_aurocs(
    outputs: Float[np.ndarray, "record label"],
    targets: Float[np.ndarray, "record label"],
    labels: Sequence[str],
) -> dict[str, float]:
    """Return the AUROC of each label; NaN where all or no records have it."""
    found = {}
    for label, output, target in zip(labels, outputs.T, targets.T, strict=True):
        positive, negative = output[target > 0], output[target == 0]
        found[label] = auc(positive, negative) if len(positive) and len(negative) else float("nan")
    return found


def with_macro(aurocs: dict[str, float]) -> dict[str, float]:
    """Return the AUROCs and, first, their mean."""
    return {MACRO: float(np.mean(list(aurocs.values()))), **aurocs}


def by_label(runs: Sequence[dict[str, float]]) -> dict[str, tuple[float, ...]]:
    """Return the values of each label over seeds."""
    return {label: tuple(run[label] for run in runs) for label in runs[0]} if runs else {}
