"""``python -m research fine-tuning``: models adapted to another database, against training from zero."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from cyclopts import Parameter

from diffecg.cli.console import Flat, Json, Threads, use_threads
from diffecg.config.schema import Config
from diffecg.datasets.loading import open_windows
from diffecg.datasets.windows import Windows, fingerprint
from diffecg.evaluation.generation.classifiers import CLASSIFIERS
from diffecg.evaluation.generation.comparison import match_windows
from diffecg.evaluation.generation.fidelity import fidelity
from diffecg.evaluation.generation.metrics import ALL
from diffecg.evaluation.generation.utility import classification_scores
from diffecg.inference.fitting import train
from diffecg.inference.loading import load
from diffecg.inference.model import Model
from diffecg.training.fine_tuning import fine_tuning_settings
from research.studies.command import Data, Out, publish, run_study
from research.studies.grid import Cell, file_stem
from research.studies.provenance import provenance
from research.tables import Table, format_mean

PARENT, FINE_TUNED, FROM_ZERO, REAL = (
    "the model as it is",
    "fine-tuned",
    "from zero",
    "the windows themselves",
)
FRECHET = "Fréchet, encoder"
VALIDATION_SHARE = 0.2
MIN_WINDOWS = 100
"""Fewest windows of a label for training and for testing; rarer labels are left out."""


@dataclass(frozen=True, kw_only=True)
class FineTuningOptions:
    """Options of the study."""

    model: str = "mitbih-beat"
    """Model to fine-tune."""
    sizes: tuple[int, ...] = (10, 100, 1000)
    """Numbers of windows of the other database, a fifth of them for validation."""
    samples: int = 200_000
    """Training samples of each model, repetitions included; both kinds end when the validation loss stays."""
    seeds: int = 2
    """Random choices of the windows, each with its own seed of training."""
    count: int = 500
    """Generated windows of each label."""
    classifier: str = "residual CNN"
    """Kind of classifier that is trained on generated windows."""
    fits: int = 3
    """Classifiers of which the score is averaged."""
    settings: tuple[str, ...] = ()
    """Settings of training to change, of both kinds."""


def fine_tuning(
    *,
    data: Annotated[Path, Parameter(help="Beats of the other database, with the partitions train and test.")],
    parent_data: Data,
    out: Out,
    options: Annotated[FineTuningOptions, Flat] = FineTuningOptions(),
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Compare models fine-tuned to few windows of another database with models trained from zero.

    Example: python -m research fine-tuning --data svdb-beats/ --parent-data beats/ --out studies/fine-tuning

    All models have the same architecture and see the same windows. Their beats are compared with those of the
    test subjects of the other database, train a classifier that is tested on them, and are compared with
    held-out beats of the database that the parent was trained on.
    """
    use_threads(threads)
    windows, parents = open_windows(data), open_windows(parent_data)
    windows = match_windows(windows, parents, resampling=False)
    about = {
        **provenance("fine-tuning", options, windows, (options.model,)),
        "parent_data": fingerprint(parents),
    }
    labels = shared_labels(windows, load(options.model))
    study = Study(windows=windows, parents=parents, labels=labels, options=options, folder=out)
    cells = [Cell(PARENT, study.score_parent)]
    for size in options.sizes:
        for seed in range(options.seeds):
            for start in (FINE_TUNED, FROM_ZERO, REAL):
                name = f"{size}, {start}, seed {seed}"
                cells.append(Cell(name, partial(study.score, start, size, seed)))
    results = run_study(out, about, cells)
    publish(out, "Fine-tuning", [_table(results, options)], {}, as_json=json)


def shared_labels(windows: Windows, model: Model) -> list[str]:
    """Return the labels of the model of which there are enough windows to train and to test."""
    counts = [windows.partition(name).counts() for name in ("train", "test")]
    return [label for label in model.labels if all(part.get(label, 0) >= MIN_WINDOWS for part in counts)]


