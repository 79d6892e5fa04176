"""Study of models of beats on two databases: fidelity to each, and classifiers trained on generated beats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Annotated, Any

import numpy as np
from cyclopts import Parameter
from jaxtyping import Bool

from diffecg.cli.console import Flat, Json, Threads, use_threads
from diffecg.datasets.labels import AAMI_LABELS
from diffecg.datasets.training_sets import SET, open_training_sets
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.evaluation.generation.classifiers import CLASSIFIERS
from diffecg.evaluation.generation.fidelity import fidelity
from diffecg.evaluation.generation.metrics import ALL, MIN_WINDOWS
from diffecg.evaluation.generation.utility import classification_scores
from diffecg.inference.loading import load
from research.studies.command import Out, publish, run_study
from research.studies.grid import Cell
from research.studies.provenance import provenance
from research.tables import Table, format_mean, format_number

LABELS = AAMI_LABELS[:4]
METRICS = ("sliced Wasserstein, time", "Fréchet, encoder", "coverage")
REAL, REFERENCE = "real training beats", "reference"


@dataclass(frozen=True, kw_only=True)
class BeatModelOptions:
    """Options of the study."""

    models: tuple[str, ...] = ("mitbih-beat", "mitbih-svdb-beat")
    """Bundled models or model folders."""
    names: tuple[str, str] = ("mitdb", "svdb")
    """Names of the databases, for the tables."""
    partitions: tuple[str, str] = ("validation", "test")
    """Partition of each database that beats are compared with."""
    count: int = 2000
    """Generated beats of each label."""
    repeats: int = 3
    """Sets of generated beats that are compared."""
    seeds: int = 3
    """Classifiers of each kind."""


def beat_models(
    *,
    data: Annotated[tuple[str, ...], Parameter(n_tokens=1, negative="", help="Beats of each database.")],
    out: Out,
    options: Annotated[BeatModelOptions, Flat] = BeatModelOptions(),
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Compare models of beats on two databases, beside the real beats that they were trained on.

    Example: python -m research beat-models --data beats/ --data svdb-beats/ --out studies/beat-models

    A model with the number ``set`` generates beats of the database that it is compared with; for classifiers,
    of both, as often as in training. Classifiers are tested on the partition test of each database.
    """
    use_threads(threads)
    windows, _ = open_training_sets(data)
    if not isinstance(windows, Windows) or len(data) != len(options.names):
        raise DiffecgError(f"the study takes {len(options.names)} folders of windows; give --data for each")
    study = Study(windows=windows, options=options)
    cells = [
        Cell(f"fidelity, {name}, {source}", partial(study.fidelity, number, source))
        for number, name in enumerate(options.names)
        for source in (*options.models, REAL)
    ]
    cells += [Cell(f"utility, {source}", partial(study.utility, source)) for source in study.training_sources]
    results = run_study(out, provenance("beat-models", options, windows, options.models), cells)
    tables = [study.fidelity_table(results), study.utility_table(results)]
    publish(out, "Models of beats on two databases", tables, {}, as_json=json)


