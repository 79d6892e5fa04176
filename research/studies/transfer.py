"""``python -m research transfer``: models trained on one database, tested on the subjects of another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from cyclopts import Parameter

from diffecg.cli.console import Flat, Json, Threads, use_threads
from diffecg.datasets.loading import open_windows
from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.datasets.windows import Windows, fingerprint
from diffecg.errors import DiffecgError
from diffecg.evaluation.generation.comparison import match_windows
from diffecg.evaluation.generation.fidelity import fidelity
from diffecg.evaluation.generation.metrics import ALL
from diffecg.evaluation.imputation.benchmarks import recordings_benchmark
from diffecg.evaluation.imputation.evaluation import evaluate_imputation
from diffecg.evaluation.imputation.html import cells as task_cells
from diffecg.evaluation.imputation.html import table_head
from diffecg.evaluation.imputation.models import imputation_method
from diffecg.evaluation.imputation.summary import ALL as ALL_RHYTHMS
from diffecg.evaluation.imputation.summary import MethodScores
from diffecg.inference.imputer_loading import load_imputer
from research.studies.beats import select_beats, without_rr
from research.studies.command import Data, Out, publish, run_study
from research.studies.confusion import TestSet
from research.studies.grid import Cell
from research.studies.oversampling import Oversampler
from research.studies.provenance import provenance
from research.studies.result_tables import cell_name, strategy_tables
from research.studies.sample_quality import METRICS
from research.studies.strategies import (
    DIFFUSION,
    MAIN_STRATEGIES,
    OVERSAMPLING,
    StrategyOptions,
    make_oversamplers,
    train_and_test,
)
from research.tables import Table, format_number

REAL = "real beats of the first database"
SYNTHETIC = "synthetic beats only"
TASKS = "gaps and forecasts"
PROTOCOL = "other database"
MIN_BEATS = 100
"""Fewest beats of a class in the other database; rarer classes are left out."""


@dataclass(frozen=True)
class TransferOptions(StrategyOptions):
    """Settings of the study of transfer."""

    seeds: int = 3
    """Seeds of the training beats and of the classifiers."""
    imputer: str = "mitbih-strip"
    """What imputes and forecasts: a bundled model, a model folder, or ``analogues``."""
    draws: int = 16
    """Draws of each gap and forecast."""
    each: int = 1
    """Gaps and forecasts of each kind in a recording."""


def transfer(
    *,
    data: Data,
    other: Annotated[Path, Parameter(help="Beats of the other database: a folder of diffecg prepare svdb.")],
    recordings: Annotated[Path, Parameter(help="Recordings of the other database.")],
    out: Out,
    options: Annotated[TransferOptions, Flat] = TransferOptions(),
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Test models on the subjects of another database: fidelity, classifiers, imputation and forecasts.

    Example: python -m research transfer --data beats/ --other svdb-beats/ --recordings svdb/ --out transfer/

    Nothing is trained or chosen on the other database.
    """
    use_threads(threads)
    windows, others = open_windows(data), open_windows(other)
    about = {
        **provenance("transfer", options, windows, [options.model, options.imputer]),
        "other": fingerprint(others),
        "recordings": RecordingFolder(recordings).names(),
    }
    beats = select_beats(windows)
    test = TestSet(match_windows(others, beats, resampling=False), shared_labels(beats, others))
    grid = [*beat_cells(beats, test, out, options), Cell(TASKS, partial(_score_tasks, recordings, options))]
    results = run_study(out, about, grid)
    publish(out, "Another database", tables(results, test.labels, options), {}, as_json=json)


