"""``python -m research ablation``: settings of the beat model, changed one at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch

from diffecg.cli.console import Flat, Json, Threads, use_threads
from diffecg.config.io import with_settings
from diffecg.config.presets import preset
from diffecg.config.schema import Config
from diffecg.datasets.labels import UNKNOWN
from diffecg.datasets.loading import open_windows
from diffecg.datasets.windows import Windows
from diffecg.diffusion.samplers import SAMPLERS
from diffecg.inference.loading import load
from diffecg.inference.model import Model
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.training.initialisation import config_for_windows
from diffecg.training.trainer import train
from research.studies.beats import select_beats
from research.studies.budget import count_flop, with_samples
from research.studies.command import Data, Out, publish, run_study
from research.studies.figures import quality_by_evaluations
from research.studies.grid import Cell, file_stem
from research.studies.provenance import provenance
from research.studies.sample_quality import (
    CLASSES,
    METRICS,
    Quality,
    Sampling,
    class_quality,
    mean_quality,
    quality,
)
from research.studies.variants import UNCONDITIONAL, VARIANTS
from research.tables import NOT_AVAILABLE, Table, format_number

SAMPLER_METRICS = (METRICS[0], METRICS[1], METRICS[3])
MAX_EVALUATIONS = 100
"""More are only tried with ddpm, the sampler of the paper."""


@dataclass(frozen=True)
class AblationOptions:
    """Settings of the ablation."""

    samples: int = 120_000
    """Training windows of the preset; other networks get the same number of floating-point operations."""
    count: int = 300
    """Beats of each class to compare."""
    models: tuple[str, ...] = ("mitbih-beat", "mitbih-beat-fast")
    """A teacher, sampled by every sampler; then distilled students, each sampled in its own way."""
    evaluations: tuple[int, ...] = (1, 2, 4, 8, 16, 20, 32, 100, 1000)
    """Network evaluations in the table of samplers; more than 100 for ddpm only."""


def ablation(
    *,
    data: Data,
    out: Out,
    options: Annotated[AblationOptions, Flat] = AblationOptions(),
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Train the beat model with one setting changed at a time, then compare samplers by evaluations.

    Example: python -m research ablation --data beats/ --out studies/ablation --threads 1

    Varies representation, conditions, schedules and networks. Models are compared on held-out beats of DS1;
    DS2 is not used.
    """
    use_threads(threads)
    windows = open_windows(data)
    results = run_study(
        out, provenance("ablation", options, windows, options.models), cells(windows, out, options)
    )
    figures = {"steps-against-quality": quality_by_evaluations(curves(results, options))}
    publish(out, "Ablation", tables(results, options), figures, as_json=json)


def cells(windows: Windows, folder: Path, options: AblationOptions) -> list[Cell]:
    """Return a cell for each variant, for each sampler and number of evaluations, and for each student."""
    beats = select_beats(windows)
    grid = []
    for name, change in {**changes(), **UNCONDITIONAL}.items():
        run = folder / "models" / file_stem(name)
        grid.append(Cell(name, partial(_train_variant, name, change, windows, run, options)))
    for sampler, number in _sampler_grid(options):
        compute = partial(_sample_teacher, beats, sampler, number, options)
        grid.append(Cell(_sampler_cell(sampler, number), compute))
    grid += [Cell(name, partial(_sample_student, name, beats, options)) for name in options.models[1:]]
    return grid


def tables(results: dict[str, Any], options: AblationOptions) -> list[Table]:
    """Return the tables of variants, of models with and without labels, and of samplers."""
    budget = f"Each run has the operations of {options.samples:,} training windows of the preset. "
    sizes = f"{options.count} beats of each class against held-out beats of the training subjects; "
    means = f"means over {', '.join(CLASSES)}, distances divided by their reference."
    head = ("variant", "MFLOP", "windows", *METRICS)
    return [
        *(
            Table(
                title=group,
                note=budget + sizes + means,
                head=head,
                rows=[_variant_row(name, results[name], CLASSES) for name in variants],
            )
            for group, variants in VARIANTS.items()
        ),
        Table(
            title="With and without labels",
            note=f"{budget}{sizes}all classes pooled, at their frequencies in the training set.",
            head=head,
            rows=[_variant_row(name, results[name], [UNKNOWN]) for name in UNCONDITIONAL],
        ),
        Table(
            title="Steps against quality",
            note=f"{', '.join(SAMPLER_METRICS)} of {options.models[0]} and its students; {sizes}{means}",
            head=("sampler or student", *map(str, options.evaluations)),
            rows=_sampler_rows(results, options),
        ),
    ]


