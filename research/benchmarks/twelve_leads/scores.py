"""Areas under the ROC curve of labels, each against its absence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

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


def weighted_aurocs(
    outputs: Float[np.ndarray, " record"],
    positive: Bool[np.ndarray, " record"],
    weights: Int[np.ndarray, "sample record"],
) -> Float[np.ndarray, " sample"]:
    """Return the AUROC in samples that contain each record as often as its weight; NaN without both kinds."""
    order = np.argsort(outputs)
    _, first = np.unique(outputs[order], return_index=True)  # equal outputs count half
    positives, negatives = (
        np.add.reduceat(weights[:, order] * kind[order], first, axis=1).astype(float)
        for kind in (positive, ~positive)
    )
    below = np.cumsum(negatives, axis=1) - negatives / 2
    pairs = positives.sum(axis=1) * negatives.sum(axis=1)
    return np.where(pairs > 0, (positives * below).sum(axis=1) / np.maximum(pairs, 1), np.nan)


def with_macro(aurocs: dict[str, float]) -> dict[str, float]:
    """Return the AUROCs and, first, their mean."""
    return {MACRO: float(np.mean(list(aurocs.values()))), **aurocs}


def by_label(runs: Sequence[dict[str, float]]) -> dict[str, tuple[float, ...]]:
    """Return the values of each label over seeds."""
    return {label: tuple(run[label] for run in runs) for label in runs[0]} if runs else {}
