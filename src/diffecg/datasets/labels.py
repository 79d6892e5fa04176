"""Labels of windows: any texts.

Best known are the five classes of ANSI/AAMI EC57: N (not ectopic), S (supraventricular ectopic), V
(ventricular ectopic), F (fusion of a ventricular and a normal beat) and Q (paced or unclassifiable).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from diffecg.choices import choices
from diffecg.datasets.label_meanings import label_meanings
from diffecg.errors import DiffecgError

AAMI_LABELS = ("N", "S", "V", "F", "Q")
"""The classes of AAMI EC57, in the order of tables."""

UNKNOWN = "?"
"""The label of a window of unknown class."""

SEPARATOR = "+"
"""Separates several labels of a window in one text, as in ``MI+AFIB``."""


def sort_labels(labels: Iterable[str]) -> list[str]:
    """Return labels in the order of tables: those of AAMI, then numbers, then others sorted, ``?`` last."""
    present = set(labels)
    others = sorted(present - {*AAMI_LABELS, UNKNOWN}, key=_natural)
    return [label for label in (*AAMI_LABELS, *others, UNKNOWN) if label in present]


def _natural(label: str) -> tuple[float, str]:
    """Return the sorting key of a label: whole numbers by their value, before texts."""
    return (int(label) if label.isdecimal() else float("inf"), label)


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
                choices(
                    part,
                    known,
                    meanings=label_meanings(known),
                    intro="the labels of its training windows are",
                    all_by="diffecg info MODEL lists all labels",
                )
                if known
                else "its training windows had no labels, so leave the label out"
            )
            hint = f" (labels are texts: {str(part)!r})" if str(part) in known else ""
            raise DiffecgError(f"unknown label {part!r} for the model {model}; {allowed}{hint}")
