"""``python -m research generators``: generators of beats trained on the same data for the same time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Annotated, Any

import numpy as np

from diffecg.cli.console import Flat, Json, Threads, use_threads
from diffecg.datasets.loading import open_windows
from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.classifiers import CLASSIFIERS
from diffecg.evaluation.generation.html import write_report
from diffecg.evaluation.generation.metrics import ALL
from diffecg.evaluation.generation.report import EvaluateOptions, evaluate
from diffecg.inference.checks import check_integer
from research.studies.beat_generators import Factory, factories
from research.studies.beats import select_beats, without_rr
from research.studies.command import Data, Out, publish, run_study
from research.studies.confusion import TestSet, classify, macro_f1
from research.studies.figures import generated_beats
from research.studies.grid import Cell, file_stem
from research.studies.provenance import provenance
from research.tables import Table, format_mean, format_number

SECTIONS = ("fidelity", "physiology", "privacy")
DISTANCE, FRECHET = "sliced Wasserstein, time", "Fréchet, encoder"
MEMBERSHIP, COPIES = "membership AUC, density ratio", "nearer to a training beat than any outsider"
METRICS = (
    "sliced Wasserstein / reference",
    "Fréchet / reference",
    "precision",
    "coverage",
    "QRS width, ms",
    "membership AUC",
    "copies",
)
ALL_REAL = "real beats, all of them"
"""The cell of classifiers trained on the whole training partition."""
_EXAMPLES = 2


@dataclass(frozen=True)
class GeneratorOptions:
    """Settings of the study of generators."""

    minutes: float = 20.0
    """Training time of each generator, in minutes of the processor."""
    count: int = 300
    """Beats of each class sampled from each generator."""
    seeds: int = 3
    """Random subsets per comparison, and classifiers of each kind."""
    models: tuple[str, ...] = ("mitbih-beat", "mitbih-beat-fast")
    """Trained models of ours to compare as well: bundled names or model folders."""
    presets: tuple[str, ...] = ("beat", "paper")
    """Presets of ours to train for the same time."""

    def __post_init__(self) -> None:
        """Require a seed."""
        check_integer("seeds", self.seeds, 1)


def generators(
    *,
    data: Data,
    out: Out,
    options: Annotated[GeneratorOptions, Flat] = GeneratorOptions(),
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Compare generators of beats that are trained on the same data for the same time.

    Example: python -m research generators --data beats/ --out studies/generators --minutes 20 --threads 1

    Compares our models with WGAN-GP, a BiLSTM-CNN GAN, a conditional VAE, diffusers' UNet1D, SMOTE, distorted
    beats and mean beats.
    """
    use_threads(threads)
    windows = open_windows(data)
    results = run_study(
        out, provenance("generators", options, windows, options.models), cells(windows, out, options)
    )
    examples = {name: result["examples"] for name, result in results.items() if name != ALL_REAL}
    figures = {"beats": generated_beats(examples, windows.fs_hz, "Beats of each generator")}
    publish(out, "Generators of beats", tables(results, options), figures, as_json=json)


def cells(windows: Windows, folder: Path, options: GeneratorOptions) -> list[Cell]:
    """Return a cell for each generator: train it, evaluate its beats, and train classifiers on them."""
    beats = select_beats(windows)
    models = folder / "models"
    by_name = factories(windows, models, 60 * options.minutes, options.models, options.presets)
    return [
        *(
            Cell(name, partial(_evaluate, name, factory, beats, folder, options))
            for name, factory in by_name.items()
        ),
        Cell(ALL_REAL, lambda: {"tstr": _train_and_test(beats.partition("train"), beats, options.seeds)}),
    ]


