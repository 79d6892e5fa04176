"""Fidelity and diversity of synthetic windows, by label.

Each comparison uses sets of equal size, because most of the distances depend on it: ``size`` synthetic
windows and two disjoint sets of ``size`` real ones, one to compare with and one that gives the real-vs-real
reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.comparison import mean_beats, shared_labels
from diffecg.evaluation.generation.distances import (
    frechet_distance,
    maximum_mean_discrepancy,
    neighbour_coverage,
    sliced_wasserstein,
)
from diffecg.evaluation.generation.encoder import features
from diffecg.evaluation.generation.metrics import (
    ALL,
    MIN_WINDOWS,
    Metric,
    MetricRow,
    MetricValues,
    bootstrap_interval,
    finite_mean,
    metric_row,
)
from diffecg.evaluation.progress import Progress

SECTION = "fidelity"
FIDELITY_STEPS = 20
"""Steps of progress for a label; sections have steps in proportion to their time."""
MIN_RECORDINGS = 3
"""Smallest number of recordings for a bootstrap over recordings."""

METRICS = {
    metric.name: metric
    for metric in (
        Metric(section=SECTION, name="sliced Wasserstein, time", unit="mV"),
        Metric(section=SECTION, name="sliced Wasserstein, frequency", unit="mV"),
        Metric(section=SECTION, name="MMD"),
        Metric(section=SECTION, name="Fréchet, encoder"),
        Metric(section=SECTION, name="precision", better="higher"),
        Metric(section=SECTION, name="recall", better="higher"),
        Metric(section=SECTION, name="density", better="1"),
        Metric(section=SECTION, name="coverage", better="higher"),
    )
}
"""The metrics by name."""
RANGES = {
    "MMD": (-np.inf, np.inf),
    "precision": (0.0, 1.0),
    "recall": (0.0, 1.0),
    "coverage": (0.0, 1.0),
}
"""Smallest and largest possible value of a metric; others reach from zero to infinity."""

Scores = dict[str, float]
"""Values of METRICS by name."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Representations:
    """The same windows in the spaces in which the metrics compare them."""

    time: Float[np.ndarray, "window time"]
    """Samples of all leads, in mV."""
    frequency: Float[np.ndarray, "window frequency"]
    """Magnitudes of the unitary Fourier transform of each lead, in mV."""
    features: Float[np.ndarray, "window feature"]
    """Features of the frozen encoder."""
    has_label: Mapping[str, Bool[np.ndarray, " window"]]
    """Which windows have each label; all of them under ``all``."""

    def take(self, rows: Int[np.ndarray, " chosen"]) -> Representations:
        """Return some of the windows, by their numbers."""
        return Representations(
            time=self.time[rows],
            frequency=self.frequency[rows],
            features=self.features[rows],
            has_label={label: has[rows] for label, has in self.has_label.items()},
        )

    def count(self, label: str) -> int:
        """Return the number of windows with a label."""
        return int(self.has_label[label].sum())

    def draw(self, label: str, size: int, rng: np.random.Generator) -> Int[np.ndarray, " chosen"]:
        """Return the numbers of at most ``size`` random windows with a label."""
        return rng.permutation(np.flatnonzero(self.has_label[label]))[:size]


def represent(windows: Windows) -> Representations:
    """Return the representations of some windows."""
    everything = np.ones(len(windows), dtype=bool)
    spectrum = np.abs(np.fft.rfft(windows.signal_mv, axis=2, norm="ortho")).astype(np.float32)
    return Representations(
        time=windows.flat(),
        frequency=spectrum.reshape(len(windows), -1),
        features=features(windows.signal_mv, windows.fs_hz),
        has_label={label: windows.has_label(label) for label in windows.unique_labels()} | {ALL: everything},
    )


def compare(real: Representations, other: Representations) -> Scores:
    """Return the value of each metric for two sets of windows."""
    neighbours = neighbour_coverage(real.features, other.features)
    return {
        "sliced Wasserstein, time": sliced_wasserstein(real.time, other.time),
        "sliced Wasserstein, frequency": sliced_wasserstein(real.frequency, other.frequency),
        "MMD": maximum_mean_discrepancy(real.time, other.time),
        "Fréchet, encoder": frechet_distance(real.features, other.features),
        "precision": neighbours.precision,
        "recall": neighbours.recall,
        "density": neighbours.density,
        "coverage": neighbours.coverage,
    }


