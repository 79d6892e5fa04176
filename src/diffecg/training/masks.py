"""Random observation masks of the training tasks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LONGEST_GAP = 0.6
"""Longest gap of the imputation task, as a share of the window."""

MOST_GAPS = 3
"""Most gaps in a window of the imputation task."""


def draw_masks(
    rng: np.random.Generator, size: int, leads: int, length: int, tasks: tuple[float, float, float]
) -> NDArray[np.bool_]:
    """Return a random mask (batch lead time), True = observed, for each of ``size`` samples.

    Of several leads, a third of the samples hide the same of all, a third something of one lead only (all
    of it, where the task is generation: a lead to be drawn from the others), a third something else of each.

    Args:
        rng: source of randomness.
        size: number of samples.
        leads: leads of a sample.
        length: samples in a window.
        tasks: shares of generation (nothing observed), imputation (all but one to three gaps, their
            lengths log-uniform) and forecasting (the first part, its length uniform).
    """
    if leads > 1:
        flat = draw_masks(rng, size * leads, 1, length, tasks)
        each = flat.reshape(size, leads, length)
        kind, only = rng.integers(3, size=(size, 1, 1)), rng.integers(leads, size=(size, 1, 1))
        elsewhere = np.arange(leads)[:, None] != only
        return np.select([kind == 0, kind == 1], [each[:, :1], each | elsewhere], each)
    task = np.searchsorted(np.cumsum(tasks) / sum(tasks), rng.random(size), side="right")
    time = np.arange(length)
    shortest = min(4, length)
    gaps = np.exp(rng.uniform(np.log(shortest), np.log(LONGEST_GAP * length), (size, MOST_GAPS)))
    number = rng.integers(1, MOST_GAPS + 1, size)
    start = rng.uniform(-gaps / 2, length - gaps / 2)
    inside = (time >= start[..., None]) & (time < (start + np.maximum(gaps, 1))[..., None])
    missing = (inside & (np.arange(MOST_GAPS) < number[:, None])[..., None]).any(axis=1)
    cut = rng.integers(max(length // 10, 1), length, size)
    past = time < cut[:, None]
    mask: NDArray[np.bool_] = np.select([(task == 1)[:, None], (task == 2)[:, None]], [~missing, past], False)
    return mask[:, None]
