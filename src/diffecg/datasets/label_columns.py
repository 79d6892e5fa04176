"""Labels of windows as columns of an index."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Shaped

from diffecg.datasets.labels import UNKNOWN
from diffecg.errors import DiffecgError

MAX_WHOLE = 2**53
"""Floats from here on do not hold every whole number."""


def label_column(labels: Any, count: int) -> dict[str, Any]:
    """Return the labels of windows as a column of an index: ``label``, or ``labels`` for several each.

    Args:
        labels: a label for each window, a list of labels for each window, or an array (window, label) of
            zeros and ones; None: unknown.
        count: number of windows.
    """
    if labels is None:
        return {"label": np.full(count, UNKNOWN)}
    if isinstance(labels, np.ndarray) and labels.ndim == 2:
        return {"labels": [[str(name) for name in np.flatnonzero(row)] for row in labels]}
    several = [isinstance(label, list | tuple | set) for label in labels]
    if count and all(several):
        return {"labels": [[str(name) for name in sorted(names)] for names in labels]}
    if any(several):
        raise DiffecgError(
            "some windows have a list of labels and others a single label; give each of them a list"
        )
    return {"label": label_texts(labels)}


def label_texts(labels: Any) -> Shaped[np.ndarray, " window"]:
    """Return labels as text: whole numbers without decimals, missing ones as ``?``.

    Args:
        labels: label of each window: texts, or numbers of classes; None or NaN where it is missing.
    """
    cells = pd.Series(labels)
    if pd.api.types.is_float_dtype(cells):
        known = cells.dropna().to_numpy(np.float64)
        if np.all((np.abs(known) < MAX_WHOLE) & (known == np.round(known))):
            cells = cells.astype("Int64")
    return cells.astype(object).where(cells.notna(), UNKNOWN).to_numpy(dtype=np.str_)