def fidelity(
    synthetic: Windows,
    real: Windows,
    training: Windows,
    *,
    seeds: int = 5,
    bootstraps: int = 20,
    max_windows: int = 2000,
    progress: Progress | None = None,
) -> list[MetricRow]:
    """Return the metrics of fidelity and diversity, by label and over all labels.

    Over all labels, each label that both sets have takes an equal share; of windows with several labels each,
    all windows are drawn equally often.

    Args:
        synthetic: windows to evaluate.
        real: windows to compare with.
        training: real windows from which the baseline, mean beats plus noise, is made.
        seeds: number of random draws of the compared sets.
        bootstraps: number of bootstrap draws of the recordings.
        max_windows: largest number of windows of a label on either side.
        progress: advanced by :data:`FIDELITY_STEPS` for each label, and for all labels.
    """
    labels = shared_labels(real, synthetic)
    baseline = mean_beats(training, [label for label in labels for _ in range(max_windows)])
    sets = _Sets(
        synthetic=represent(synthetic),
        real=represent(real),
        baseline=represent(baseline),
        recordings=real.recordings,
    )
    together = [ALL] if real.has_several_labels or synthetic.has_several_labels else labels
    rows: list[MetricRow] = []
    for group in [[label] for label in labels] + ([together] if len(labels) > 1 else []):
        rows += _group_rows(sets, group, seeds, bootstraps, max_windows, progress or Progress(0))
    return rows


@dataclass(frozen=True, kw_only=True, eq=False)
class _Sets:
    """The compared sets."""

    synthetic: Representations
    real: Representations
    baseline: Representations
    recordings: Shaped[np.ndarray, " window"] | None
    """Recording of each real window."""

    def size(self, labels: Sequence[str], max_windows: int) -> int:
        """Return the number of windows of each label to compare; twice as many real ones are needed."""
        sizes = [min(self.synthetic.count(label), self.real.count(label) // 2) for label in labels]
        return min(*sizes, max_windows // len(labels), max_windows)

    def compare(self, labels: Sequence[str], size: int, seed: int) -> tuple[Scores, Scores, Scores]:
        """Return the scores of synthetic windows, of other real ones and of the baseline."""
        rng = np.random.default_rng(seed)
        real_rows = [self.real.draw(label, 2 * size, rng) for label in labels]
        target = self.real.take(np.concatenate([rows[:size] for rows in real_rows]))
        other = self.real.take(np.concatenate([rows[size:] for rows in real_rows]))
        synthetic, baseline = (
            windows.take(np.concatenate([windows.draw(label, size, rng) for label in labels]))
            for windows in (self.synthetic, self.baseline)
        )
        return compare(target, synthetic), compare(target, other), compare(target, baseline)

    def bootstrap(self, labels: Sequence[str], size: int, bootstraps: int) -> Iterator[Scores]:
        """Yield scores against real windows of recordings drawn with replacement.

        The weight of a recording is the number of times that it is drawn, but no window is taken twice: a
        repeated window would be its own nearest neighbour.
        """
        if self.recordings is None:
            return
        rng = np.random.default_rng(0)
        synthetic = np.concatenate([self.synthetic.draw(label, size, rng) for label in labels])
        by_label = [np.flatnonzero(self.real.has_label[label]) for label in labels]
        if min(len(np.unique(self.recordings[rows])) for rows in by_label) < MIN_RECORDINGS:
            return
        names, recording = np.unique(self.recordings, return_inverse=True)
        for _ in range(bootstraps):
            weights = rng.multinomial(len(names), np.full(len(names), 1 / len(names)))[recording]
            chosen = [_draw_weighted(rows, weights[rows], size, rng) for rows in by_label]
            if all(len(rows) for rows in chosen):
                yield compare(self.real.take(np.concatenate(chosen)), self.synthetic.take(synthetic))


def _draw_weighted(
    rows: Int[np.ndarray, " window"], weights: Int[np.ndarray, " window"], size: int, rng: np.random.Generator
) -> Int[np.ndarray, " chosen"]:
    """Return at most ``size`` of the rows, without replacement; none if too few have a weight."""
    available = int((weights > 0).sum())
    if available < MIN_WINDOWS:
        return rows[:0]
    return rng.choice(rows, min(size, available), replace=False, p=weights / weights.sum())


def _group_rows(
    sets: _Sets, labels: Sequence[str], seeds: int, bootstraps: int, max_windows: int, progress: Progress
) -> list[MetricRow]:
    """Return the rows of one label, or of several together."""
    name = labels[0] if len(labels) == 1 else ALL
    stage = progress.stage(FIDELITY_STEPS, seeds + bootstraps)
    size = sets.size(labels, max_windows)
    if size < MIN_WINDOWS:
        stage.finish()
        return [metric_row(metric, name, windows=size) for metric in METRICS.values()]
    draws, bootstrapped = [], []
    for seed in range(seeds):
        draws.append(sets.compare(labels, size, seed))
        stage.advance()
    for scores in sets.bootstrap(labels, size, bootstraps):
        bootstrapped.append(scores)
        stage.advance()
    stage.finish()
    rows = []
    for metric in METRICS.values():
        synthetic, reference, baseline = ([draw[i][metric.name] for draw in draws] for i in range(3))
        interval = bootstrap_interval(
            finite_mean(synthetic),
            [scores[metric.name] for scores in bootstrapped],
            RANGES.get(metric.name, (0.0, np.inf)),
        )
        rows.append(
            metric_row(
                metric,
                name,
                MetricValues(synthetic=synthetic, reference=reference, baseline=baseline),
                interval=interval,
                windows=size * len(labels),
                note="" if bootstrapped else f"no interval: fewer than {MIN_RECORDINGS} recordings",
            )
        )
    return rows