def curves(
    results: dict[str, Any], options: AblationOptions
) -> dict[str, dict[str, dict[int, float | None]]]:
    """Return the quality by metric, by sampler or student, and by number of evaluations."""
    by_name = _by_evaluations(results, options)
    return {
        metric: {
            name: {number: mean_quality(found, metric) for number, found in by_number.items()}
            for name, by_number in by_name.items()
        }
        for metric in SAMPLER_METRICS
    }


def changes() -> dict[str, list[str]]:
    """Return the changed settings of all variants that are compared by class."""
    return {name: change for group in VARIANTS.values() for name, change in group.items()}


def with_equal_operations(change: list[str], windows: Windows, samples: int) -> Config:
    """Return a changed preset whose training takes the operations of ``samples`` windows of the preset."""
    original, changed = (
        config_for_windows(config, windows)
        for config in (preset("beat"), with_settings(preset("beat"), change))
    )
    with torch.random.fork_rng(devices=[]):
        costs = [count_flop(ConditionalDenoiser(config).eval()) for config in (original, changed)]
    return with_samples(changed, round(samples * costs[0] / costs[1]))


def _train_variant(
    name: str, change: list[str], windows: Windows, run: Path, options: AblationOptions
) -> dict[str, Any]:
    config = with_equal_operations(change, windows, options.samples)
    train(config, windows, run)
    model, beats = load(run), select_beats(windows)
    measure = _pooled_quality if name in UNCONDITIONAL else class_quality
    return {
        "megaflop": count_flop(model.denoiser) / 1e6,
        "windows": config.training.samples,
        "quality": measure(model, beats, options.count),
    }


def _pooled_quality(model: Model, beats: Windows, count: int) -> Quality:
    """Return the quality of beats with labels at their training frequencies, all classes pooled."""
    held_out, train = beats.partition("validation"), beats.partition("train")
    total = count * len(beats.unique_labels())
    if model.config.training.label_dropout >= 1:
        labels: list[str | None] = [None] * total
    else:
        labels = np.random.default_rng(0).choice(train.labels, total).tolist()
    synthetic = model.generate(labels, total, batch_size=250)
    pooled = [Windows.from_arrays(w.signal_mv, w.fs_hz) for w in (synthetic, held_out, train)]
    return quality(pooled[0], pooled[1], pooled[2], total)


def _sample_teacher(beats: Windows, sampler: str, number: int, options: AblationOptions) -> dict[str, Any]:
    steps = (number + 1) // 2 if sampler == "heun" else number  # n steps of heun are 2 n - 1 evaluations
    teacher = load(options.models[0])
    return {"quality": class_quality(teacher, beats, options.count, Sampling(sampler, steps))}


def _sample_student(name: str, beats: Windows, options: AblationOptions) -> dict[str, Any]:
    model = load(name)
    return {
        "evaluations": model.config.diffusion.steps,
        "quality": class_quality(model, beats, options.count),
    }


def _sampler_grid(options: AblationOptions) -> list[tuple[str, int]]:
    return [
        (sampler, number)
        for sampler in SAMPLERS
        for number in options.evaluations
        if number <= MAX_EVALUATIONS or sampler == "ddpm"
    ]


def _sampler_cell(sampler: str, number: int) -> str:
    return f"{sampler}, {number}"


def _by_evaluations(results: dict[str, Any], options: AblationOptions) -> dict[str, dict[int, Quality]]:
    by_name: dict[str, dict[int, Quality]] = {sampler: {} for sampler in SAMPLERS}
    for sampler, number in _sampler_grid(options):
        by_name[sampler][number] = results[_sampler_cell(sampler, number)]["quality"]
    for name in options.models[1:]:
        by_name[name] = {results[name]["evaluations"]: results[name]["quality"]}
    return by_name


def _sampler_rows(results: dict[str, Any], options: AblationOptions) -> list[tuple[str, ...]]:
    return [
        (
            name,
            *(
                _sampler_cell_text(by_number[number]) if number in by_number else NOT_AVAILABLE
                for number in options.evaluations
            ),
        )
        for name, by_number in _by_evaluations(results, options).items()
    ]


def _sampler_cell_text(found: Quality) -> str:
    return " ".join(format_number(mean_quality(found, metric)) for metric in SAMPLER_METRICS)


def _variant_row(name: str, result: dict[str, Any], labels: Sequence[str]) -> tuple[str, ...]:
    means = (format_number(mean_quality(result["quality"], metric, labels)) for metric in METRICS)
    return (name, f"{result['megaflop']:.1f}", f"{result['windows']:,}", *means)