def beat_cells(beats: Windows, test: TestSet, folder: Path, options: TransferOptions) -> list[Cell]:
    """Return the cells of fidelity, and of classifiers with each strategy.

    Args:
        beats: of the first database.
        test: beats of the other database.
        folder: of the study.
        options: models, seeds and training time.
    """
    oversamplers = make_oversamplers(beats, folder, options)
    train = beats.partition("train")
    train = train.take(np.isin(train.labels, test.labels))
    real = partial(_real, train, test)
    synthetic = partial(_synthetic, train, test, oversamplers[DIFFUSION], options.pool)
    splits = [(strategy, real) for strategy in MAIN_STRATEGIES]
    splits.append((replace(OVERSAMPLING, name=SYNTHETIC), synthetic))
    return [
        Cell(options.model, partial(_fidelity, synthetic, train)),
        Cell(REAL, partial(_fidelity, real, train)),
        *(
            Cell(
                cell_name(PROTOCOL, strategy.name),
                partial(train_and_test, strategy, split, oversamplers, options.seeds),
            )
            for strategy, split in splits
        ),
    ]


def shared_labels(beats: Windows, others: Windows) -> list[str]:
    """Return the labels of the first database of which the other one has enough beats.

    Raises:
        DiffecgError: there are fewer than two.
    """
    counts = others.counts()
    labels = [label for label in beats.unique_labels() if counts.get(label, 0) >= MIN_BEATS]
    if len(labels) < 2:
        raise DiffecgError(f"the windows of --other have fewer than two classes with {MIN_BEATS} beats")
    return labels


def tables(results: dict[str, Any], labels: list[str], options: TransferOptions) -> list[Table]:
    """Return the tables of fidelity, of strategies, and of imputation and forecasts."""
    return [
        _fidelity_table(results, labels, options.model),
        *strategy_tables(results, PROTOCOL, labels),
        *_task_tables([MethodScores.from_dict(row) for row in results[TASKS]["rows"]]),
    ]


def _fidelity_table(results: dict[str, Any], labels: list[str], model: str) -> Table:
    rows = []
    for metric in METRICS:
        for label in [*labels, ALL]:
            ours, real = (_row(results[name], metric, label) for name in (model, REAL))
            values = (ours["value"], real["value"], ours["reference"], ours["baseline"])
            rows.append((metric, label, *(format_number(value, 3) for value in values)))
    return Table(
        title="Fidelity",
        note="Synthetic beats, and the real training beats of the model, compared with beats of the other "
        "database. What the real ones exceed the reference by is the difference between the databases.",
        head=("metric", "class", model, REAL, "reference", "mean beat + noise"),
        rows=rows,
    )


def _task_tables(rows: list[MethodScores]) -> list[Table]:
    groups: dict[str, list[MethodScores]] = {}
    for row in rows:
        if row.rhythm == ALL_RHYTHMS:
            groups.setdefault(f"{row.group}, {row.leads}", []).append(row)
    return [
        Table(
            title=f"Other database: {group}",
            note=f"{methods[0].cases} cases.",
            head=tuple(table_head(methods)),
            rows=[tuple(task_cells(row)) for row in methods],
        )
        for group, methods in groups.items()
    ]


def _real(train: Windows, test: TestSet, seed: int) -> tuple[Windows, TestSet]:
    return train, test


def _synthetic(
    train: Windows, test: TestSet, oversample: Oversampler, count: int, seed: int
) -> tuple[Windows, TestSet]:
    """Return ``count`` synthetic beats of each class, and the test set."""
    return without_rr(oversample(train, dict.fromkeys(test.labels, count), seed)), test


def _fidelity(split: Callable[[int], tuple[Windows, TestSet]], averaged: Windows) -> list[dict[str, Any]]:
    windows, test = split(0)
    return [asdict(row) for row in fidelity(windows, test.windows, averaged, bootstraps=0)]


def _score_tasks(folder: Path, options: TransferOptions) -> dict[str, Any]:
    imputer = load_imputer(options.imputer)
    methods = {imputer.name: imputation_method(imputer, draws=options.draws, seed=0)}
    benchmark = recordings_benchmark(folder, RecordingFolder(folder).names(), per_group=options.each)
    return evaluate_imputation(benchmark, methods).to_dict()


def _row(rows: list[dict[str, Any]], metric: str, label: str) -> Mapping[str, Any]:
    return next(row for row in rows if row["metric"] == metric and row["label"] == label)
