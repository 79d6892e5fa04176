"""``diffecg study ablation``: what each choice of the beat model is worth, on held-out beats of DS1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import torch

from diffecg.config.io import with_settings
from diffecg.config.presets import preset
from diffecg.config.schema import Config
from diffecg.datasets.labels import UNKNOWN
from diffecg.datasets.windows import Windows
from diffecg.diffusion.samplers import SAMPLERS
from diffecg.evaluation.generation.fidelity import fidelity
from diffecg.inference.loading import load
from diffecg.inference.model import Model
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.training.trainer import for_windows, train
from research.studies.beats import Beats, beats_of
from research.studies.budget import flop, shortened
from research.studies.grid import Cell, file_stem
from research.studies.provenance import depends_on
from research.studies.tables import Table, figure
from research.studies.variants import CLASSLESS, VARIANTS

SHOWN = ("sliced Wasserstein, time", "Fréchet, encoder", "precision", "coverage")
STEPS = (SHOWN[0], SHOWN[1], SHOWN[3])
CLASSES = ("N", "S", "V")
"""F has too few held-out beats to tell variants apart."""
EVALUATIONS = (1, 2, 4, 8, 16, 20, 32, 100)
MANY = 1000
"""Evaluations that only ddpm, the paper's sampler, is given."""
_BATCH = 250


@dataclass(frozen=True)
class AblationSettings:
    """What the study computes."""

    samples: int = 120_000
    """Windows that the preset's network is trained on. Another network gets as many floating-point operations
    in all, so that a cheaper one sees more windows."""
    count: int = 300
    """Beats of each class that are compared."""
    models: tuple[str, ...] = ("mitbih-beat", "mitbih-beat-fast")
    """Imputation with every sampler: the teacher; then students, each in its own way."""
    evaluations: tuple[int, ...] = (*EVALUATIONS, MANY)
    """Of the network, in the table of samplers."""


Figures = dict[str, dict[str, float]]
"""By class and metric; distances over their floor."""


def about(windows: Windows, settings: AblationSettings) -> dict[str, Any]:
    """Return all that the results depend on."""
    return depends_on("ablation", settings, windows, settings.models)


def cells(windows: Windows, folder: Path, settings: AblationSettings) -> list[Cell]:
    """Return a cell for each variant, for models with and without classes, and for each sampler and steps."""
    beats = beats_of(windows)
    found = []
    changes = {name: change for group in VARIANTS.values() for name, change in group.items()}
    for name, change in {**changes, **CLASSLESS}.items():
        run = folder / "models" / file_stem(name)
        found.append(Cell(name, partial(_variant, name, change, beats, run, settings)))
    for sampler, number in _grid(settings):
        found.append(Cell(f"{sampler}, {number}", partial(_sampled, beats, sampler, number, settings)))
    found += [Cell(name, partial(_student, name, beats, settings)) for name in settings.models[1:]]
    return found


def tables(results: dict[str, Any], settings: AblationSettings) -> list[Table]:
    """Return the tables of variants, of classes told or not, and of samplers."""
    sizes = f"{settings.count} beats of each class against held-out beats of DS1's people; "
    budget = f"Each run has the arithmetic of {settings.samples:,} windows of the preset. "
    means = f"means over {', '.join(CLASSES)}, distances as multiples of the floor."
    head = ("variant", "MFLOP", "windows", *SHOWN)
    out = [
        Table(group, budget + sizes + means, head, [_line(name, results[name], CLASSES) for name in changes])
        for group, changes in VARIANTS.items()
    ]
    mixed = f"{budget}{sizes}all classes as one, as often as they occur."
    lines = [_line(name, results[name], [UNKNOWN]) for name in CLASSLESS]
    out.append(Table("Class told or not", mixed, head, lines))
    words = f"Each cell: {', '.join(STEPS)} of {settings.models[0]} and its students; "
    columns = ("sampler or student", *map(str, settings.evaluations))
    return [
        *out,
        Table("Steps against quality", words + sizes + means, columns, _samplers(results, settings)),
    ]


def _samplers(results: dict[str, Any], settings: AblationSettings) -> list[tuple[str, ...]]:
    """Return a row a sampler or student, a column a number of evaluations."""
    found = _by_evaluations(results, settings)
    return [
        (name, *(_short(row[number]) if number in row else "–" for number in settings.evaluations))
        for name, row in found.items()
    ]


def curves(
    results: dict[str, Any], settings: AblationSettings
) -> dict[str, dict[str, dict[int, float | None]]]:
    """Return how each sampler's and student's figures depend on evaluations: by metric, name, evaluations."""
    found = _by_evaluations(results, settings)
    return {
        metric: {
            name: {number: _mean(figures, metric, CLASSES) for number, figures in row.items()}
            for name, row in found.items()
        }
        for metric in STEPS
    }


