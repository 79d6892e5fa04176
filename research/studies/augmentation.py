"""``python -m research augmentation``: synthetic beats in the training set of classifiers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from diffecg.cli.console import Flat, Json, Threads, use_threads
from diffecg.datasets.loading import open_windows
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.evaluation.generation.classifiers import CLASSIFIERS
from research.studies.beats import select_beats
from research.studies.command import Data, Out, publish, run_study
from research.studies.confusion import TestSet, f1, macro_f1
from research.studies.figures import learning_curves
from research.studies.grid import Cell
from research.studies.provenance import provenance
from research.studies.result_tables import cell_name, counts_of, strategy_tables
from research.studies.strategies import (
    MAIN_STRATEGIES,
    STRATEGIES,
    StrategyOptions,
    make_oversamplers,
    subsample,
    train_and_test,
)
from research.tables import Table, format_mean, format_number

RANDOM = "random split of beats"
_RANDOM_NOTE = (
    "Beats of the same subjects, often neighbours in time, are on both sides: this split, which the paper "
    "appears to use, says nothing about new subjects. The generator was trained on some of the test beats."
)
_TEST_SHARE = 0.2


@dataclass(frozen=True)
class AugmentationOptions(StrategyOptions):
    """Settings of the study of augmentation."""

    shares: tuple[float, ...] = (0.01, 0.1, 1.0)
    """Shares of the real training beats to keep; 1, all of them, is always included."""

    def __post_init__(self) -> None:
        """Check the shares, sort them, and include 1."""
        super().__post_init__()
        wrong = [share for share in self.shares if not 0 < share <= 1]
        if wrong:
            raise DiffecgError(f"share {wrong[0]:g} must lie above 0 and not above 1; 0.1 is a tenth")
        object.__setattr__(self, "shares", tuple(sorted({*self.shares, 1.0})))


def augmentation(
    *,
    data: Data,
    out: Out,
    options: Annotated[AugmentationOptions, Flat] = AugmentationOptions(),
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Compare synthetic training beats with weights, oversampling, SMOTE and a GAN.

    Example: python -m research augmentation --data beats/ --out studies/augmentation --threads 1

    Three kinds of classifier, with the same number of training steps for every training set, are tested on
    held-out subjects and, in tables of their own, on a random split of beats. Small shares of the real beats
    show where augmentation helps.
    """
    use_threads(threads)
    windows = open_windows(data)
    results = run_study(
        out, provenance("augmentation", options, windows, [options.model]), cells(windows, out, options)
    )
    labels = select_beats(windows).unique_labels()
    figures = {"learning-curve": learning_curves(options.shares, curves(results, options))}
    publish(out, "Augmentation", tables(results, labels, options), figures, as_json=json)


def cells(windows: Windows, folder: Path, options: AugmentationOptions) -> list[Cell]:
    """Return a cell for each strategy, with each share of the training beats and with a random split."""
    beats = select_beats(windows)
    oversamplers = make_oversamplers(beats, folder, options)
    test = TestSet(beats.partition("test"), beats.unique_labels())
    protocols = [
        (
            disjoint(share),
            STRATEGIES if share >= 1 else MAIN_STRATEGIES,
            partial(_split_subjects, beats, test, share),
        )
        for share in reversed(options.shares)
    ]
    protocols.append((RANDOM, MAIN_STRATEGIES, partial(_split_beats, beats)))
    return [
        Cell(
            cell_name(protocol, strategy.name),
            partial(train_and_test, strategy, split, oversamplers, options.seeds),
        )
        for protocol, strategies, split in protocols
        for strategy in strategies
    ]


def disjoint(share: float) -> str:
    """Return the name of the subject-disjoint protocol with a share of the training beats."""
    return f"subject-disjoint, {share:.0%} of the beats"


def tables(results: dict[str, Any], labels: list[str], options: AugmentationOptions) -> list[Table]:
    """Return the tables of both protocols for each kind of classifier, and the learning curve."""
    head = (
        "share, strategy",
        *(f"macro-F1, {kind}" for kind in CLASSIFIERS),
        *(f"F1 of {label}" for label in labels[1:]),
    )
    rows = []
    for share in options.shares:
        for strategy in MAIN_STRATEGIES:
            by_kind = [
                counts_of(results, disjoint(share), strategy.name, kind).sum(axis=1) for kind in CLASSIFIERS
            ]
            by_class = np.mean([f1(counts).mean(axis=0) for counts in by_kind], axis=0)
            rows.append(
                (
                    f"{share:.0%}, {strategy.name}",
                    *(format_mean(macro_f1(counts).tolist()) for counts in by_kind),
                    *(format_number(value) for value in by_class[1:]),
                )
            )
    return [
        *strategy_tables(results, disjoint(1.0), labels),
        *strategy_tables(results, RANDOM, labels, _RANDOM_NOTE),
        Table(
            title="Learning curve",
            note="Scores by share of real training beats; F1 of a class: mean over seeds and classifiers.",
            head=head,
            rows=rows,
        ),
    ]


def curves(results: dict[str, Any], options: AugmentationOptions) -> dict[str, dict[str, list[list[float]]]]:
    """Return macro-F1 by kind of classifier and strategy: for each share the score of each seed."""
    return {
        kind: {
            strategy.name: [
                macro_f1(counts_of(results, disjoint(share), strategy.name, kind).sum(axis=1)).tolist()
                for share in options.shares
            ]
            for strategy in MAIN_STRATEGIES
        }
        for kind in CLASSIFIERS
    }


def _split_subjects(beats: Windows, test: TestSet, share: float, seed: int) -> tuple[Windows, TestSet]:
    """Return a share of the training partition, and the test partition."""
    return subsample(beats.partition("train"), share, seed), test


def _split_beats(beats: Windows, seed: int) -> tuple[Windows, TestSet]:
    """Return four fifths of all beats and the other fifth, at random whichever subject they are of."""
    order = np.random.default_rng(seed).permutation(len(beats))
    test, train = np.split(order, [round(_TEST_SHARE * len(order))])
    return beats.take(train), TestSet(beats.take(test), beats.unique_labels())
