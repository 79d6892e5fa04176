"""``python -m research sharing``: what a published synthetic copy of a data set is worth, and reveals."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from diffecg.cli.console import Flat, Json, Threads, use_threads
from diffecg.datasets.concatenation import concatenate
from diffecg.datasets.loading import open_windows
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.evaluation.generation.classifiers import CLASSIFIERS
from diffecg.inference.checks import check_integer
from research.studies.beats import select_beats, without_rr
from research.studies.command import Data, Out, publish, run_study
from research.studies.confusion import TestSet, classify
from research.studies.grid import Cell
from research.studies.pretraining_arms import choose_subjects
from research.studies.pretraining_beats import REQUIRED
from research.studies.provenance import provenance
from research.studies.sharing_copies import Copies
from research.studies.sharing_privacy import OTHER_BEATS, OTHER_SUBJECTS, PrivacyTest
from research.studies.sharing_tables import (
    BOTH,
    OWN,
    Outcome,
    mixed_cell,
    mixed_table,
    privacy_cell,
    privacy_table,
    trade_off_figure,
    utility_cell,
    utility_table,
)


@dataclass(frozen=True, kw_only=True)
class SharingOptions:
    """Options of the study."""

    models: tuple[str, ...] = ("mitbih-beat", "mitbih-beat-fast")
    """Models that copies are made of: bundled names or model folders."""
    times: int = 5
    """Size of the larger copy of each model, as a multiple of the real set."""
    subjects: tuple[int, ...] = (2, 5)
    """Numbers of subjects of whom a user has real beats."""
    classifiers: tuple[str, ...] = tuple(CLASSIFIERS)
    """Kinds of classifier."""
    every: int = 1
    """One in so many of the test beats of each label and recording is classified."""
    each: int = 50
    """Beats of each subject in the attack on subjects."""

    def __post_init__(self) -> None:
        """Check the kinds of classifier and the numbers."""
        wrong = [kind for kind in self.classifiers if kind not in CLASSIFIERS]
        if wrong:
            raise DiffecgError(f"classifier {wrong[0]!r} is not one of {', '.join(CLASSIFIERS)}")
        check_integer("times", self.times, 2)
        check_integer("every", self.every, 1)


def sharing(
    *,
    data: Data,
    out: Out,
    seeds: int = 5,
    options: Annotated[SharingOptions, Flat] = SharingOptions(),
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Measure what synthetic copies of the training set are worth, and what they reveal of it.

    Example: python -m research sharing --data beats/ --out studies/sharing --threads 1

    A copy takes the place of the real beats, or is added to the real beats of a few subjects that a user has.
    Classifiers are tested on other subjects. Attacks guess from a copy whose beats, and which of them, it was
    made of. All of a seed is computed before the next seed; the same command with more seeds continues.

    Args:
        seeds: Seeds of the classifiers and choices of a user's subjects.
    """
    use_threads(threads)
    check_integer("seeds", seeds, 2)
    windows = open_windows(data)
    study = Study(beats=select_beats(windows), folder=out, options=options)
    results = run_study(out, provenance("sharing", options, windows, options.models), study.cells(seeds))
    outcome = Outcome(results, options.classifiers, study.test.labels, study.copies.names, seeds)
    tables = [
        utility_table(outcome),
        privacy_table(outcome, [*study.copies.names, OTHER_BEATS, OTHER_SUBJECTS]),
        mixed_table(outcome, options.subjects, study.shared),
    ]
    publish(out, "Sharing", tables, {"trade-off": trade_off_figure(outcome)}, as_json=json)


@dataclass(frozen=True, kw_only=True, eq=False)
class Study:
    """The beats and options of the study."""

    beats: Windows
    """Real beats, with the partitions train, validation and test."""
    folder: Path
    """Folder of the study, in which generated beats are kept."""
    options: SharingOptions

    @cached_property
    def copies(self) -> Copies:
        """The real training beats and their copies."""
        return Copies(
            train=self.beats.partition("train"),
            models=self.options.models,
            times=self.options.times,
            folder=self.folder / "copies",
        )

    @property
    def shared(self) -> str:
        """Name of the copy that is added to the real beats of a user."""
        return Path(self.options.models[0]).name

    @cached_property
    def test(self) -> TestSet:
        """The beats that classifiers are tested on."""
        thinned = thin(without_rr(self.beats.partition("test")), self.options.every)
        return TestSet(thinned, self.copies.real.unique_labels())

    @cached_property
    def privacy(self) -> PrivacyTest:
        """The beats that copies are compared with; classifiers have no part in it."""
        return PrivacyTest(
            members=self.copies.real,
            held_out=without_rr(self.beats.partition("validation")),
            outsiders=without_rr(self.beats.partition("test")),
            each=self.options.each,
            seeds=3,
        )

    def cells(self, seeds: int) -> list[Cell]:
        """Return the grid: privacy, then seed by seed the classifiers."""
        grid = [Cell(privacy_cell(name), partial(self._privacy_of, name)) for name in self.copies.names]
        grid.append(Cell(privacy_cell(OTHER_BEATS), self.privacy.of_other_beats))
        grid.append(Cell(privacy_cell(OTHER_SUBJECTS), self.privacy.of_other_subjects))
        for seed in range(seeds):
            for kind in self.options.classifiers:
                for name in self.copies.names:
                    grid.append(Cell(utility_cell(name, kind, seed), partial(self.utility, name, kind, seed)))
                for number in self.options.subjects:
                    for arm in (OWN, BOTH):
                        compute = partial(self.mixed, number, arm, kind, seed)
                        grid.append(Cell(mixed_cell(number, arm, kind, seed), compute))
        return grid

    def utility(self, name: str, kind: str, seed: int) -> list[Any]:
        """Return the confusion matrices by recording of a classifier trained on a copy."""
        return self._classify(kind, self.copies.make(name), seed)

    def mixed(self, number: int, arm: str, kind: str, seed: int) -> list[Any]:
        """Return those of a classifier trained on real beats of a few subjects, with or without a copy."""
        real = self.copies.real
        targets = (real.labels[:, None] == np.array(REQUIRED)).astype(float)
        recordings = np.asarray(real.recordings)
        total = len(np.unique(recordings))
        smallest = min(self.options.subjects) / total
        chosen = choose_subjects(recordings, targets, number / total, seed, smallest=smallest)
        own = real.take(np.isin(recordings, chosen))
        copy = [self.copies.make(self.shared)] if arm == BOTH else []
        return self._classify(kind, concatenate([own, *copy]).drop_columns("recording"), seed)

    def _privacy_of(self, name: str) -> dict[str, Any]:
        return self.privacy.of_copy(self.copies.make(name))

    def _classify(self, kind: str, train: Windows, seed: int) -> list[Any]:
        counts: list[Any] = classify(kind, train, self.test, [seed])[0].tolist()
        return counts


def thin(windows: Windows, every: int) -> Windows:
    """Return one in ``every`` windows of each label and recording, from the first one on."""
    index = windows.index.groupby(["recording", "label"], sort=False).cumcount()
    return windows.take((index % every == 0).to_numpy())
