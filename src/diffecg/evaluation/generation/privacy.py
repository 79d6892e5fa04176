"""Whether a synthetic set gives its training beats away.

Members are the beats that the generator was trained on, outsiders are real beats of the same people that it
never saw. Distances are root mean squares over a window's samples, in mV. No test proves privacy: distances
miss leaks that stronger attacks find (arXiv 2505.01524).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu

from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.comparison import mean_beats, shared_classes
from diffecg.evaluation.generation.rows import LEAST, Advance, MetricRow, metric_row

Array = NDArray[np.floating]

SECTION = "privacy"
METRICS = {
    "nearest-neighbour distance ratio": "1",
    "membership AUC, nearest synthetic beat": "0.5",
    "membership AUC, density ratio": "0.5",
    "nearer to a training beat than any outsider": "lower",
}
"""Each metric's best value. All are ratios or shares."""
_NEIGHBOURS = 5
_CHUNK = 512


@dataclass(frozen=True)
class Suspect:
    """A synthetic window and the training window that it is nearest to."""

    label: str
    synthetic_mv: NDArray[np.float32]
    """(lead, time), in mV."""
    training_mv: NDArray[np.float32]
    """(lead, time), in mV."""
    recording: str
    """Recording of the training window; empty if not known."""
    distance_mv: float
    """Between the two, in mV."""
    usual_mv: float
    """Median distance of an outsider to its nearest training window, in mV."""


def privacy(
    synthetic: Windows,
    members: Windows,
    outsiders: Windows,
    *,
    seeds: int = 5,
    most: int = 1000,
    shown: int = 6,
    advance: Advance = lambda _: None,
) -> tuple[list[MetricRow], list[Suspect]]:
    """Return the rows of privacy and the most suspicious windows, the worst first.

    The floor takes other outsiders for the synthetic set, the baseline mean beats plus noise.

    Args:
        synthetic: the windows to judge.
        members: what the generator was trained on.
        outsiders: real windows of the same kind that it was not trained on.
        seeds: how often members and outsiders are drawn anew.
        most: most members and outsiders of a class that an attack is tried on.
        shown: number of suspicious windows.
        advance: called after each class.
    """
    rows: list[MetricRow] = []
    suspects: list[Suspect] = []
    for label in shared_classes(synthetic, members):
        made, inside, outside = (one.of(label) for one in (synthetic, members, outsiders))
        size = min(len(made), len(inside), len(outside) // 2, most)
        if size < LEAST:
            rows += [
                metric_row(SECTION, name, label, "", best, windows=size) for name, best in METRICS.items()
            ]
            continue
        trivial = mean_beats(inside, [label] * size)
        nearest_made, twin = _nearest(made.flat(), inside.flat())
        nearest_outside, _ = _nearest(outside.flat(), inside.flat())
        nearest_trivial, _ = _nearest(trivial.flat(), inside.flat())
        draws = []
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            order = rng.permutation(len(outside))
            tried, others = order[: len(order) // 2][:size], order[len(order) // 2 :]
            guessed = _like(outside.take(tried), inside, rng)
            attack = _Attack(inside.flat()[guessed], outside.flat()[tried], outside.flat()[others])
            usual = nearest_outside[tried]
            draws.append(
                [
                    _figures(nearest, usual, attack, windows)
                    for nearest, windows in (
                        (nearest_made, made.flat()),
                        (nearest_outside[others], None),
                        (nearest_trivial, trivial.flat()),
                    )
                ]
            )
        for metric, best in METRICS.items():
            columns = [[draw[i][metric] for draw in draws] for i in range(3)]
            rows.append(metric_row(SECTION, metric, label, "", best, columns, windows=size))
        usual_mv = float(np.median(nearest_outside))
        suspects += [
            Suspect(
                label,
                made.signal_mv[i],
                inside.signal_mv[twin[i]],
                "" if inside.recordings is None else str(inside.recordings[twin[i]]),
                float(nearest_made[i]),
                usual_mv,
            )
            for i in np.argsort(nearest_made)[:shown]
        ]
        advance(f"privacy of {label}")
    suspects.sort(key=lambda one: float(one.distance_mv / max(one.usual_mv, 1e-9)))
    return rows, suspects[:shown]


def _like(outsiders: Windows, members: Windows, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return the places of a member for each outsider, of the same recording where that has any.

    Else an attack could tell recordings, or episodes, and not membership.
    """
    places = rng.integers(0, len(members), len(outsiders))
    if members.recordings is not None and outsiders.recordings is not None:
        for i, recording in enumerate(outsiders.recordings):
            same = np.flatnonzero(members.recordings == recording)
            places[i] = rng.choice(same) if same.size else places[i]
    return places


@dataclass(frozen=True)
class _Attack:
    """Windows whose membership an attacker guesses, and what else the attacker has."""

    members: Array
    outsiders: Array
    reference: Array
    """Real windows that were neither trained on nor are guessed at."""

    def by_nearness(self, released: Array) -> float:
        """Return the AUC of "near to a released window" (Chen et al. 2020, GAN-Leaks, Eq. 4)."""
        return auc(*(-_nearest(guess, released)[0] for guess in (self.members, self.outsiders)))

    def by_density(self, released: Array) -> float:
        """Return the AUC of "denser among the released than among the reference".

        The attack of van Breugel et al. (2023), arXiv 2302.12580, Eq. 2 (DOMIAS), with the distance to
        the k-th neighbour as density.
        """
        ratios = [
            np.log(_distance_to(guess, self.reference) + 1e-9) - np.log(_distance_to(guess, released) + 1e-9)
            for guess in (self.members, self.outsiders)
        ]
        return auc(*ratios)


def _figures(nearest: Array, usual: Array, attack: _Attack, released: Array | None) -> dict[str, float]:
    """Return all figures of a released set; None stands for the half of the reference."""
    if released is None:
        half = len(attack.reference) // 2
        released = attack.reference[:half]
        attack = _Attack(attack.members, attack.outsiders, attack.reference[half:])
    values = (
        float(np.median(nearest)) / max(float(np.median(usual)), 1e-9),
        attack.by_nearness(released),
        attack.by_density(released),
        float((nearest < usual.min()).mean()),
    )
    return dict(zip(METRICS, values, strict=True))


def auc(positive: Array, negative: Array) -> float:
    """Return the area under the ROC curve: the chance that a positive scores above a negative."""
    u: float = mannwhitneyu(positive, negative).statistic
    return u / (len(positive) * len(negative))


def _nearest(windows: Array, among: Array) -> tuple[Array, NDArray[np.intp]]:
    """Return each window's distance to its nearest neighbour among others, in mV, and its place."""
    return _kth_nearest(windows, among, 1)


def _distance_to(windows: Array, among: Array) -> Array:
    """Return each window's distance to its k-th neighbour among others, in mV."""
    return _kth_nearest(windows, among, min(_NEIGHBOURS, len(among)))[0]


def _kth_nearest(windows: Array, among: Array, k: int) -> tuple[Array, NDArray[np.intp]]:
    a, b = (torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32)) for x in (windows, among))
    distances = (torch.cdist(a[i : i + _CHUNK], b) for i in range(0, len(a), _CHUNK))
    found = [d.min(dim=1) if k == 1 else d.kthvalue(k, dim=1) for d in distances]
    nearest, places = (torch.cat(parts).numpy() for parts in zip(*found, strict=True))
    return nearest / a.shape[1] ** 0.5, places