def _by_evaluations(results: dict[str, Any], settings: AblationSettings) -> dict[str, dict[int, Figures]]:
    found: dict[str, dict[int, Figures]] = {sampler: {} for sampler in SAMPLERS}
    for sampler, number in _grid(settings):
        found[sampler][number] = results[f"{sampler}, {number}"]["figures"]
    for name in settings.models[1:]:
        found[name] = {results[name]["evaluations"]: results[name]["figures"]}
    return found


def _grid(settings: AblationSettings) -> list[tuple[str, int]]:
    return [(s, n) for s in SAMPLERS for n in settings.evaluations if n < MANY or s == "ddpm"]


def _variant(
    name: str, change: list[str], beats: Beats, run: Path, settings: AblationSettings
) -> dict[str, Any]:
    config = same_arithmetic(change, beats.windows, settings.samples)
    train(config, beats.windows, run)
    model = load(run)
    figures = _mixture(model, beats, settings) if name in CLASSLESS else _by_class(model, beats, settings)
    return {
        "megaflop": flop(model.denoiser) / 1e6,
        "windows": config.training.samples,
        "figures": figures,
    }


def same_arithmetic(change: list[str], windows: Windows, samples: int) -> Config:
    """Return the settings of a run that takes as many operations as ``samples`` windows of the preset."""
    config = for_windows(with_settings(preset("beat"), change), windows.info)
    with torch.random.fork_rng(devices=[]):
        both = (ConditionalDenoiser(for_windows(c, windows.info)) for c in (preset("beat"), config))
        cost = [flop(one.eval()) for one in both]
    return shortened(config, round(samples * cost[0] / cost[1]))


def _by_class(
    model: Model,
    beats: Beats,
    settings: AblationSettings,
    sampler: str | None = None,
    steps: int | None = None,
) -> Figures:
    """Return each class's figures as ``diffecg evaluate`` computes them."""
    labels = [label for label in beats.labels for _ in range(settings.count)]
    made = model.generate(labels, len(labels), sampler=sampler, steps=steps, batch_size=_BATCH)
    return _figures(made, beats.partition("validation"), beats.partition("train"), settings.count)


def _mixture(model: Model, beats: Beats, settings: AblationSettings) -> Figures:
    """Return the figures of beats drawn as often as they occur in training, all classes as one."""
    held_out, learnt = beats.partition("validation"), beats.partition("train")
    rng = np.random.default_rng(0)
    count = settings.count * len(beats.labels)
    blind = model.config.training.label_dropout >= 1
    labels = [None] * count if blind else rng.choice(learnt.labels, count).tolist()
    made = model.generate(labels, count, batch_size=_BATCH)
    synthetic, *real = (Windows.from_arrays(one.signal_mv, one.fs_hz) for one in (made, held_out, learnt))
    return _figures(synthetic, real[0], real[1], count)


def _figures(synthetic: Windows, held_out: Windows, learnt: Windows, count: int) -> Figures:
    out: Figures = {}
    for row in fidelity(synthetic, held_out, learnt, bootstraps=0, most=count):
        if row.value is not None and row.floor is not None:
            ratio = row.better == "lower"
            value = row.value / max(row.floor, 1e-3) if ratio else row.value
            out.setdefault(row.label, {})[row.metric] = value
    return out


def _sampled(beats: Beats, sampler: str, number: int, settings: AblationSettings) -> dict[str, Any]:
    steps = (number + 1) // 2 if sampler == "heun" else number  # n steps take 2 n - 1 evaluations
    return {"figures": _by_class(load(settings.models[0]), beats, settings, sampler, steps)}


def _student(name: str, beats: Beats, settings: AblationSettings) -> dict[str, Any]:
    model = load(name)
    return {"evaluations": model.config.diffusion.steps, "figures": _by_class(model, beats, settings)}


def _line(name: str, result: dict[str, Any], labels: Sequence[str]) -> tuple[str, ...]:
    means = (figure(_mean(result["figures"], metric, labels)) for metric in SHOWN)
    return (name, f"{result['megaflop']:.1f}", f"{result['windows']:,}", *means)


def _short(figures: Figures) -> str:
    return " ".join(figure(_mean(figures, metric, CLASSES)) for metric in STEPS)


def _mean(figures: Figures, metric: str, labels: Sequence[str]) -> float | None:
    """Return the mean over those of the classes that have the figure."""
    values = [figures[label][metric] for label in labels if metric in figures.get(label, {})]
    return mean(values) if values else None
