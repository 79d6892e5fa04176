"""Numbers of training windows by label, from which generated windows get theirs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float32, Shaped

from diffecg.errors import DiffecgError

NUMBER_DRAWS = 256
"""Rows of numbers that are kept for each label."""
NEAREST = 16
"""Number of the rows nearest to given numbers, of which one is drawn."""


def number_draws(
    numbers: Float32[np.ndarray, "window number"],
    labels: Shaped[np.ndarray, " window"],
    names: Sequence[str],
    seed: int,
) -> Float32[np.ndarray, "label draw number"]:
    """Return random rows of the numbers of each label, all of them known.

    A label with fewer windows than draws repeats them; one without known numbers gets those of all labels.

    Args:
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
    draws = np.empty((len(names), NUMBER_DRAWS, numbers.shape[1]), dtype=np.float32)
    for row, label in enumerate(names):
        rng = np.random.default_rng([seed, row])
        own = known[labels[known] == label]
        rows = rng.permutation(own if own.size else known)
        draws[row] = numbers[np.resize(rows, NUMBER_DRAWS)]
    return draws


def complete_numbers(
    draws: Float32[np.ndarray, "draw number"],
    given: Float32[np.ndarray, " number"],
    scale: Float[np.ndarray, " number"],
    chance: float,
) -> Float32[np.ndarray, " number"]:
    """Return numbers in which the unknown ones are those of a row that resembles the known ones.

    The row is one of the :data:`NEAREST` in the known numbers, or one that is as near as the last of them;
    without known numbers, any row.

    Args:
        draws: rows of numbers.
        given: numbers; NaN = unknown.
        scale: standard deviation of each number.
        chance: number from 0 to 1 that chooses the row.
    """
    known = np.isfinite(given)
    distance = np.square((draws - given) / scale, where=known, out=np.zeros_like(draws)).sum(axis=1)
    near = np.flatnonzero(distance <= np.partition(distance, NEAREST - 1)[NEAREST - 1])
    return np.where(known, given, draws[near[int(chance * len(near))]])
