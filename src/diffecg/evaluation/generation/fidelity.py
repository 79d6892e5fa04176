"""Fidelity and diversity of a set, class by class, each figure beside its floor and a baseline.

Every comparison takes sets of equal size, because most of these distances depend on it: ``size`` synthetic
windows, and two disjoint sets of ``size`` real ones, the reference and the floor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.comparison import mean_beats, shared_classes
from diffecg.evaluation.generation.distances import (
    frechet_distance,
    maximum_mean_discrepancy,
    neighbour_coverage,
    sliced_wasserstein,
)
from diffecg.evaluation.generation.encoder import features
from diffecg.evaluation.generation.rows import (
    ALL,
    LEAST,
    Advance,
    MetricRow,
    interval_of,
    mean_of,
    metric_row,
)

Array = NDArray[np.floating]

SECTION = "fidelity"
LEAST_RECORDS = 3
"""Fewest recordings that a bootstrap draws from."""

METRICS = {
    "sliced Wasserstein, time": ("mV", "lower"),
    "sliced Wasserstein, frequency": ("mV", "lower"),
    "MMD": ("", "lower"),
    "Fréchet, encoder": ("", "lower"),
    "precision": ("", "higher"),
    "recall": ("", "higher"),
    "density": ("", "1"),
    "coverage": ("", "higher"),
}
"""Each metric's unit and what is better."""
RANGES = {"MMD": (-np.inf, np.inf), "precision": (0, 1), "recall": (0, 1), "coverage": (0, 1)}
"""Least and largest possible value; from zero up unless told."""


@dataclass(frozen=True)
class Views:
    """The same windows as the metrics see them; rows correspond."""

    time: Array
    """(window lead*time), in mV."""
    frequency: Array
    """Amplitudes of the unitary Fourier transform (window lead*frequency), in mV; blind to phase."""
    features: Array
    """(window feature) of the frozen encoder."""
    labels: NDArray[np.str_]
    """Class of each window."""

    def take(self, rows: NDArray[np.intp]) -> Views:
        """Return the windows at ``rows``."""
        return Views(self.time[rows], self.frequency[rows], self.features[rows], self.labels[rows])


def views_of(windows: Windows) -> Views:
    """Return what the metrics see of a set."""
    spectrum = np.abs(np.fft.rfft(windows.signal_mv, axis=2, norm="ortho")).astype(np.float32)
    return Views(
        windows.flat(),
        spectrum.reshape(len(windows), -1),
        features(windows.signal_mv, windows.fs_hz),
        windows.labels,
    )


def scores(real: Views, other: Views) -> dict[str, float]:
    """Return the value of every metric of METRICS for one comparison."""
    near = neighbour_coverage(real.features, other.features)
    return {
        "sliced Wasserstein, time": sliced_wasserstein(real.time, other.time),
        "sliced Wasserstein, frequency": sliced_wasserstein(real.frequency, other.frequency),
        "MMD": maximum_mean_discrepancy(real.time, other.time),
        "Fréchet, encoder": frechet_distance(real.features, other.features),
        "precision": near.precision,
        "recall": near.recall,
        "density": near.density,
        "coverage": near.coverage,
    }


