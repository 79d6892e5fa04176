"""``diffecg study transfer``: models trained on one database, tested on the people of another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.datasets.windows import Windows, fingerprint
from diffecg.errors import DiffecgError
from diffecg.evaluation.generation.comparison import matched
from diffecg.evaluation.generation.fidelity import fidelity
from diffecg.evaluation.generation.rows import ALL
from diffecg.evaluation.imputation.html import cells as task_cells
from diffecg.evaluation.imputation.html import groups, head
from diffecg.evaluation.imputation.models import imputation_method
from diffecg.evaluation.imputation.report import evaluate_tasks
from diffecg.evaluation.imputation.scores import ScoreRow
from diffecg.inference.checks import check_integer
from diffecg.inference.loading import load
from research.studies.beats import Beats, beats_of, without_rr
from research.studies.confusion import Unseen
from research.studies.grid import Cell
from research.studies.outcomes import cell_name, outcome_tables
from research.studies.provenance import depends_on
from research.studies.sources import Source
from research.studies.strategies import OURS, SHORT, STRATEGIES, sources_of, train_and_test
from research.studies.tables import Table, figure

REAL = "real beats of the first database"
SYNTHETIC = "synthetic beats only"
TASKS = "gaps and forecasts"
SHOWN = ("sliced Wasserstein, time", "Fréchet, encoder", "precision", "coverage")
UNDER = "other database"
_LEAST = 100
"""Fewest beats of a class in the other database; rarer ones cannot be judged."""


@dataclass(frozen=True)
class TransferSettings:
    """What the study computes."""

    model: str = "mitbih-beat"
    """Of beats."""
    strip: str = "mitbih-strip"
    """Of strips: it fills gaps and forecasts."""
    seeds: int = 3
    """Of the choice of beats and of the classifiers."""
    pool: int = 20_000
    """Beats of each class that each generator draws in all."""
    minutes: float = 20.0
    """Training time of the GAN."""
    draws: int = 16
    """How often each hidden stretch is drawn."""
    each: int = 1
    """Hidden true_runs of each kind in a recording."""

    def __post_init__(self) -> None:
        """Refuse what makes no study."""
        check_integer("seeds", self.seeds, 2)


@dataclass(frozen=True)
class Other:
    """The other database."""

    windows: Windows
    folder: Path
    """Its recordings."""


def about(windows: Windows, other: Other, settings: TransferSettings) -> dict[str, Any]:
    """Return all that the results depend on."""
    return {
        **depends_on("transfer", settings, windows, [settings.model, settings.strip]),
        "other": fingerprint(other.windows),
        "recordings": RecordingFolder(other.folder).names(),
    }


def cells(windows: Windows, other: Other, folder: Path, settings: TransferSettings) -> list[Cell]:
    """Return the cells: distances, classifiers with each strategy, and hidden true_runs.

    Raises:
        DiffecgError: the other windows are not cut like the first, or have no class in common with them.
    """
    beats = beats_of(windows)
    there = matched(other.windows, beats.all, resampling=False)
    labels = judged(there, beats)
    sources = sources_of(beats, folder, settings.model, settings.pool, 60 * settings.minutes)
    test = Unseen(there, labels)
    train = beats.partition("train")
    train = train.take(np.isin(train.labels, labels))
    grid = [(strategy, partial(_real, train, test)) for strategy in SHORT]
    grid.append(
        (replace(STRATEGIES[2], name=SYNTHETIC), partial(_synthetic, train, test, sources[OURS], settings))
    )
    distances = {
        settings.model: partial(_synthetic, train, test, sources[OURS], settings),
        REAL: partial(_real, train, test),
    }
    return [
        *(Cell(name, partial(_distances, sets, train)) for name, sets in distances.items()),
        *(
            Cell(
                cell_name(UNDER, strategy.name),
                partial(train_and_test, strategy, sets, sources, settings.seeds),
            )
            for strategy, sets in grid
        ),
        Cell(TASKS, partial(_restored, other.folder, settings)),
    ]


def judged(there: Windows, beats: Beats) -> list[str]:
    """Return the classes of which the other database has enough beats.

    Raises:
        DiffecgError: there are fewer than two.
    """
    counts = Counter(there.labels.tolist())
    labels = [label for label in beats.labels if counts[label] >= _LEAST]
    if len(labels) < 2:
        raise DiffecgError(f"the other windows have fewer than two classes with {_LEAST} beats")
    return labels


def tables(results: dict[str, Any], labels: list[str], settings: TransferSettings) -> list[Table]:
    """Return distances, the outcome of each strategy, and the errors on hidden true_runs."""
    found = {name: results[name] for name in (settings.model, REAL)}
    rows = []
    for metric in SHOWN:
        for label in [*labels, ALL]:
            ours, real = (_row(rows_of, metric, label) for rows_of in found.values())
            rows.append(
                (
                    metric,
                    label,
                    *(
                        figure(value, 3)
                        for value in (ours["value"], real["value"], ours["floor"], ours["baseline"])
                    ),
                )
            )
    head_of = (
        "figure",
        "class",
        settings.model,
        REAL,
        "floor: other beats of the second",
        "mean beat + noise",
    )
    note = (
        "How near synthetic beats are to those of another database, and how near the real beats are that the "
        "model learnt from: what is above the floor there is the databases' difference."
    )
    out = [Table("Distances", note, head_of, rows), *outcome_tables(results, UNDER, labels)]
    restored = [ScoreRow(**{**row, "interval": None}) for row in results[TASKS]["rows"]]
    for group, methods in groups(restored).items():
        count = next(iter(next(iter(methods.values())).values())).cases
        lines = [tuple(task_cells(name, figures)) for name, figures in methods.items()]
        out.append(Table(f"Other database: {group}", f"{count} cases.", tuple(head()), lines))
    return out


def _real(train: Windows, test: Unseen, seed: int) -> tuple[Windows, Unseen]:
    return train, test


def _synthetic(
    train: Windows, test: Unseen, ours: Source, settings: TransferSettings, seed: int
) -> tuple[Windows, Unseen]:
    """Return as many synthetic beats of each class, without RR intervals."""
    return without_rr(ours(train, dict.fromkeys(test.labels, settings.pool), seed)), test


def _distances(sets: Any, averaged: Windows) -> list[dict[str, Any]]:
    made, test = sets(0)
    return [asdict(row) for row in fidelity(made, test.windows, averaged, bootstraps=0)]


def _restored(folder: Path, settings: TransferSettings) -> dict[str, Any]:
    model = load(settings.strip)
    methods = {model.name: imputation_method(model, settings.draws, seed=0, sampling={})}
    return evaluate_tasks(folder, RecordingFolder(folder).names(), methods, each=settings.each).to_dict()


def _row(rows: list[dict[str, Any]], metric: str, label: str) -> Mapping[str, Any]:
    return next(row for row in rows if row["metric"] == metric and row["label"] == label)
