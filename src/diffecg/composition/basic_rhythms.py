"""Rhythms by name and by the statement of PTB-XL that describes them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

ONSET_S = {"N": 0.22, "S": 0.22, "V": 0.125, "F": 0.125}
"""Onset of a beat before its R peak: of the P wave, or of the QRS complex of beats without one."""
OCCASIONAL = "occasional"
"""Precedes labels of ectopic beats that come at random, as in ``occasional V``."""


@dataclass(frozen=True, kw_only=True)
class BasicRhythm:
    """What the normal beats of a recording follow."""

    statement: str
    """Its SCP code in PTB-XL."""
    annotation: str
    """Text of its rhythm annotation in WFDB files."""
    onset_s: float = ONSET_S["N"]
    """Onset of normal beats before their R peak."""
    is_irregular: bool = False
    """Whether intervals are random instead of following respiration."""


FIBRILLATION = "AFIB"
BASIC_RHYTHMS = {
    "sinus rhythm": BasicRhythm(statement="SR", annotation="(N"),
    "sinus arrhythmia": BasicRhythm(statement="SARRH", annotation="(N"),
    "sinus tachycardia": BasicRhythm(statement="STACH", annotation="(N"),
    "sinus bradycardia": BasicRhythm(statement="SBRAD", annotation="(SBR"),
    "first-degree block": BasicRhythm(statement="1AVB", annotation="(BI", onset_s=0.34),
    "atrial fibrillation": BasicRhythm(
        statement=FIBRILLATION, annotation="(AFIB", onset_s=ONSET_S["V"], is_irregular=True
    ),
}
"""Basic rhythms by the name that the rhythm language knows them by."""
_PRECEDENCE = ("AFIB", "SARRH", "STACH", "SBRAD", "1AVB", "SR")
"""The first of these among the statements of a recording gives its intervals."""
_ORDER_ANNOTATIONS = {"bigeminy": "(B", "trigeminy": "(T", "atrial bigeminy": "(AB"}


def split_rhythm(text: str) -> tuple[BasicRhythm | None, str]:
    """Return the basic rhythm that a text begins with, if any, and the order of beats in the rest.

    >>> split_rhythm("atrial fibrillation N*8 V")[1], split_rhythm("sinus tachycardia")[1]
    ('N*8 V', 'N')
    >>> split_rhythm("atrial bigeminy")
    (None, 'atrial bigeminy')
    """
    for name, rhythm in BASIC_RHYTHMS.items():
        if text.startswith(name) and text[len(name) :][:1].strip() == "":
            return rhythm, text[len(name) :].strip() or "N"
    return None, text


def rhythm_annotation(basic: BasicRhythm | None, order: str) -> str:
    """Return the text of the rhythm annotation of a WFDB file; empty if the rhythm has no name."""
    if basic is not None and basic.is_irregular:
        return basic.annotation
    return _ORDER_ANNOTATIONS.get(order, "" if basic is None else basic.annotation)


def rhythm_of(statements: Collection[str]) -> str:
    """Return the rhythm that statements of PTB-XL describe, in the rhythm language.

    >>> rhythm_of(["NORM", "SR"]), rhythm_of(["MI", "AFIB", "PVC"])
    ('sinus rhythm', 'atrial fibrillation occasional V')
    >>> rhythm_of(["BIGU", "PAC"])
    'sinus rhythm atrial bigeminy'
    """
    names = {rhythm.statement: name for name, rhythm in BASIC_RHYTHMS.items()}
    basic = next((names[code] for code in _PRECEDENCE if code in statements), "sinus rhythm")
    ectopic = [label for code, label in (("PVC", "V"), ("PAC", "S")) if code in statements]
    for code, pattern in (("BIGU", "bigeminy"), ("TRIGU", "trigeminy")):
        if code in statements:
            return f"{basic} {'atrial ' if ectopic == ['S'] else ''}{pattern}"
    return f"{basic} {OCCASIONAL} {' '.join(ectopic)}" if ectopic else basic


def onset_s(label: str, statements: Collection[str]) -> float:
    """Return the onset of a beat before its R peak, in s.

    Args:
        label: label of the beat.
        statements: statements about the recording: beats of atrial fibrillation have no P wave, that of
            first-degree block comes early.
    """
    if label == "N":
        for rhythm in BASIC_RHYTHMS.values():
            if rhythm.onset_s != ONSET_S["N"] and rhythm.statement in statements:
                return rhythm.onset_s
    return ONSET_S[label]
