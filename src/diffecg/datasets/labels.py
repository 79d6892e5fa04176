"""Beat annotations to AAMI EC57 classes.

The recommended practice ANSI/AAMI EC57 groups the annotation symbols of PhysioNet into five classes:
N (not ectopic), S (supraventricular ectopic), V (ventricular ectopic), F (fusion of V and N) and
Q (paced, or not classifiable).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from diffecg.errors import DiffecgError

AAMI_LABELS = ("N", "S", "V", "F", "Q")
"""The AAMI classes, in the order used in tables."""

UNKNOWN = "?"
"""The label of a window whose class is not given."""


def _invert(groups: dict[str, str]) -> Mapping[str, str]:
    return MappingProxyType({symbol: label for label, symbols in groups.items() for symbol in symbols})


LABEL_MAPS: Mapping[str, Mapping[str, str]] = {
    "aami": _invert({"N": "NLRej", "S": "AaJS", "V": "VE", "F": "F", "Q": "/fQ"}),
    "aami-escape-s": _invert({"N": "NLR", "S": "AaJSej", "V": "VE", "F": "F", "Q": "/fQ"}),
}
"""Symbol to class. ``aami-escape-s`` is a common variant that counts escape beats (e, j) as S."""


def label_map(name: str) -> Mapping[str, str]:
    """Return the map from annotation symbol to class called ``name``.

    Raises:
        DiffecgError: there is no such map.
    """
    if name not in LABEL_MAPS:
        raise DiffecgError(f"unknown class map {name!r}; choose one of {', '.join(LABEL_MAPS)}")
    return LABEL_MAPS[name]


def check_label(label: str | None, known: Sequence[str], model: str) -> None:
    """Refuse a class that a model does not know; None, unknown, is allowed.

    Raises:
        DiffecgError: so it is.
    """
    if label is not None and label not in known:
        words = f"its labels are {', '.join(known)}" if known else "it has no labels"
        raise DiffecgError(f"unknown label {label!r} for the model {model}; {words}")
