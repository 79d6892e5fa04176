"""Quality of generated beats against held-out beats of the training subjects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.fidelity import fidelity
from diffecg.inference.model import Model

METRICS = ("sliced Wasserstein, time", "Fréchet, encoder", "precision", "coverage")
CLASSES = ("N", "S", "V")
"""F has too few held-out beats to compare models."""
Quality = dict[str, dict[str, float]]
"""By class and metric; distances are divided by their reference."""
_BATCH_SIZE = 250
_MIN_REFERENCE = 1e-3


@dataclass(frozen=True)
class Sampling:
    """A sampler other than the model's own."""

    sampler: str | None = None
    steps: int | None = None


def class_quality(model: Model, beats: Windows, count: int, sampling: Sampling = Sampling()) -> Quality:
    """Return the quality of ``count`` generated beats of each class."""
    labels = [label for label in beats.unique_labels() for _ in range(count)]
    synthetic = model.generate(
        labels, len(labels), sampler=sampling.sampler, steps=sampling.steps, batch_size=_BATCH_SIZE
    )
    return quality(synthetic, beats.partition("validation"), beats.partition("train"), count)


def quality(synthetic: Windows, held_out: Windows, train: Windows, count: int) -> Quality:
    """Return the quality of synthetic beats, computed on at most ``count`` of each class."""
    by_class: Quality = {}
    for row in fidelity(synthetic, held_out, train, bootstraps=0, max_windows=count):
        if row.value is not None and row.reference is not None:
            is_distance = row.better == "lower"
            value = row.value / max(row.reference, _MIN_REFERENCE) if is_distance else row.value
            by_class.setdefault(row.label, {})[row.metric] = value
    return by_class


def mean_quality(by_class: Quality, metric: str, labels: Sequence[str] = CLASSES) -> float | None:
    """Return the mean of a metric over the classes that have it."""
    values = [by_class[label][metric] for label in labels if metric in by_class.get(label, {})]
    return mean(values) if values else None
