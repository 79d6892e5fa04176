"""Conditions of training windows by label, from which generated windows get theirs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float32, Int, Shaped

from diffecg.errors import DiffecgError

DRAWS = 4096
"""Rows that are kept for each label."""
NEAREST = 32
"""Number of the rows nearest to given numbers, of which one is drawn."""


def condition_draws(
    morphologies: Int[np.ndarray, " window"],
    numbers: Float32[np.ndarray, "window number"],
    labels: Shaped[np.ndarray, " window"],
    names: Sequence[str],
    seed: int,
) -> Float32[np.ndarray, "label draw 1+number"]:
    """Return the morphology and numbers of random windows of each label, all numbers known.

    A label with fewer windows than draws repeats them; one without known numbers gets those of all labels,
    and no morphology.

    Args:
        morphologies: morphology of each window within its label; -1 = none.
        numbers: numbers of windows; NaN = unknown.
        labels: label of each window.
        names: the labels.
        seed: seed of the choice.

    Raises:
        DiffecgError: no window has all numbers.
    """
    known = np.flatnonzero(np.isfinite(numbers).all(axis=1))
    if not known.size:
        raise DiffecgError(
            "numbers cannot be drawn (conditions.drawn): no training window has all of them; correct "
            "conditions.numbers, which are columns of the windows' index"
        )
    draws = np.empty((len(names), DRAWS, 1 + numbers.shape[1]), dtype=np.float32)
    for row, label in enumerate(names):
        rng = np.random.default_rng([seed, row])
        own = known[labels[known] == label]
        windows = np.resize(rng.permutation(own if own.size else known), DRAWS)
        draws[row, :, 0] = morphologies[windows] if own.size else -1
        draws[row, :, 1:] = numbers[windows]
    return draws


def draw_similar(
    draws: Float32[np.ndarray, "draw column"],
    given: Float32[np.ndarray, " number"],
    scale: Float[np.ndarray, " number"],
    chance: float,
) -> Float32[np.ndarray, " column"]:
    """Return one of the rows that resemble given numbers, with the given numbers in it.

    The row is one of the :data:`NEAREST` in the given numbers, or one that is as near as the last of them;
    if none is given, any row.

    Args:
        draws: morphology and numbers of windows.
        given: numbers; NaN = unknown.
        scale: standard deviation of each number.
        chance: number from 0 to 1 that chooses the row.
    """
    known = np.isfinite(given)
    distance = np.square((draws[:, 1:][:, known] - given[known]) / scale[known]).sum(axis=1)
    near = np.flatnonzero(distance <= np.partition(distance, NEAREST - 1)[NEAREST - 1])
    row = draws[near[int(chance * len(near))]].copy()
    row[1:][known] = given[known]
    return row
