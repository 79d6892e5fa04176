"""Tables and figure of the study of sharing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from diffecg.plotting.panels import panels
from research.studies.confusion import f1, macro_f1
from research.studies.result_tables import DIFFERENCE_NOTE, Counts, difference_cell
from research.studies.sharing_copies import REAL
from research.studies.sharing_privacy import subject_auc
from research.tables import Table, format_mean, format_number

OWN, BOTH = "own real beats", "own real beats and the copy"
"""Training sets of a user with few real beats."""


def utility_cell(name: str, kind: str, seed: int) -> str:
    """Return the name of the cell of a classifier trained on a copy."""
    return f"{kind}; {name}; seed {seed}"


def mixed_cell(subjects: int, arm: str, kind: str, seed: int) -> str:
    """Return the name of the cell of a classifier trained on real beats of a few subjects."""
    return f"{kind}; {arm} of {subjects} subjects; seed {seed}"


def privacy_cell(name: str) -> str:
    """Return the name of the cell of the attacks on a copy."""
    return f"privacy; {name}"


class Outcome:
    """The results of the study, by copy and kind of classifier."""

    def __init__(
        self,
        results: Mapping[str, Any],
        kinds: Sequence[str],
        labels: Sequence[str],
        names: Sequence[str],
        seeds: int,
    ) -> None:
        self.results, self.kinds, self.labels, self.names = results, list(kinds), list(labels), list(names)
        self._seeds = range(seeds)

    def copy(self, name: str, kind: str) -> Counts:
        """Return the confusion matrices of classifiers trained on a copy."""
        return np.array([self.results[utility_cell(name, kind, seed)] for seed in self._seeds])

    def mixed(self, subjects: int, arm: str, kind: str) -> Counts:
        """Return those of classifiers trained on real beats of a few subjects."""
        return np.array([self.results[mixed_cell(subjects, arm, kind, seed)] for seed in self._seeds])

    def share(self, name: str) -> float:
        """Return the macro-F1 relative to that of real beats, mean over kinds of classifier."""
        return float(np.mean([_macro(self.copy(name, k)) / _macro(self.copy(REAL, k)) for k in self.kinds]))


def utility_table(outcome: Outcome) -> Table:
    """Return a row for each copy: macro-F1 of each classifier, and F1 of each label."""
    rows = []
    for name in outcome.names:
        counts = {kind: outcome.copy(name, kind) for kind in outcome.kinds}
        by_label = np.mean([f1(one.sum(axis=1)).mean(axis=0) for one in counts.values()], axis=0)
        scores = [
            f"{format_mean(macro_f1(one.sum(axis=1)).tolist())} "
            f"({format_number(_macro(one) / _macro(outcome.copy(REAL, kind)))})"
            for kind, one in counts.items()
        ]
        rows.append((name, *scores, *(format_number(value) for value in by_label.tolist())))
    note = (
        "Macro-F1 on unseen subjects, mean ± standard deviation over seeds, and in brackets its ratio to "
        "that of the real beats; F1 of each label: mean over seeds and classifiers. No set has RR "
        "intervals; all labels are drawn equally often."
    )
    head = ("trained on", *outcome.kinds, *(f"F1 of {label}" for label in outcome.labels))
    return Table(title="Utility", note=note, head=head, rows=rows)


def privacy_table(outcome: Outcome, names: Sequence[str]) -> Table:
    """Return a row for each copy and reference: the AUC of attacks, and the share of near-copies."""
    rows = []
    for name in names:
        result = outcome.results[privacy_cell(name)]
        value, low, high = subject_auc(result["subjects"])
        beats, copies = result.get("beats", {}), result.get("copies", {})
        worst = max(beats, key=beats.__getitem__, default="")
        rows.append(
            (
                name,
                f"{value:.2f} ({low:.2f} to {high:.2f})",
                f"{beats[worst]:.2f} ({worst})" if worst else "",
                *(format_number(copies.get(label)) for label in outcome.labels),
            )
        )
    note = (
        "AUC of guessing from a published set whether a subject was in the training set (with a 95 % "
        "bootstrap interval over subjects; the others are the test subjects), and which of a subject's beats "
        "were, for the label where it is largest; 0.5 = by chance. Copies of a label: share of published "
        "beats nearer to a training beat than any held-out beat."
    )
    head = ("published", "subjects", "beats", *(f"copies, {label}" for label in outcome.labels))
    return Table(title="Privacy", note=note, head=head, rows=rows)


def mixed_table(outcome: Outcome, subjects: Sequence[int], shared: str) -> Table:
    """Return a row for each number of own subjects and training set."""
    rows = []
    for number in subjects:
        for arm in (OWN, BOTH):
            scores = [macro_f1(outcome.mixed(number, arm, kind).sum(axis=1)) for kind in outcome.kinds]
            differences = [
                difference_cell(outcome.mixed(number, BOTH, kind), outcome.mixed(number, OWN, kind))
                if arm == BOTH
                else ""
                for kind in outcome.kinds
            ]
            values = [format_mean(one.tolist()) for one in scores]
            rows.append((str(number), arm, *_alternate(values, differences)))
    for name in (shared, REAL):
        values = [format_mean(macro_f1(outcome.copy(name, k).sum(axis=1)).tolist()) for k in outcome.kinds]
        rows.append(("", f"{name} of all subjects", *_alternate(values, [""] * len(values))))
    note = (
        f"Real beats of a few of the training subjects, others for each seed, with and without the copy "
        f"{shared}. Macro-F1, mean ± standard deviation over seeds; difference to own real beats alone "
        f"({DIFFERENCE_NOTE})."
    )
    head = (
        "own subjects",
        "trained on",
        *_alternate(outcome.kinds, [f"difference, {k}" for k in outcome.kinds]),
    )
    return Table(title="A few real subjects and the copy", note=note, head=head, rows=rows)


def trade_off_figure(outcome: Outcome) -> Figure:
    """Plot utility against each measure of privacy, a point for each copy."""
    figure, axes = panels(2, 2, "What a copy is worth, and what it reveals", panel_inch=(3.6, 3.0))
    for number, name in enumerate(outcome.names):
        result = outcome.results[privacy_cell(name)]
        revealed = (
            subject_auc(result["subjects"])[0],
            float(np.mean([*result["copies"].values()] or [np.nan])),
        )
        for axis, value in zip(axes, revealed, strict=True):
            axis.plot(value, outcome.share(name), "os^Dv<>P"[number % 8], markersize=6, label=name)
    axes[0].set_xlabel("AUC of guessing the subjects")
    axes[1].set_xlabel("near-copies of training beats, mean of labels")
    axes[0].set_ylabel("macro-F1 / that of real beats")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=7)
    return figure


def _macro(counts: Counts) -> float:
    return float(macro_f1(counts.sum(axis=1)).mean())


def _alternate(first: Sequence[str], second: Sequence[str]) -> list[str]:
    return [value for pair in zip(first, second, strict=True) for value in pair]
