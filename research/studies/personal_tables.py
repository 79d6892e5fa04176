"""Tables of the study of personalisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from research.studies.confusion import Score, difference_interval, f1, paired_p
from research.studies.personal_arms import OWN_NORMAL, RELATIVE
from research.studies.personal_beats import LABELS
from research.studies.result_tables import Counts
from research.tables import Table, format_mean

_CHECKED = LABELS[:3]
"""Labels whose F1 is shown and averaged: F beats are few, and of few subjects."""


def abnormal_f1(counts: Int[np.ndarray, "*batch truth predicted"]) -> Float[np.ndarray, "*batch"]:
    """Return the F1 of abnormal beats, those of any label but the first."""
    hits = counts[..., 1:, 1:].sum(axis=(-2, -1))
    wrong = counts[..., 0, 1:].sum(axis=-1) + counts[..., 1:, 0].sum(axis=-1)
    return np.asarray(2 * hits / np.maximum(2 * hits + wrong, 1))


def checked_macro_f1(counts: Int[np.ndarray, "*batch truth predicted"]) -> Float[np.ndarray, "*batch"]:
    """Return the mean F1 of N, S and V."""
    return np.asarray(f1(counts)[..., : len(_CHECKED)].mean(axis=-1))


def label_f1(label: str) -> Score:
    """Return the F1 of a label."""
    return lambda counts: f1(counts)[..., LABELS.index(label)]


SCORES: dict[str, Score] = {
    "abnormal": abnormal_f1,
    "macro": checked_macro_f1,
    **{label: label_f1(label) for label in _CHECKED},
}


def personal_tables(results: Mapping[str, Sequence[Any]]) -> list[Table]:
    """Return the scores and the differences of each database.

    Args:
        results: by arm, for each seed by database and subject the counts.
    """
    databases = next(iter(results.values()))[0]
    tables = []
    for name in databases:
        counts = {arm: np.array([[*run[name].values()] for run in runs]) for arm, runs in results.items()}
        tables += [_score_table(name, counts), _difference_table(name, counts)]
    return tables


def _score_table(name: str, counts: Mapping[str, Counts]) -> Table:
    rows = [
        (arm, *(format_mean(score(of_arm.sum(axis=1)).tolist()) for score in SCORES.values()))
        for arm, of_arm in counts.items()
    ]
    first = next(iter(counts.values()))[0]
    numbers = first.sum(axis=(0, 2))
    beats = ", ".join(f"{number:,} {label}" for number, label in zip(numbers, LABELS, strict=True))
    note = (
        f"{len(first)} subjects, after their first five minutes: {beats}. F1 of abnormal against "
        "normal beats; mean F1 of N, S and V; F1 of each. Mean ± standard deviation over seeds."
    )
    return Table(title=f"{name}: scores", note=note, head=("adapted with", *SCORES), rows=rows)


def _difference_table(name: str, counts: Mapping[str, Counts]) -> Table:
    rows = [
        (arm, other, *(_difference(counts[arm], counts[other], score) for score in SCORES.values()))
        for other in (RELATIVE, OWN_NORMAL)
        for arm in counts
        if arm != other
    ]
    note = (
        "Difference in F1 (p of Student's paired t test over seeds, not corrected for the number of "
        "comparisons; 95 % bootstrap interval over subjects)."
    )
    return Table(
        title=f"{name}: differences", note=note, head=("adapted with", "against", *SCORES), rows=rows
    )


def _difference(counts: Counts, others: Counts, score: Score) -> str:
    ours, theirs = (score(one.sum(axis=1)) for one in (counts, others))
    low, high = difference_interval(counts, others, score)
    p = f"p = {paired_p(ours.tolist(), theirs.tolist()):.3f}" if len(ours) > 1 else "one seed"
    return f"{(ours - theirs).mean():+.3f} ({p}; {low:+.3f} to {high:+.3f})"
