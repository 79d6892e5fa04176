"""``python -m research prematurity``: supraventricular beats generated together with their RR intervals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from diffecg.cli.console import Flat, Json, Threads, use_threads
from diffecg.datasets.concatenation import concatenate
from diffecg.datasets.loading import open_windows
from diffecg.datasets.windows import Windows, fingerprint
from diffecg.errors import DiffecgError
from diffecg.evaluation.generation.classifiers import Mode
from diffecg.inference.checks import check_integer
from research.studies.beats import select_beats
from research.studies.command import Data, Out, publish, run_study
from research.studies.confusion import TestSet, classify
from research.studies.generated_sets import generated_set
from research.studies.grid import Cell
from research.studies.prematurity_arms import SCOPES, WEIGHTS, Sources, added_counts, arms_of
from research.studies.prematurity_tables import (
    Outcome,
    cell_name,
    comparison_table,
    score_figure,
    score_table,
)
from research.studies.provenance import provenance
from research.studies.rhythm_classifiers import NETWORK, RATIOS, RHYTHM_CLASSIFIERS


@dataclass(frozen=True, kw_only=True)
class PrematurityOptions:
    """Options of the study."""

    joint_model: str = "mitbih-svdb-beat"
    """Model that generates RR intervals together with beats: a bundled name or a model folder."""
    plain_model: str = "mitbih-beat"
    """Model of beats without RR intervals, likewise."""
    target: int = 5000
    """Beats are added to a rare label until it has so many."""
    pool: int = 5000
    """Generated beats of each rare label and model; larger training sets repeat them."""
    classifiers: tuple[str, ...] = (RATIOS, NETWORK)
    """Kinds of classifier."""

    def __post_init__(self) -> None:
        """Check the kinds of classifier."""
        wrong = [kind for kind in self.classifiers if kind not in RHYTHM_CLASSIFIERS]
        if wrong:
            raise DiffecgError(f"classifier {wrong[0]!r} is not one of {', '.join(RHYTHM_CLASSIFIERS)}")


def prematurity(
    *,
    data: Data,
    other: Annotated[Path, Parameter(help="Beats of the other database that the joint model has seen.")],
    out: Out,
    seeds: int = 5,
    options: Annotated[PrematurityOptions, Flat] = PrematurityOptions(),
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Compare added S beats that have RR intervals of their own with beats that have borrowed ones.

    Example: python -m research prematurity --data beats/ --other svdb-train/ --out studies/prematurity

    Beats are added to the real training beats, to S alone or to S and V, up to the same numbers. The
    control has the same generated beats with RR intervals permuted within each label. All of a seed is
    computed before the next seed; the same command with more seeds continues.

    Args:
        seeds: Choices of the added beats, each with its own seed of the classifiers.
    """
    use_threads(threads)
    check_integer("seeds", seeds, 2)
    windows, others = open_windows(data), open_windows(other)
    study = Study(beats=select_beats(windows), others=select_beats(others), folder=out, options=options)
    about = {
        **provenance("prematurity", options, windows, [options.joint_model, options.plain_model]),
        "other": fingerprint(others),
    }
    results = run_study(out, about, study.cells(seeds))
    outcomes = [Outcome(results, kind, study.test.labels, seeds) for kind in options.classifiers]
    tables = [make(outcome) for outcome in outcomes for make in (score_table, comparison_table)]
    publish(out, "Prematurity", tables, {"f1-of-s": score_figure(outcomes)}, as_json=json)


@dataclass(frozen=True, kw_only=True, eq=False)
class Study:
    """The beats and options of the study."""

    beats: Windows
    """Real beats, with the partitions train and test."""
    others: Windows
    """Real beats of the other database; those of the partition train are used."""
    folder: Path
    """Folder of the study, in which generated beats are kept."""
    options: PrematurityOptions

    @cached_property
    def train(self) -> Windows:
        """The real training beats."""
        return self.beats.partition("train")

    @cached_property
    def test(self) -> TestSet:
        """The beats that classifiers are tested on."""
        return TestSet(self.beats.partition("test"), self.train.unique_labels(), RHYTHM_CLASSIFIERS)

    @cached_property
    def sources(self) -> Sources:
        """The beats that all arms are made of."""
        labels = [label for label in SCOPES["S and V"] if label in self.train.labels]
        other = replace(self.others.partition("train"), channels=self.train.channels)
        joint, plain = (
            generated_set(
                self.folder / "pools" / f"{Path(model).name}.npz",
                model,
                dict.fromkeys(labels, self.options.pool),
            )
            for model in (self.options.joint_model, self.options.plain_model)
        )
        return Sources(train=self.train, joint=joint, plain=plain, other=other)

    def cells(self, seeds: int) -> list[Cell]:
        """Return the grid, seed by seed: all scopes, arms and classifiers."""
        return [
            Cell(cell_name(scope, arm, kind, seed), partial(self.compute, scope, arm, kind, seed))
            for seed in range(seeds)
            for scope in SCOPES
            for arm in arms_of(scope)
            for kind in self.options.classifiers
        ]

    def compute(self, scope: str, arm: str, kind: str, seed: int) -> list[list[list[int]]]:
        """Return the confusion matrix of each test recording, of a classifier trained with added beats."""
        mode: Mode = "weighted" if arm == WEIGHTS else "as they occur"
        train = self.train
        if SCOPES[scope]:
            counts = added_counts(train, scope, self.options.target)
            added = self.sources.oversamplers()[arm](train, counts, seed)
            train = concatenate([train, added]).drop_columns("recording")
        counts_by_recording: list[list[list[int]]] = classify(kind, train, self.test, [seed], mode)[
            0
        ].tolist()
        return counts_by_recording
