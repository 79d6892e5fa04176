"""``python -m research personalisation``: classifiers of beats adapted to a subject."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from cyclopts import Parameter

from diffecg._version import __version__
from diffecg.cli.console import Flat, Json, Threads, progress_bar, use_threads
from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.datasets.splits import SPLITS
from diffecg.errors import DiffecgError
from research.studies.command import Out, publish, run_study
from research.studies.grid import Cell
from research.studies.personal_arms import (
    ABSOLUTE,
    GENERATED,
    IMPERSONAL,
    MAPPED,
    OWN_LABELS,
    OWN_NORMAL,
    PERSONALISE,
    PREMATURE,
    RELATIVE,
    WITHIN,
    Abnormal,
    Others,
    abnormal_sets,
)
from research.studies.personal_beats import LABELS, Beats, Subject, read_subjects
from research.studies.personal_classifier import (
    BeatClassifier,
    Source,
    adapt_classifier,
    as_source,
    classify,
    fit_classifier,
    inputs_of,
)
from research.studies.personal_generation import PersonalModel, train_personal_model, virtual_subjects
from research.studies.personal_tables import personal_tables

ARMS = (
    ABSOLUTE,
    RELATIVE,
    OWN_NORMAL,
    PREMATURE,
    PERSONALISE,
    MAPPED,
    WITHIN,
    OWN_LABELS,
    GENERATED,
    IMPERSONAL,
)
"""Those with the diffusion model last, since it is trained first."""
HELD_OUT, DS2, OTHER_DATABASE = "DS1, held-out", "DS2", "svdb"
MODEL_SEED = 0


@dataclass(frozen=True, kw_only=True)
class PersonalisationOptions:
    """Options of the study."""

    partition: Literal["validation", "test"] = "validation"
    """What is tested on: validation, for choices (five recordings of DS1, from which nothing is learned), or
    test (DS2 and svdb)."""
    samples: int = 800_000
    """Training samples of the diffusion model."""
    replayed: float = 0.5
    """Share of the beats in an adaptation that are of the classifier's training subjects."""
    abnormal: float = 0.1
    """Share of the others that are abnormal, where there are any."""

    def __post_init__(self) -> None:
        """Check the shares."""
        for name in ("replayed", "abnormal"):
            if not 0 < getattr(self, name) < 1:
                raise DiffecgError(f"{name} {getattr(self, name):g} must lie between 0 and 1; 0.5 is a half")


