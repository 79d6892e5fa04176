"""What the classifiers of the study of pretraining are trained on, one phase after the other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np
from jaxtyping import Float, Shaped

from diffecg.errors import DiffecgError
from research.studies.grid import Cell

REAL, OTHER, SYNTHETIC, SHUFFLED = "real", "other real", "synthetic", "shuffled"
"""Data of a phase: real data of some subjects, of the other training subjects, synthetic, and synthetic with
the labels in random order."""
ONCE, TWICE = "real", "real, then real"
PRETRAINED, CONTROL, LIMIT = "synthetic, then real", "shuffled, then real", "other real, then real"
ZERO_SHOT = "synthetic alone"
ARMS: dict[str, tuple[str, ...]] = {
    ONCE: (REAL,),
    TWICE: (REAL, REAL),
    PRETRAINED: (SYNTHETIC, REAL),
    CONTROL: (SHUFFLED, REAL),
    LIMIT: (OTHER, REAL),
    ZERO_SHOT: (SYNTHETIC,),
}
"""By name, the data of each phase. All arms have the same number of training steps."""
COMPARISONS = (
    (PRETRAINED, ONCE),
    (PRETRAINED, TWICE),
    (PRETRAINED, CONTROL),
    (CONTROL, ONCE),
    (PRETRAINED, ZERO_SHOT),
    (LIMIT, PRETRAINED),
)
"""Pairs of arms of which the first is compared with the second."""
MIN_WINDOWS = 10
"""Fewest windows of each required label in the smallest share of the subjects."""
SECOND_PHASE_SEED = 1_000_000
"""Added to the seed of a run in its second phase, so that the batches differ from those of the first."""
_TRIES = 1000


class Task(Protocol):
    """Classifiers of one kind, trained on shares of the training subjects and tested on other subjects."""

    @property
    def name(self) -> str:
        """Name in the tables."""

    @property
    def metric(self) -> str:
        """Name of the mean score."""

    @property
    def labels(self) -> Sequence[str]:
        """Labels that have a score each."""

    @property
    def shares(self) -> Sequence[float]:
        """Shares of the training subjects whose labels are known."""

    def compute(self, sources: Sequence[str], share: float, seed: int) -> Any:
        """Train a classifier in phases and return its output on the test set, JSON-serialisable."""

    def scores(self, result: Any) -> Float[np.ndarray, " score"]:
        """Return the mean score and the score of each label of one result."""

    def bootstraps(self, result: Any) -> Float[np.ndarray, "bootstrap score"]:
        """Return the same on bootstrap samples of the test subjects."""


def cells(tasks: Sequence[Task], seeds: int) -> list[Cell]:
    """Return the grid, seed by seed: all tasks, shares and arms."""
    return [
        Cell(cell_name(task, arm, share, seed), partial(task.compute, ARMS[arm], share, seed))
        for seed in range(seeds)
        for task in tasks
        for share in (0.0, *task.shares)
        for arm in arms_of(share)
    ]


def arms_of(share: float) -> list[str]:
    """Return the arms that can be trained with a share of the subjects: none of them, some, or all."""
    return [
        arm
        for arm, sources in ARMS.items()
        if (REAL in sources) == (share > 0) and (OTHER not in sources or share < 1)
    ]


def cell_name(task: Task, arm: str, share: float, seed: int) -> str:
    """Return the name of the cell of a run; what needs no real data is of the share 0."""
    return f"{task.name}; {share if REAL in ARMS[arm] else 0:.0%}; {arm}; seed {seed}"


def phase_steps(total: int, pretraining: float, phases: int) -> list[int]:
    """Return the number of steps of each phase, a share of them in the first one of two."""
    if phases == 1:
        return [total]
    first = round(pretraining * total)
    return [first, total - first]


def choose_subjects(
    subjects: Shaped[np.ndarray, " window"],
    targets: Float[np.ndarray, "window label"],
    share: float,
    seed: int,
    *,
    smallest: float,
) -> Shaped[np.ndarray, " subject"]:
    """Return a random share of the subjects; a larger share of the same seed contains the smaller ones.

    Args:
        subjects: subject of each window.
        targets: 1 where a window has a label.
        share: share of the subjects.
        seed: seed of their order.
        smallest: smallest share; its subjects have at least MIN_WINDOWS windows of each label.

    Raises:
        DiffecgError: no such subjects were found.
    """
    names, subject = np.unique(subjects, return_inverse=True)
    counts = np.zeros((len(names), targets.shape[1]))
    np.add.at(counts, subject, targets)
    few, chosen = (max(1, round(part * len(names))) for part in (smallest, share))
    rng = np.random.default_rng(seed)
    for _ in range(_TRIES):
        order = rng.permutation(len(names))
        if (counts[order[:few]].sum(axis=0) >= MIN_WINDOWS).all():
            return names[order[:chosen]]
    raise DiffecgError(
        f"no {few} of {len(names)} training subjects have {MIN_WINDOWS} windows of each label; choose larger "
        "shares"
    )
