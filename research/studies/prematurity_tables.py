"""Tables and figure of the study of prematurity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from matplotlib.figure import Figure

from diffecg.plotting.panels import panel_title, panels
from research.studies.confusion import (
    Score,
    f1,
    macro_f1,
    predictive_value,
    sensitivity,
)
from research.studies.prematurity_arms import COMPARISONS, NONE, NOTHING, SCOPES, arms_of
from research.studies.result_tables import DIFFERENCE_NOTE, Counts, difference_cell
from research.tables import Table, format_mean, format_number

SHOWN = ("S", "V")
"""Labels with scores of their own in the tables."""


def cell_name(scope: str, arm: str, kind: str, seed: int) -> str:
    """Return the name of the cell of a run."""
    return f"{kind}; {scope}; {arm}; seed {seed}"


class Outcome:
    """The confusion matrices of one kind of classifier."""

    def __init__(self, results: Mapping[str, Any], kind: str, labels: Sequence[str], seeds: int) -> None:
        self.kind, self.labels = kind, list(labels)
        self._results, self._seeds = results, range(seeds)

    @property
    def rows(self) -> list[tuple[str, str]]:
        """Scope and arm of each row."""
        return [(scope, arm) for scope in SCOPES for arm in arms_of(scope)]

    @property
    def scores(self) -> dict[str, Score]:
        """By name: the F1 of each shown label that the test set has, and the macro-F1."""
        positions = {label: self.labels.index(label) for label in SHOWN if label in self.labels}
        of_labels = {f"F1 of {label}": partial(_f1_of, position) for label, position in positions.items()}
        return {**of_labels, "macro-F1": macro_f1}

    def counts(self, scope: str, arm: str) -> Counts:
        """Return the confusion matrices of an arm."""
        return np.array([self._results[cell_name(scope, arm, self.kind, seed)] for seed in self._seeds])


def score_table(outcome: Outcome) -> Table:
    """Return a row for each scope and arm."""
    shown = [label for label in SHOWN if label in outcome.labels]
    head = ("added to", "added", *outcome.scores, *(f"{label}: Se, PPV" for label in shown))
    rows = []
    for scope, arm in outcome.rows:
        by_seed = outcome.counts(scope, arm).sum(axis=1)
        pooled = by_seed.sum(axis=0)
        rates = np.stack([sensitivity(pooled), predictive_value(pooled)], axis=1)
        pairs = [rates[outcome.labels.index(label)] for label in shown]
        rows.append(
            (
                scope,
                arm,
                *(format_mean(score(by_seed).tolist()) for score in outcome.scores.values()),
                *(", ".join(format_number(value) for value in pair.tolist()) for pair in pairs),
            )
        )
    note = (
        "Added to: labels that beats are added to. Mean ± standard deviation over seeds. Se, PPV: "
        "sensitivity and positive predictive value, of all seeds together."
    )
    return Table(title=f"{_title(outcome)}: scores", note=note, head=head, rows=rows)


def comparison_table(outcome: Outcome) -> Table:
    """Return a row for each scope and comparison, and for each arm against nothing added."""
    rows = []
    for scope in [name for name, labels in SCOPES.items() if labels]:
        arms = arms_of(scope)
        pairs = [((scope, one), (scope, other)) for one, other in COMPARISONS if {one, other} <= {*arms}]
        pairs += [((scope, arm), (NONE, NOTHING)) for arm in arms]
        for one, other in pairs:
            ours, others = outcome.counts(*one), outcome.counts(*other)
            cells = [difference_cell(ours, others, score) for score in outcome.scores.values()]
            rows.append((scope, one[1], other[1], *cells))
    note = f"Mean difference ({DIFFERENCE_NOTE}). p is not corrected for the number of comparisons."
    head = ("added to", "added", "against", *outcome.scores)
    return Table(title=f"{_title(outcome)}: differences", note=note, head=head, rows=rows)


def score_figure(outcomes: Sequence[Outcome]) -> Figure:
    """Plot the F1 of S of each arm: a panel for each classifier, a point for each seed, the mean as a bar."""
    figure, axes = panels(len(outcomes), 2, "F1 of S on unseen subjects", panel_inch=(6.5, 3.4))
    for axis, outcome in zip(axes, outcomes, strict=True):
        score = outcome.scores["F1 of S"]
        for row, (scope, arm) in enumerate(outcome.rows):
            values = score(outcome.counts(scope, arm).sum(axis=1))
            colour = f"C{[*SCOPES].index(scope)}"
            axis.plot(values, np.full(len(values), row), "o", markersize=3, alpha=0.5, color=colour)
            axis.plot(values.mean(), row, "|", markersize=11, markeredgewidth=2, color=colour)
        names = [arm if scope == NONE else f"{arm} ({scope})" for scope, arm in outcome.rows]
        axis.set_yticks(range(len(names)), names if axis is axes[0] else [""] * len(names))
        axis.invert_yaxis()
        axis.set_xlim(left=0)
        axis.set_xlabel("F1 of S")
        axis.grid(axis="x", linewidth=0.3)
        panel_title(axis, outcome.kind)
    return figure


def _f1_of(position: int, counts: Int[np.ndarray, "*batch truth predicted"]) -> Float[np.ndarray, "*batch"]:
    return f1(counts)[..., position]


def _title(outcome: Outcome) -> str:
    return outcome.kind[0].upper() + outcome.kind[1:]
