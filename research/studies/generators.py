"""``diffecg study generators``: ours and others, trained on the same beats for the same time."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.classifiers import CLASSIFIERS
from diffecg.evaluation.generation.html import write_report
from diffecg.evaluation.generation.report import Settings, evaluate
from diffecg.evaluation.generation.rows import ALL
from diffecg.inference.checks import check_integer
from research.studies.beats import Beats, beats_of, without_rr
from research.studies.confusion import Counts, Unseen, confusions, macro_f1
from research.studies.grid import Cell, file_stem
from research.studies.makers import Maker, makers
from research.studies.provenance import depends_on
from research.studies.tables import Table, figure, spread

SECTIONS = ("fidelity", "physiology", "privacy")
DISTANCE, FRECHET = "sliced Wasserstein, time", "Fréchet, encoder"
MEMBERSHIP, COPIES = "membership AUC, density ratio", "nearer to a training beat than any outsider"
FIGURES = (
    "sliced Wasserstein / floor",
    "Fréchet / floor",
    "precision",
    "coverage",
    "QRS width, ms",
    "membership AUC",
    "copies",
)
TSTR = "real beats, all of them"
"""The cell of classifiers trained on the whole training part."""
_EXAMPLES = 2


@dataclass(frozen=True)
class GeneratorSettings:
    """What the study computes."""

    minutes: float = 20.0
    """Training time of each generator."""
    count: int = 300
    """Beats of each class that each generator makes."""
    seeds: int = 3
    """How often sets are drawn anew, and classifiers of each kind trained."""
    models: tuple[str, ...] = ("mitbih-beat", "mitbih-beat-fast")
    """Trained models of ours to show beside: bundled names or folders."""
    presets: tuple[str, ...] = ("beat", "paper")
    """Presets of ours to train for the same time."""

    def __post_init__(self) -> None:
        """Refuse what makes no study."""
        check_integer("seeds", self.seeds, 1)


def about(windows: Windows, settings: GeneratorSettings) -> dict[str, Any]:
    """Return all that the results depend on."""
    return depends_on("generators", settings, windows, settings.models)


def cells(windows: Windows, folder: Path, settings: GeneratorSettings) -> list[Cell]:
    """Return a cell for each generator: trained, its beats judged, and classifiers trained on them."""
    beats = beats_of(windows)
    seconds = 60 * settings.minutes
    found = makers(beats, folder / "models", seconds, settings.models, settings.presets)
    rows = [
        Cell(name, partial(_judged, name, maker, beats, folder, settings)) for name, maker in found.items()
    ]
    return [*rows, Cell(TSTR, lambda: {"tstr": _classified(beats.partition("train"), beats, settings.seeds)})]


def tables(results: dict[str, Any], settings: GeneratorSettings) -> list[Table]:
    """Return the table of means over classes, and that of each class."""
    generators = {name: result for name, result in results.items() if name != TSTR}
    kinds = tuple(f"TSTR, {kind}" for kind in CLASSIFIERS)
    head = ("generator", *FIGURES, *kinds, "beats/s")
    rows = [
        (name, *_figures(result["rows"]), *_tstr(result["tstr"]), f"{result['beats_per_s']:.3g}")
        for name, result in generators.items()
    ]
    rows.append((TSTR, *[""] * len(FIGURES), *_tstr(results[TSTR]["tstr"]), ""))
    note = (
        f"{settings.count} beats of each class against held-out beats of the same people. Means over "
        "classes; of membership AUC (0.5 = no training beat shows through) and copies (share of beats nearer "
        "to a training beat than any outsider's) the worst class. QRS width: distance of the distributions. "
        "TSTR: macro-F1 on the test people of classifiers that saw these beats only, without RR intervals; "
        f"mean ± standard deviation of {settings.seeds} seeds."
    )
    found = [row["label"] for result in generators.values() for row in result["rows"] if row["label"] != ALL]
    labels = tuple(dict.fromkeys(found))
    by_class = []
    for name, result in generators.items():
        of = result["rows"]
        pairs = [(_ratio(of, FRECHET, [x]), _value(of, "coverage", [x])) for x in labels]
        by_class.append((name, *(f"{figure(distance)}, {figure(share)}" for distance, share in pairs)))
    return [
        Table("Generators", note, head, rows),
        Table("By class", "Fréchet distance / floor, coverage.", ("generator", *labels), by_class),
    ]


def examples(results: dict[str, Any]) -> dict[str, dict[str, list[list[float]]]]:
    """Return a few beats of each generator and class, (beat time) in mV, for a picture."""
    return {name: result["examples"] for name, result in results.items() if name != TSTR}


def _judged(
    name: str, maker: Maker, beats: Beats, folder: Path, settings: GeneratorSettings
) -> dict[str, Any]:
    draw = maker()
    labels = [label for label in beats.labels for _ in range(settings.count)]
    started = time.monotonic()
    made = draw(labels)
    seconds = time.monotonic() - started
    report = evaluate(made, beats.all, Settings(SECTIONS, seeds=max(2, settings.seeds), most=settings.count))
    write_report(report, folder / "reports" / file_stem(name), force=True)
    shown = {label: made.of(label).signal_mv[:_EXAMPLES, 0].astype(float) for label in beats.labels}
    return {
        "rows": report.to_dict()["rows"],
        "beats_per_s": len(labels) / seconds,
        "tstr": _classified(made, beats, settings.seeds),
        "examples": {label: windows.round(3).tolist() for label, windows in shown.items()},
    }


def _classified(train: Windows, beats: Beats, seeds: int) -> dict[str, list[Counts]]:
    """Return what classifiers that were trained on some beats make of the test people's, by kind and seed."""
    test = Unseen(without_rr(beats.partition("test")), beats.labels)
    return {kind: confusions(kind, without_rr(train), test, range(seeds)) for kind in CLASSIFIERS}


def _tstr(found: dict[str, list[Counts]]) -> list[str]:
    return [
        spread([float(macro_f1(np.array(one).sum(axis=0))) for one in found[kind]]) for kind in CLASSIFIERS
    ]


def _figures(rows: list[dict[str, Any]]) -> list[str]:
    labels = list(dict.fromkeys(row["label"] for row in rows if row["label"] != ALL))
    ratios = [figure(_ratio(rows, name, labels)) for name in (DISTANCE, FRECHET)]
    means = [figure(_value(rows, name, labels)) for name in ("precision", "coverage")]
    width = figure(_value(rows, "QRS width", labels), 1)
    worst = [figure(max(_values(rows, name, labels), default=None)) for name in (MEMBERSHIP, COPIES)]
    return [*ratios, *means, width, *worst]


def _values(
    rows: list[dict[str, Any]], metric: str, labels: Iterable[str], column: str = "value"
) -> list[float]:
    found = {row["label"]: row[column] for row in rows if row["metric"] == metric}
    return [found[label] for label in labels if found.get(label) is not None]


def _value(rows: list[dict[str, Any]], metric: str, labels: Iterable[str]) -> float | None:
    values = _values(rows, metric, labels)
    return mean(values) if values else None


def _ratio(rows: list[dict[str, Any]], metric: str, labels: list[str]) -> float | None:
    """Return the mean over classes of value over floor."""
    pairs = zip(_values(rows, metric, labels), _values(rows, metric, labels, "floor"), strict=True)
    ratios = [value / max(floor, 1e-6) for value, floor in pairs]
    return mean(ratios) if ratios else None