@dataclass(frozen=True, kw_only=True, eq=False)
class Study:
    """The beats and options of the study."""

    windows: Windows
    """Beats of all databases, with the column ``set``."""
    options: BeatModelOptions

    @property
    def training_sources(self) -> list[str]:
        """What classifiers are trained on: real beats of the first database and of all, and of each model."""
        return [f"{REAL} of {self.options.names[0]}", f"{REAL} of both", *self.options.models]

    def beats(self, partition: str, number: int | None = None) -> Windows:
        """Return the labelled beats of a partition, of one database or of all."""
        chosen: Bool[np.ndarray, " window"] = np.isin(self.windows.labels, LABELS)
        chosen &= self.windows.index["partition"].to_numpy() == partition
        if number is not None:
            chosen &= self.windows.index[SET].to_numpy() == number
        return self.windows.take(np.flatnonzero(chosen))

    @cached_property
    def tests(self) -> dict[str, Windows]:
        """The beats that classifiers are tested on, by database."""
        return {name: self.beats("test", number) for number, name in enumerate(self.options.names)}

    @cached_property
    def test_inputs(self) -> dict[tuple[str, str], np.ndarray]:
        """The same as the inputs of each kind of classifier."""
        return {
            (kind, name): classifier.represent(test)
            for kind, classifier in CLASSIFIERS.items()
            for name, test in self.tests.items()
        }

    def fidelity(self, number: int, source: str) -> dict[str, Any]:
        """Return the metrics of beats of a model, or of real training beats, by label and metric."""
        real = self.beats(self.options.partitions[number], number)
        training, values = self.beats("train", number), dict[str, list[float]]()
        for repeat in range(self.options.repeats if source != REAL else 1):
            other = training if source == REAL else self._generate(source, repeat, number)
            for row in fidelity(other, real, training, bootstraps=0):
                if row.label == ALL or row.metric not in METRICS:
                    continue
                if row.value is None or row.reference is None:
                    continue  # too few beats
                values.setdefault(f"{row.label}, {row.metric}", []).append(row.value)
                if source == REAL:
                    values[f"{row.label}, {row.metric}, {REFERENCE}"] = [row.reference]
        return values

    def utility(self, source: str) -> dict[str, list[float]]:
        """Return the macro-F1 of classifiers trained on a source, by kind and tested database."""
        if source not in self.options.models:
            train = self.beats("train", 0 if source == self.training_sources[0] else None)
        else:
            train = self._generate(source, 0)
        scores = dict[str, list[float]]()
        for kind, classifier in CLASSIFIERS.items():
            inputs = classifier.represent(train)
            for seed in range(self.options.seeds):
                predict = classifier.fit(inputs, train.labels, seed, "evenly")
                for name, test in self.tests.items():
                    labels = [label for label in LABELS if (test.labels == label).sum() >= MIN_WINDOWS]
                    predicted = predict(self.test_inputs[kind, name])
                    values = classification_scores(test.labels, predicted, labels)
                    scores.setdefault(f"{kind}, {name}", []).append(values["macro-F1", ALL])
        return scores

    def _generate(self, model: str, repeat: int, number: int | None = None) -> Windows:
        """Generate beats of all labels; of one database, if the model tells databases apart."""
        loaded = load(model)
        wanted = [label for label in LABELS for _ in range(self.options.count)]
        conditions = {} if number is None or SET not in loaded.numbers else {SET: float(number)}
        seed = repeat * len(wanted)
        return loaded.generate(wanted, len(wanted), seed, conditions=conditions, batch_size=250)

    def fidelity_table(self, results: dict[str, Any]) -> Table:
        """Return a row for each database, label and source."""
        rows = list[tuple[str, ...]]()
        for name in self.options.names:
            real = results[f"fidelity, {name}, {REAL}"]
            labels = [label for label in LABELS if f"{label}, {METRICS[0]}" in real]
            for label in labels:
                for source in (*self.options.models, REAL):
                    found = results[f"fidelity, {name}, {source}"]
                    cells = [format_mean(found.get(f"{label}, {metric}", [])) for metric in METRICS]
                    rows.append((name, label, source, *cells))
                limits = [real[f"{label}, {metric}, {REFERENCE}"][0] for metric in METRICS]
                rows.append((name, label, REFERENCE, *(format_number(value, 3) for value in limits)))
        pairs = zip(self.options.names, self.options.partitions, strict=True)
        note = (
            f"Against {' and '.join(f'{part} of {name}' for name, part in pairs)}: sliced Wasserstein "
            "distance in time (mV), Fréchet distance in features of the encoder, coverage. Mean ± standard "
            f"deviation over {self.options.repeats} sets of {self.options.count} generated beats of each "
            "label. Real training beats in their place: what a model reaches that reproduces its training "
            "data; the reference compares two halves of the other beats, which are of the same subjects."
        )
        return Table(title="Fidelity", note=note, head=("database", "label", "beats", *METRICS), rows=rows)

    def utility_table(self, results: dict[str, Any]) -> Table:
        """Return a row for each source, and the share of what real beats of both databases reach."""
        real = results[f"utility, {self.training_sources[1]}"]
        rows = [(source, *_shares(results[f"utility, {source}"], real)) for source in self.training_sources]
        note = (
            "Macro-F1 of classifiers on the test partition of each database, mean ± standard deviation of "
            f"{self.options.seeds} classifiers; in brackets relative to training on the real beats of both."
        )
        return Table(title="Utility", note=note, head=("trained on", *real), rows=rows)


def _shares(scores: dict[str, list[float]], real: dict[str, list[float]]) -> Sequence[str]:
    """Return each mean score, and its ratio to that of real beats."""
    return [
        f"{format_mean(values)} ({format_number(float(np.mean(values) / np.mean(real[name])), 2)})"
        for name, values in scores.items()
    ]