def fidelity(
    synthetic: Windows,
    real: Windows,
    averaged: Windows,
    *,
    seeds: int = 5,
    bootstraps: int = 20,
    most: int = 2000,
    advance: Advance = lambda _: None,
) -> list[MetricRow]:
    """Return the rows of fidelity and diversity.

    Over all classes, every class that both sets have takes an equal share.

    Args:
        synthetic: the windows to judge.
        real: the windows to judge them against.
        averaged: real windows that the baseline, mean beats plus noise, is made from.
        seeds: how often the sets are drawn anew.
        bootstraps: how often the recordings are drawn anew.
        most: most windows of a class on either side.
        advance: called after each class.
    """
    labels = shared_classes(real, synthetic)
    sides = views_of(synthetic), views_of(real)
    baseline = views_of(mean_beats(averaged, [label for label in labels for _ in range(most)]))
    rows: list[MetricRow] = []
    for group in [[label] for label in labels] + ([labels] if len(labels) > 1 else []):
        name = group[0] if len(group) == 1 else ALL
        sizes = [min(_count(sides[0], one), _count(sides[1], one) // 2) for one in group]
        size = min(*sizes, most // len(group)) if len(sizes) > 1 else min(sizes[0], most)
        if size < LEAST:
            rows += [metric_row(SECTION, m, name, *METRICS[m], windows=size) for m in METRICS]
        else:
            draws = [_compared(*sides, baseline, group, size, seed) for seed in range(seeds)]
            again = list(_bootstrapped(*sides, real.recordings, group, size, bootstraps))
            rows += [_row(m, name, draws, again, size * len(group)) for m in METRICS]
        advance(f"fidelity of {name}")
    return rows


def _row(
    metric: str,
    label: str,
    draws: list[tuple[dict[str, float], ...]],
    again: list[dict[str, float]],
    size: int,
) -> MetricRow:
    columns = [[draw[i][metric] for draw in draws] for i in range(3)]
    bootstrapped, possible = [one[metric] for one in again], RANGES.get(metric, (0, np.inf))
    return metric_row(
        SECTION,
        metric,
        label,
        *METRICS[metric],
        columns,
        interval=interval_of(mean_of(columns[0]), bootstrapped, possible),
        windows=size,
        note="" if again else f"no interval: fewer than {LEAST_RECORDS} recordings",
    )


def _compared(
    synthetic: Views, real: Views, baseline: Views, group: list[str], size: int, seed: int
) -> tuple[dict[str, float], ...]:
    """Return the scores of the synthetic windows, of other real ones, and of the baseline."""
    rng = np.random.default_rng(seed)
    real_rows = [_draw(real, label, 2 * size, rng) for label in group]
    reference = real.take(np.concatenate([rows[:size] for rows in real_rows]))
    other = real.take(np.concatenate([rows[size:] for rows in real_rows]))
    drawn = [
        windows.take(np.concatenate([_draw(windows, label, size, rng) for label in group]))
        for windows in (synthetic, baseline)
    ]
    return tuple(scores(reference, windows) for windows in (drawn[0], other, drawn[1]))


def _bootstrapped(
    synthetic: Views,
    real: Views,
    recordings: NDArray[np.str_] | None,
    group: list[str],
    size: int,
    bootstraps: int,
) -> Iterator[dict[str, float]]:
    """Yield scores against references of recordings drawn with replacement.

    Beats of a drawn recording count as often as it was drawn, but no beat is taken twice: a repeated beat
    would be its own nearest neighbour.
    """
    if recordings is None:
        return
    rng = np.random.default_rng(0)
    chosen = np.concatenate([_draw(synthetic, label, size, rng) for label in group])
    places = [np.flatnonzero(real.labels == label) for label in group]
    if min(len(np.unique(recordings[rows])) for rows in places) < LEAST_RECORDS:
        return
    names = np.unique(recordings)
    for _ in range(bootstraps):
        times = rng.multinomial(len(names), np.full(len(names), 1 / len(names)))
        weight = dict(zip(names.tolist(), times.tolist(), strict=True))
        picked = []
        for rows in places:
            p = np.array([weight[recording] for recording in recordings[rows].tolist()], dtype=float)
            drawable = int((p > 0).sum())
            if drawable >= LEAST:
                picked.append(rng.choice(rows, min(size, drawable), replace=False, p=p / p.sum()))
        if len(picked) == len(places):
            yield scores(real.take(np.concatenate(picked)), synthetic.take(chosen))


def _draw(windows: Views, label: str, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
    return rng.permutation(np.flatnonzero(windows.labels == label))[:size]


def _count(windows: Views, label: str) -> int:
    return int((windows.labels == label).sum())
