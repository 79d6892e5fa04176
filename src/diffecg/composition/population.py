"""The population of PTB-XL: what is said of each of its recordings, for sets with the same distribution."""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files
from typing import Any

import numpy as np
import pandas as pd

from diffecg.composition.beat_source import HEART_RATE, LABELS
from diffecg.inference.checks import check_integer

FILE = "ptbxl_population.parquet"
COLUMNS = (LABELS, "age", "sex", HEART_RATE)
"""Statements, age in years, sex (0 male, 1 female), heart rate in beats per minute; NaN = unknown."""


@cache
def load_population() -> pd.DataFrame:
    """Return the conditions of the 17,084 recordings of PTB-XL's training folds that have a superclass."""
    with as_file(files("diffecg.composition").joinpath(FILE)) as path:
        return pd.read_parquet(path)


def draw_conditions(first: int, count: int, seed: int, known: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the conditions of the recordings ``first`` to ``first + count`` of a random set.

    They are those of PTB-XL's recordings in random order; after the last of these the order begins again.

    Args:
        first: number of the first recording within the set.
        count: number of recordings.
        seed: seed of the order.
        known: statements that a model knows; others are left out.

    Raises:
        DiffecgError: a seed below 0.
    """
    check_integer("seed", seed, 0)
    table = load_population()
    order = np.random.default_rng(seed).permutation(len(table))
    rows = table.iloc[order[np.arange(first, first + count) % len(table)]]
    return [
        {
            LABELS: tuple(label for label in labels if label in known),
            **dict(zip(COLUMNS[1:], numbers, strict=True)),
        }
        for labels, *numbers in rows.itertuples(index=False)
    ]
