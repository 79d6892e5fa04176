"""Beat labels: annotation symbols and the classes of ANSI/AAMI EC57.

EC57 groups the annotation symbols of PhysioNet into five classes: N (not ectopic), S (supraventricular
ectopic), V (ventricular ectopic), F (fusion of a ventricular and a normal beat) and Q (paced or
unclassifiable).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from diffecg.errors import DiffecgError

AAMI_LABELS = ("N", "S", "V", "F", "Q")
"""The AAMI classes, in the order of tables."""

UNKNOWN = "?"
"""The label of a window of unknown class."""

SEPARATOR = "+"
"""Separates several labels of a window in one text, as in ``MI+AFIB``."""

LabelMap = Mapping[str, str]
"""The label of each annotation symbol; symbols that are not in the map are labelled ``?``."""


def _label_map(symbols_by_label: dict[str, str]) -> LabelMap:
    return MappingProxyType(
        {symbol: label for label, symbols in symbols_by_label.items() for symbol in symbols}
    )


LABEL_MAPS: Mapping[str, LabelMap] = {
    "aami": _label_map({"N": "NLRej", "S": "AaJS", "V": "VE", "F": "F", "Q": "/fQ"}),
    "aami-escape-s": _label_map({"N": "NLR", "S": "AaJSej", "V": "VE", "F": "F", "Q": "/fQ"}),
}
"""The label maps; ``aami-escape-s`` is a common variant that labels escape beats (e, j) S instead of N."""


def label_map(name: str) -> LabelMap:
    """Return the label map with a name.

    Raises:
        DiffecgError: an unknown name.
    """
    if name not in LABEL_MAPS:
        raise DiffecgError(f"unknown label map {name!r}; choose one of {', '.join(LABEL_MAPS)}")
    return LABEL_MAPS[name]


def check_label(label: Any, known: Sequence[str], model: str, *, several: bool = False) -> None:
    """Check that a model knows a label; None (unknown) is allowed.

    Args:
        label: the label.
        known: labels of the model's training windows.
        model: name of the model.
        several: whether a window has any number of labels: then also several labels in one text, separated by
            ``+``, and a sequence of all labels are allowed.

    Raises:
        DiffecgError: the model was not trained on a label.
    """
    parts = [label]
    if several and label is not None and label not in known:
        parts = label.split(SEPARATOR) if isinstance(label, str) else list(label)
    for part in parts:
        if part is not None and part not in known:
            allowed = (
                f"the labels of its training windows are {', '.join(known)}"
                if known
                else "its training windows had no labels, so leave the label out"
            )
            raise DiffecgError(f"unknown label {part!r} for the model {model}; {allowed}")


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
    return {"label": np.asarray(labels, dtype=np.str_)}
