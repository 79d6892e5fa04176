"""Tables and figure of the study of pretraining: scores of each arm, and paired differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from diffecg.plotting.panels import panel_title, panels
from research.studies.confusion import paired_interval, paired_p
from research.studies.pretraining_arms import ARMS, COMPARISONS, Task, arms_of, cell_name
from research.tables import Table, format_mean


class Outcome:
    """The scores of a task's classifiers, computed from their results once."""

    def __init__(self, task: Task, results: Mapping[str, Any], seeds: int) -> None:
        self.task = task
        self.scores = cache(self._scores)
        self.bootstraps = cache(self._bootstraps)
        self._results = results
        self._seeds = range(seeds)

    def _scores(self, arm: str, share: float) -> Float[np.ndarray, "seed score"]:
        """Return the mean score and the score of each label."""
        return np.stack([self.task.scores(result) for result in self._of(arm, share)])

    def _bootstraps(self, arm: str, share: float) -> Float[np.ndarray, "bootstrap score"]:
        """Return the scores on bootstrap samples of the test subjects, mean over seeds."""
        return np.mean([self.task.bootstraps(result) for result in self._of(arm, share)], axis=0)

    def _of(self, arm: str, share: float) -> list[Any]:
        return [self._results[cell_name(self.task, arm, share, seed)] for seed in self._seeds]


def score_table(outcome: Outcome) -> Table:
    """Return a row for each share of the subjects and arm."""
    task = outcome.task
    rows = [
        (f"{share:.0%}", arm, *(format_mean(values.tolist()) for values in outcome.scores(arm, share).T))
        for share in (0.0, *task.shares)
        for arm in arms_of(share)
    ]
    return Table(
        title=f"{task.name[0].upper()}{task.name[1:]}: scores",
        note=(
            "Share: of the training subjects whose labels are known, others for each seed. All have the "
            "same number of training steps. Mean ± standard deviation over seeds."
        ),
        head=("share", "trained on", task.metric, *task.labels),
        rows=rows,
    )


def difference_table(outcome: Outcome) -> Table:
    """Return a row for each share of the subjects and comparison."""
    task = outcome.task
    rows = [
        (f"{share:.0%}", arm, other, *_differences(outcome, arm, other, share))
        for share in task.shares
        for arm, other in COMPARISONS
        if {arm, other} <= {*arms_of(share), *arms_of(0)}
    ]
    head = ("share", "trained on", "against", task.metric, "over seeds", "p", "over subjects", *task.labels)
    return Table(
        title=f"{task.name[0].upper()}{task.name[1:]}: differences",
        note=(
            "95 % intervals of the mean difference: by Student's paired t distribution over seeds, with p of "
            "the test; and by bootstrap over the test subjects, with the classifiers as they are. Of each "
            "label: difference (interval over subjects). p is not corrected for the number of comparisons."
        ),
        head=head,
        rows=rows,
    )


def score_curves(outcomes: Sequence[Outcome]) -> Figure:
    """Plot the mean score against the share of subjects: a panel for each task, a line for each arm."""
    figure, axes = panels(len(outcomes), 2, "Scores on unseen subjects, mean ± standard deviation over seeds")
    for axis, outcome in zip(axes, outcomes, strict=True):
        task = outcome.task
        for position, arm in enumerate(ARMS):
            shares = [share for share in task.shares if arm in arms_of(share) or arm in arms_of(0)]
            values = [outcome.scores(arm, share)[:, 0] for share in shares]
            x = np.array(shares) * 1.03 ** (position - len(ARMS) / 2)  # error bars side by side
            means, deviations = ([float(f(value)) for value in values] for f in (np.mean, np.std))
            axis.errorbar(x, means, deviations, marker="o", markersize=3, linewidth=1, label=arm)
        axis.set_xscale("log")
        axis.set_xticks(list(task.shares), [f"{share:.0%}" for share in task.shares])
        axis.minorticks_off()
        axis.set_xlabel("training subjects with known labels")
        axis.set_ylabel(task.metric)
        panel_title(axis, task.name)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=7)
    return figure


def _differences(outcome: Outcome, arm: str, other: str, share: float) -> list[str]:
    ours, others = (outcome.scores(name, share) for name in (arm, other))
    macro, other_macro = ours[:, 0].tolist(), others[:, 0].tolist()
    resampled = outcome.bootstraps(arm, share) - outcome.bootstraps(other, share)
    lower, upper = np.nanquantile(resampled, [0.025, 0.975], axis=0)
    means = (ours - others).mean(axis=0)
    over_subjects = [f"{low:+.3f} to {high:+.3f}" for low, high in zip(lower, upper, strict=True)]
    low, high = paired_interval(macro, other_macro)
    return [
        f"{means[0]:+.3f}",
        f"{low:+.3f} to {high:+.3f}",
        f"{paired_p(macro, other_macro):.3f}",
        over_subjects[0],
        *(f"{mean:+.3f} ({text})" for mean, text in zip(means[1:], over_subjects[1:], strict=True)),
    ]
