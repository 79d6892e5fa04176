"""Physiology: distributions of amplitudes and intervals in real and synthetic windows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.stats import wasserstein_distance

from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.comparison import mean_beats, shared_labels
from diffecg.evaluation.generation.delineation import MEASURES, Measures, measure
from diffecg.evaluation.generation.metrics import (
    ALL,
    MIN_WINDOWS,
    Metric,
    MetricRow,
    MetricValues,
    metric_row,
)
from diffecg.evaluation.progress import Progress

SECTION = "physiology"
PHYSIOLOGY_STEPS = 100
"""Steps of progress for a label; sections have steps in proportion to their time."""
METRICS = {name: Metric(section=SECTION, name=name, unit=unit) for name, unit in MEASURES.items()}
"""The distance of each measure's distribution, by the name of the measure."""
FAILED = Metric(section=SECTION, name="delineation failed", better="as the reference")
"""Share of beats without QRS width or QT interval."""


def physiology(
    synthetic: Windows,
    real: Windows,
    training: Windows,
    *,
    seeds: int = 5,
    max_windows: int = 400,
    progress: Progress | None = None,
) -> tuple[list[MetricRow], dict[str, tuple[Measures, Measures]]]:
    """Return the metrics of physiology, and by label the measures of synthetic and of real beats.

    The value of a measure is the order-1 Wasserstein distance between its distributions, in the measure's
    unit; of a yes-or-no measure, the difference between the shares of beats.

    Args:
        synthetic: windows to evaluate.
        real: windows to compare with.
        training: real windows from which the baseline, mean beats plus noise, is made.
        seeds: number of random splits of the real windows into halves.
        max_windows: largest number of windows of a label that are delineated on either side.
        progress: advanced by :data:`PHYSIOLOGY_STEPS` for each label.

    Raises:
        DiffecgError: NeuroKit is not installed.
    """
    names = [name for name in MEASURES if real.r_peak is None or name != "RR interval"]
    rows: list[MetricRow] = []
    measured: dict[str, tuple[Measures, Measures]] = {}
    for label in shared_labels(real, synthetic):
        size = min(max_windows, len(synthetic.with_label(label)), len(real.with_label(label)) // 2)
        stage = (progress or Progress(0)).stage(PHYSIOLOGY_STEPS, 4 * size)
        if size < MIN_WINDOWS:
            stage.finish()
            rows += [metric_row(METRICS[name], label, windows=size) for name in names]
            continue
        rng = np.random.default_rng(0)
        of_synthetic, of_real = (
            measure(windows.take(rng.permutation(len(windows))[:count]), stage)
            for windows, count in ((synthetic.with_label(label), size), (real.with_label(label), 2 * size))
        )
        of_baseline = measure(mean_beats(training, [label] * size), stage)
        rows += [
            metric_row(
                METRICS[name],
                label,
                _distances(name, of_synthetic, of_real, of_baseline, seeds),
                windows=size,
                note=f"synthetic {_summary(of_synthetic, name)}, real {_summary(of_real, name)}",
                undefined="no beat was delineated",
            )
            for name in names
        ]
        rows.append(metric_row(FAILED, label, _failures(of_synthetic, of_real, of_baseline), windows=size))
        measured[label] = of_synthetic, of_real
    if real.r_peak is not None:
        single = "a window of one beat has no RR interval"
        rows.append(metric_row(METRICS["RR interval"], ALL, undefined=single))
    return rows, measured


def _distances(
    name: str, synthetic: Measures, real: Measures, baseline: Measures, seeds: int
) -> MetricValues:
    """Return the distances of a measure from one half of the real beats, for each split into halves."""
    halves = [_halves(real[name], seed) for seed in range(seeds)]
    unit = MEASURES[name]
    return MetricValues(
        synthetic=[_distance(half, synthetic[name], unit) for half, _ in halves],
        reference=[_distance(half, rest, unit) for half, rest in halves],
        baseline=[_distance(half, baseline[name], unit) for half, _ in halves],
    )


def _failures(synthetic: Measures, real: Measures, baseline: Measures) -> MetricValues:
    """Return the shares of beats without QRS width or QT interval."""
    shares: Sequence[list[float]] = [
        [float(np.isnan(measures["QRS width"] + measures["QT interval"]).mean())]
        for measures in (synthetic, real, baseline)
    ]
    return MetricValues(synthetic=shares[0], reference=shares[1], baseline=shares[2])


def _halves(
    values: Float[np.ndarray, " beat"], seed: int
) -> tuple[Float[np.ndarray, " half"], Float[np.ndarray, " rest"]]:
    shuffled = np.random.default_rng(seed).permutation(values)
    return shuffled[: len(values) // 2], shuffled[len(values) // 2 :]


def _distance(a: Float[np.ndarray, " beat"], b: Float[np.ndarray, " other"], unit: str) -> float:
    a, b = a[np.isfinite(a)], b[np.isfinite(b)]
    if min(len(a), len(b)) < 2:
        return float("nan")
    return float(wasserstein_distance(a, b)) if unit else float(abs(a.mean() - b.mean()))


def _summary(measures: Measures, name: str) -> str:
    """Return median and quartiles of a measure, or its share, as text."""
    values, unit = measures[name], MEASURES[name]
    finite = values[np.isfinite(values)]
    if not finite.size:
        return "none"
    if not unit:
        return f"{finite.mean():.0%}"
    low, middle, high = np.quantile(finite, [0.25, 0.5, 0.75])
    digits = 0 if unit == "ms" else 2
    return f"{middle:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}] {unit}"