def tables(results: dict[str, Any], options: GeneratorOptions) -> list[Table]:
    """Return the table of means over classes and the table of each class."""
    by_generator = {name: result for name, result in results.items() if name != ALL_REAL}
    rows = [
        (name, *_means(result["rows"]), *_tstr(result["tstr"]), f"{result['beats_per_s']:.3g}")
        for name, result in by_generator.items()
    ]
    rows.append((ALL_REAL, *[""] * len(METRICS), *_tstr(results[ALL_REAL]["tstr"]), ""))
    note = (
        f"{options.count} beats of each class against held-out beats of the same subjects. Means of classes; "
        "membership AUC (0.5 = members look like non-members) and copies (share of beats nearer to a "
        "training beat than any held-out beat is) of the worst class. QRS width: distance between the "
        "distributions. TSTR: macro-F1 on the test subjects of classifiers trained on these beats only, "
        f"without RR intervals; mean ± standard deviation over {options.seeds} seeds."
    )
    head = ("generator", *METRICS, *(f"TSTR, {kind}" for kind in CLASSIFIERS), "beats/s")
    labels = tuple(
        dict.fromkeys(label for result in by_generator.values() for label in _labels(result["rows"]))
    )
    by_class = [
        (name, *(_fidelity(result["rows"], label) for label in labels))
        for name, result in by_generator.items()
    ]
    return [
        Table(title="Generators", note=note, head=head, rows=rows),
        Table(
            title="By class",
            note="Fréchet distance / reference, coverage.",
            head=("generator", *labels),
            rows=by_class,
        ),
    ]


def _evaluate(
    name: str, factory: Factory, beats: Windows, folder: Path, options: GeneratorOptions
) -> dict[str, Any]:
    generate = factory()
    labels = [label for label in beats.unique_labels() for _ in range(options.count)]
    started = time.monotonic()
    synthetic = generate(labels)
    seconds = time.monotonic() - started
    settings = EvaluateOptions(sections=SECTIONS, seeds=max(2, options.seeds), max_windows=options.count)
    report = evaluate(synthetic, beats, settings)
    write_report(report, folder / "reports" / file_stem(name), force=True)
    return {
        "rows": report.to_dict()["rows"],
        "beats_per_s": len(labels) / seconds,
        "tstr": _train_and_test(synthetic, beats, options.seeds),
        "examples": {
            label: synthetic.with_label(label).signal_mv[:_EXAMPLES, 0].astype(float).round(3).tolist()
            for label in beats.unique_labels()
        },
    }


def _train_and_test(train: Windows, beats: Windows, seeds: int) -> dict[str, list[list[list[list[int]]]]]:
    """Return the confusion matrices on the test subjects by kind: seed, recording, truth, predicted."""
    test = TestSet(without_rr(beats.partition("test")), beats.unique_labels())
    return {
        kind: [counts.tolist() for counts in classify(kind, without_rr(train), test, range(seeds))]
        for kind in CLASSIFIERS
    }


def _tstr(matrices: dict[str, list[list[list[list[int]]]]]) -> list[str]:
    """Return the cells of the classifiers' macro-F1."""
    return [format_mean(macro_f1(np.array(matrices[kind]).sum(axis=1)).tolist()) for kind in CLASSIFIERS]


def _means(rows: list[dict[str, Any]]) -> list[str]:
    """Return the cells of METRICS."""
    labels = _labels(rows)
    worst = [max(_values(rows, name, labels), default=None) for name in (MEMBERSHIP, COPIES)]
    return [
        *(format_number(_ratio(rows, name, labels)) for name in (DISTANCE, FRECHET)),
        *(format_number(_mean(_values(rows, name, labels))) for name in ("precision", "coverage")),
        format_number(_mean(_values(rows, "QRS width", labels)), 1),
        *(format_number(value) for value in worst),
    ]


def _fidelity(rows: list[dict[str, Any]], label: str) -> str:
    coverage = _mean(_values(rows, "coverage", [label]))
    return f"{format_number(_ratio(rows, FRECHET, [label]))}, {format_number(coverage)}"


def _labels(rows: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(row["label"] for row in rows if row["label"] != ALL))


def _values(
    rows: list[dict[str, Any]], metric: str, labels: Sequence[str], column: str = "value"
) -> list[float]:
    values = {row["label"]: row[column] for row in rows if row["metric"] == metric}
    return [values[label] for label in labels if values.get(label) is not None]


def _ratio(rows: list[dict[str, Any]], metric: str, labels: Sequence[str]) -> float | None:
    """Return the mean over classes of value / reference."""
    values, references = (_values(rows, metric, labels, column) for column in ("value", "reference"))
    return _mean([value / max(reference, 1e-6) for value, reference in zip(values, references, strict=True)])


def _mean(values: Sequence[float]) -> float | None:
    return mean(values) if values else None