def personalisation(
    *,
    mitdb: Annotated[Path, Parameter(help="MIT-BIH Arrhythmia Database.")],
    svdb: Annotated[Path, Parameter(help="MIT-BIH Supraventricular Arrhythmia Database.")],
    out: Out,
    seeds: int = 5,
    options: Annotated[PersonalisationOptions, Flat] = PersonalisationOptions(),
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Adapt a classifier of beats to each subject by the first five minutes; test it on the others.

    Example: python -m research personalisation --mitdb mitdb/ --svdb svdb/ --out studies/personalisation

    All adaptations know the normal beats of the first five minutes, and two of them its abnormal ones. All
    have the same number of steps. The first five minutes are not tested on.

    Args:
        seeds: Classifiers, each with its own random weights and random beats.
    """
    use_threads(threads)
    study = Study(mitdb=mitdb, svdb=svdb, folder=out, options=options)
    about = {
        "study": "personalisation",
        "settings": asdict(options),
        "recordings": {folder.name: RecordingFolder(folder).names() for folder in (mitdb, svdb)},
        "diffecg": __version__,
    }
    cells = [
        Cell(cell_name(arm, seed), partial(study.compute, arm, seed)) for arm in ARMS for seed in range(seeds)
    ]
    results = run_study(out, about, cells)
    by_arm = {arm: [results[cell_name(arm, seed)] for seed in range(seeds)] for arm in ARMS}
    publish(out, "Personalisation", personal_tables(by_arm), {}, as_json=json)


def cell_name(arm: str, seed: int) -> str:
    """Return the name of the cell of a run."""
    return f"{arm}; seed {seed}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Study:
    """The data of the study."""

    mitdb: Path
    svdb: Path
    folder: Path
    options: PersonalisationOptions

    @property
    def _is_test(self) -> bool:
        return self.options.partition == "test"

    @cached_property
    def _train_names(self) -> Sequence[str]:
        split = SPLITS["strict" if self._is_test else "development"]
        return split.restricted(RecordingFolder(self.mitdb).names()).train

    @cached_property
    def training(self) -> list[Subject]:
        """Subjects that the classifier and the diffusion model are trained on."""
        return read_subjects(self.mitdb, self._train_names)

    @cached_property
    def tests(self) -> dict[str, list[Subject]]:
        """Subjects that are tested on, by database."""
        mitdb = RecordingFolder(self.mitdb).names()
        if not self._is_test:
            return {HELD_OUT: read_subjects(self.mitdb, SPLITS["development"].restricted(mitdb).test)}
        return {
            DS2: read_subjects(self.mitdb, SPLITS["strict"].restricted(mitdb).test),
            OTHER_DATABASE: read_subjects(self.svdb, RecordingFolder(self.svdb).names()),
        }

    @cached_property
    def personal(self) -> PersonalModel:
        """The diffusion model, trained on first use."""
        subjects = virtual_subjects(self.mitdb, self._train_names, MODEL_SEED)
        with progress_bar("train the diffusion model") as advance:

            def report(row: dict[str, float]) -> None:
                advance(int(row["samples"]), self.options.samples)

            return train_personal_model(subjects, self.folder / "model", self.options.samples, report)

    @cached_property
    def abnormal(self) -> dict[str, Abnormal]:
        """The sets of abnormal beats by arm."""
        return dict(abnormal_sets(Others(subjects=self.training), lambda: self.personal))

    @cached_property
    def source(self) -> Callable[..., Source]:
        """Returns the training beats of the classifier, with or without differences to the normal beat."""
        return cache(partial(as_source, self.training))

    @cached_property
    def generic(self) -> Callable[[int, bool], BeatClassifier]:
        """Returns the classifier of a seed that is not adapted."""
        return cache(lambda seed, is_relative: fit_classifier(self.source(is_relative=is_relative), seed))

    def compute(self, arm: str, seed: int) -> dict[str, Any]:
        """Return the confusion matrix of each subject, by database."""
        return {
            name: {
                subject.name: self._confusion(arm, seed, subject, number)
                for number, subject in enumerate(subjects)
            }
            for name, subjects in self.tests.items()
        }

    def _confusion(self, arm: str, seed: int, subject: Subject, number: int) -> list[list[int]]:
        """Return the counts (truth, predicted) of a subject's late beats."""
        is_relative = arm != ABSOLUTE
        normal = subject.normal if is_relative else None
        classifier = self.generic(seed, is_relative)
        if arm in self.abnormal:
            beats = self.abnormal[arm](subject, np.random.default_rng([seed, number]))
            classifier = adapt_classifier(classifier, self._sources(subject, beats), seed)
        late = subject.late
        counts = np.zeros((len(LABELS), len(LABELS)), dtype=np.int64)
        np.add.at(counts, (late.label, classify(classifier, inputs_of(late, normal))), 1)
        rows: list[list[int]] = counts.tolist()
        return rows

    def _sources(self, subject: Subject, abnormal: Beats) -> list[Source]:
        """Return what a classifier is adapted with: beats of others, own normal and abnormal ones."""
        own, share = 1 - self.options.replayed, self.options.abnormal if len(abnormal) else 0.0
        parts = [(subject.own_normal, own * (1 - share)), (abnormal, own * share)]
        return [
            replace(self.source(is_relative=True), share=self.options.replayed),
            *(
                Source(inputs=inputs_of(beats, subject.normal), label=beats.label, share=part)
                for beats, part in parts
                if len(beats)
            ),
        ]
