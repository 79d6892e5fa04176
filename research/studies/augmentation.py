"""``diffecg study augmentation``: what synthetic beats do for classifiers of people nobody trained on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.evaluation.generation.classifiers import CLASSIFIERS
from diffecg.inference.checks import check_integer
from research.studies.beats import Beats, beats_of
from research.studies.confusion import Unseen, f1, macro_f1
from research.studies.grid import Cell
from research.studies.outcomes import cell_name, counts_of, outcome_tables
from research.studies.provenance import depends_on
from research.studies.strategies import SHORT, STRATEGIES, part_of, sources_of, train_and_test
from research.studies.tables import Table, figure, spread

RANDOM = "random beats"
_RANDOM_NOTE = (
    "Beats of the same subjects, often neighbours in time, are on both sides: this split, which the paper "
    "appears to use, says nothing about new subjects. The generator has seen some of them, too."
)
_HELD_OUT = 0.2


@dataclass(frozen=True)
class AugmentationSettings:
    """What the study computes."""

    model: str = "mitbih-beat"
    """Where diffusion's beats come from."""
    seeds: int = 5
    """Of the choice of beats and of the classifiers."""
    shares: tuple[float, ...] = (0.01, 0.1, 1.0)
    """Shares of the real training beats that are left."""
    pool: int = 20_000
    """Beats of each class that each generator draws in all."""
    minutes: float = 20.0
    """Training time of the GAN."""

    def __post_init__(self) -> None:
        """Refuse what makes no study: a paired test needs two seeds."""
        check_integer("seeds", self.seeds, 2)
        wrong = [share for share in self.shares if not 0 < share <= 1]
        if wrong:
            raise DiffecgError(f"share {wrong[0]:g} must lie above 0 and not above 1; 0.1 is a tenth")


def about(windows: Windows, settings: AugmentationSettings) -> dict[str, Any]:
    """Return all that the results depend on."""
    return depends_on("augmentation", settings, windows, [settings.model])


def cells(windows: Windows, folder: Path, settings: AugmentationSettings) -> list[Cell]:
    """Return a cell for each strategy with each share of the training beats, and with random beats."""
    beats = beats_of(windows)
    sources = sources_of(beats, folder, settings.model, settings.pool, 60 * settings.minutes)
    test = Unseen(beats.partition("test"), beats.labels)
    grid = [
        (protocol(share), STRATEGIES if share >= 1 else SHORT, partial(_patients, beats, test, share))
        for share in reversed(settings.shares)
    ]
    grid.append((RANDOM, SHORT, partial(_random_beats, beats)))
    return [
        Cell(
            cell_name(under, strategy.name),
            partial(train_and_test, strategy, sets, sources, settings.seeds),
        )
        for under, strategies, sets in grid
        for strategy in strategies
    ]


def protocol(share: float) -> str:
    """Return the name of the patient-disjoint protocol with a share of the training beats."""
    return f"patient-disjoint, {share:.0%} of the beats"


def tables(results: dict[str, Any], labels: list[str], settings: AugmentationSettings) -> list[Table]:
    """Return a table for each kind of classifier, the random split beside, and the learning curve."""
    rare = labels[1:]
    out = outcome_tables(results, protocol(1.0), labels)
    out += outcome_tables(results, RANDOM, labels, _RANDOM_NOTE)
    head = ("share, strategy", *(f"macro-F1, {kind}" for kind in CLASSIFIERS), *(f"F1 of {x}" for x in rare))
    rows = []
    for share in settings.shares:
        for strategy in SHORT:
            found = [counts_of(results, protocol(share), strategy.name, kind) for kind in CLASSIFIERS]
            each = np.mean([f1(one.sum(axis=1)).mean(axis=0) for one in found], axis=0)
            scores = [spread(macro_f1(one.sum(axis=1)).tolist()) for one in found]
            rows.append(
                (f"{share:.0%}, {strategy.name}", *scores, *(figure(each[labels.index(x)]) for x in rare))
            )
    note = "What helps when little real data is left; F1 of a class is the mean over seeds and classifiers."
    return [*out, Table("Learning curve", note, head, rows)]


def curve(results: dict[str, Any], settings: AugmentationSettings) -> dict[str, dict[str, list[list[float]]]]:
    """Return macro-F1 by kind of classifier and strategy, (share seed)."""
    return {
        kind: {
            strategy.name: [
                macro_f1(counts_of(results, protocol(share), strategy.name, kind).sum(axis=1)).tolist()
                for share in settings.shares
            ]
            for strategy in SHORT
        }
        for kind in CLASSIFIERS
    }


def _patients(beats: Beats, test: Unseen, share: float, seed: int) -> tuple[Windows, Unseen]:
    """Return training beats and the test people's."""
    return part_of(beats.partition("train"), share, seed), test


def _random_beats(beats: Beats, seed: int) -> tuple[Windows, Unseen]:
    """Return four fifths of all beats and the other fifth, whoever's they are."""
    order = np.random.default_rng(seed).permutation(len(beats.all))
    held_out = order[: round(_HELD_OUT * len(order))]
    return beats.all.take(order[len(held_out) :]), Unseen(beats.all.take(held_out), beats.labels)