@dataclass(frozen=True, kw_only=True, eq=False)
class Study:
    """The data of the study."""

    windows: Windows
    parents: Windows
    labels: list[str]
    options: FineTuningOptions
    folder: Path

    def score_parent(self) -> dict[str, float]:
        """Return the scores of the model that is not fine-tuned."""
        return self._scores(self._generate(load(self.options.model)), 0)

    def score(self, start: str, size: int, seed: int) -> dict[str, float]:
        """Return the scores of a model trained on some windows, or of the windows themselves."""
        chosen = choose_windows(self.windows.partition("train"), self.labels, size, seed)
        if start == REAL:
            return self._scores(chosen, seed)
        init = self.options.model if start == FINE_TUNED else None
        own = load(self.options.model).config
        model = train(
            chosen,
            self.folder / "runs" / file_stem(f"{size} {start} {seed}"),
            init=init,
            labels=own.labels,
            samples=self.options.samples,
            seed=seed,
            settings=[*([] if init else settings_from_zero(own)), *self.options.settings],
        )
        synthetic = self._generate(model)
        held_out = self.parents.partition("validation")
        return {**self._scores(synthetic, seed), "forgotten": self._frechet(synthetic, held_out)}

    def _generate(self, model: Model) -> Windows:
        labels = [label for label in self.labels if label in model.labels]
        wanted = [label for label in labels for _ in range(self.options.count)]
        return model.generate(wanted, len(wanted), seed=1, batch_size=250)

    def _scores(self, synthetic: Windows, seed: int) -> dict[str, float]:
        """Return the Fréchet distance to beats of the test subjects, and the macro-F1 of a classifier."""
        test = self.windows.partition("test")
        test = test.take(np.isin(test.labels, self.labels))
        classifier = CLASSIFIERS[self.options.classifier]
        scores = {"frechet": self._frechet(synthetic, test)}
        if len(set(synthetic.labels.tolist())) > 1:
            signals, tested = classifier.represent(synthetic), classifier.represent(test)
            values = []
            for fit in range(self.options.fits):
                predict = classifier.fit(signals, synthetic.labels, self.options.fits * seed + fit, "evenly")
                predicted = predict(tested)
                values.append(classification_scores(test.labels, predicted, self.labels)["macro-F1", ALL])
            scores["tstr"] = float(np.mean(values))
        return scores

    def _frechet(self, synthetic: Windows, real: Windows) -> float:
        """Return the mean over the labels of the Fréchet distance; NaN where a label has too few windows."""
        rows = fidelity(
            synthetic, real, self.parents.partition("train"), bootstraps=0, max_windows=self.options.count
        )
        values = [row.value for row in rows if row.metric == FRECHET and row.label in self.labels]
        return float(np.mean([np.nan if value is None else value for value in values]))


def settings_from_zero(config: Config) -> list[str]:
    """Return the settings of training from random weights: architecture and schedule of fine-tuning."""
    short = fine_tuning_settings(config.training)
    training = ("batch", "learning_rate", "ema_half_life", "checkpoint_every", "patience", "warmup", "decay")
    network = {**asdict(config.network)}
    kind = network.pop("kind")
    return [
        f"network.kind={kind}",
        *(f"network.{name}={value}" for name, value in network.items()),
        *(f"training.{name}={getattr(short, name)}" for name in training),
    ]


def choose_windows(windows: Windows, labels: list[str], size: int, seed: int) -> Windows:
    """Return random windows, the labels as equally often as possible, a fifth of each for validation."""
    rng = np.random.default_rng(seed)
    rows, parts = list[int](), list[str]()
    for number, label in enumerate(labels):
        quota = size // len(labels) + (number < size % len(labels))
        found = rng.permutation(np.flatnonzero(windows.labels == label))[:quota]
        validation = max(1, round(VALIDATION_SHARE * len(found))) if len(found) > 1 else 0
        rows += found.tolist()
        parts += ["validation"] * validation + ["train"] * (len(found) - validation)
    chosen = windows.take(rows)
    return replace(chosen, index=chosen.index.assign(partition=parts))


def _table(results: dict[str, Any], options: FineTuningOptions) -> Table:
    """Return a row for each size and kind of model."""
    keys = ("frechet", "tstr", "forgotten")
    parent = results[PARENT]
    rows = [("0", PARENT, *(format_mean([parent.get(key, np.nan)]) for key in keys))]
    for size in options.sizes:
        for start in (FROM_ZERO, FINE_TUNED, REAL):
            cells = [results[f"{size}, {start}, seed {seed}"] for seed in range(options.seeds)]
            rows.append(
                (str(size), start, *(format_mean([cell.get(key, np.nan) for cell in cells]) for key in keys))
            )
    note = (
        "Models are trained on windows of the training subjects of the other database, for at most "
        f"{options.samples} samples. Fréchet distance in the features of the encoder, mean over the labels: "
        "to beats of its test subjects and, in the last column, to held-out beats of the parent's database. "
        f"TSTR: macro-F1 of a {options.classifier} that is trained on generated beats and tested on the "
        f"test subjects, mean of {options.fits}. Mean ± standard deviation over {options.seeds} choices of "
        "windows."
    )
    head = ("windows", "model", "Fréchet distance", "TSTR, macro-F1", "Fréchet distance, parent's database")
    return Table(title="Adaptation to another database", note=note, head=head, rows=rows)
