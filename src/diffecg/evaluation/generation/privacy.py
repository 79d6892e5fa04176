"""Privacy: whether synthetic windows reveal the windows that the generator was trained on.

Members are training windows; outsiders are real windows of the same subjects that were held out. No test
proves privacy: these distances miss leaks that stronger attacks find (arXiv 2505.01524).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.comparison import mean_beats, shared_labels
from diffecg.evaluation.generation.membership import MembershipAttack
from diffecg.evaluation.generation.metrics import (
    MIN_WINDOWS,
    Metric,
    MetricRow,
    MetricValues,
    metric_row,
)
from diffecg.evaluation.progress import Progress
from diffecg.inference.neighbours import nearest

SECTION = "privacy"
PRIVACY_STEPS = 20
"""Steps of progress for a label; sections have steps in proportion to their time."""
METRICS = {
    metric.name: metric
    for metric in (
        Metric(section=SECTION, name="nearest-neighbour distance ratio", better="1"),
        Metric(section=SECTION, name="membership AUC, nearest synthetic beat", better="0.5"),
        Metric(section=SECTION, name="membership AUC, density ratio", better="0.5"),
        Metric(section=SECTION, name="nearer to a training beat than any outsider"),
    )
}
"""The metrics by name; all are ratios or shares."""
MAX_PAIRS = 6
"""Number of nearest pairs in the report."""
_EPSILON_MV = 1e-9

Flat = Float[np.ndarray, "window feature"]
"""Windows as rows of lead times time, in mV."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NearestPair:
    """A synthetic window and the training window nearest to it."""

    label: str
    synthetic_mv: Float[np.ndarray, "lead time"]
    training_mv: Float[np.ndarray, "lead time"]
    recording: str
    """Recording of the training window; empty = unknown."""
    distance_mv: float
    """Root mean square difference of the two, in mV."""
    typical_distance_mv: float
    """Median distance of an outsider to its nearest training window, in mV."""


def privacy(
    synthetic: Windows,
    members: Windows,
    outsiders: Windows,
    *,
    seeds: int = 5,
    max_windows: int = 1000,
    progress: Progress | None = None,
) -> tuple[list[MetricRow], list[NearestPair]]:
    """Return the metrics of privacy, and the synthetic windows nearest to a training window, nearest first.

    The reference has other outsiders in place of the synthetic windows; the baseline, mean beats plus noise.

    Args:
        synthetic: windows to evaluate.
        members: windows that the generator was trained on.
        outsiders: real windows of the same kind that were held out.
        seeds: number of random draws of members and outsiders.
        max_windows: largest number of members and outsiders of a label in an attack.
        progress: advanced by :data:`PRIVACY_STEPS` for each label.
    """
    rows: list[MetricRow] = []
    pairs: list[NearestPair] = []
    for label in shared_labels(synthetic, members):
        sets = _LabelSets.of(label, synthetic, members, outsiders)
        size = min(len(sets.synthetic), len(sets.members), len(sets.outsiders) // 2, max_windows)
        stage = (progress or Progress(0)).stage(PRIVACY_STEPS, 1)
        if size < MIN_WINDOWS:
            stage.finish()
            rows += [metric_row(metric, label, windows=size) for metric in METRICS.values()]
            continue
        distances = sets.distances(mean_beats(sets.members, [label] * size))
        draws = [_scores(sets, distances, size, np.random.default_rng(seed)) for seed in range(seeds)]
        rows += [
            metric_row(
                metric,
                label,
                MetricValues(
                    synthetic=[draw[0][name] for draw in draws],
                    reference=[draw[1][name] for draw in draws],
                    baseline=[draw[2][name] for draw in draws],
                ),
                windows=size,
            )
            for name, metric in METRICS.items()
        ]
        pairs += _nearest_pairs(label, sets, distances)
        stage.finish()
    pairs.sort(key=lambda pair: pair.distance_mv / max(pair.typical_distance_mv, _EPSILON_MV))
    return rows, pairs[:MAX_PAIRS]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Distances:
    """Distance of each window to the nearest member, in mV."""

    synthetic: Float[np.ndarray, " synthetic"]
    nearest_member: Int[np.ndarray, " synthetic"]
    """Number of the member nearest to each synthetic window."""
    outsiders: Float[np.ndarray, " outsider"]
    baseline: Float[np.ndarray, " baseline"]
    baseline_windows: Flat
    """The baseline's windows themselves."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _LabelSets:
    """The windows with one label."""

    synthetic: Windows
    members: Windows
    outsiders: Windows

    @classmethod
    def of(cls, label: str, synthetic: Windows, members: Windows, outsiders: Windows) -> _LabelSets:
        return cls(
            synthetic=synthetic.with_label(label),
            members=members.with_label(label),
            outsiders=outsiders.with_label(label),
        )

    def distances(self, baseline: Windows) -> _Distances:
        members = self.members.flat()
        of_synthetic, nearest_member = nearest(self.synthetic.flat(), members)
        return _Distances(
            synthetic=of_synthetic,
            nearest_member=nearest_member,
            outsiders=nearest(self.outsiders.flat(), members)[0],
            baseline=nearest(baseline.flat(), members)[0],
            baseline_windows=baseline.flat(),
        )

    def draw_members(
        self, outsiders: Int[np.ndarray, " chosen"], rng: np.random.Generator
    ) -> Int[np.ndarray, " chosen"]:
        """Return a random member for each outsider, of the same recording where there is one.

        Otherwise an attack could recognise recordings instead of membership.
        """
        rows = rng.integers(0, len(self.members), len(outsiders))
        if self.members.recordings is not None and self.outsiders.recordings is not None:
            for i, recording in enumerate(self.outsiders.recordings[outsiders]):
                same = np.flatnonzero(self.members.recordings == recording)
                rows[i] = rng.choice(same) if same.size else rows[i]
        return rows


def _scores(
    sets: _LabelSets, distances: _Distances, size: int, rng: np.random.Generator
) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """Return the metrics of the synthetic windows, of the reference and of the baseline for one draw."""
    order = rng.permutation(len(sets.outsiders))
    tested, others = order[: len(order) // 2][:size], order[len(order) // 2 :]
    members = sets.members.flat()[sets.draw_members(tested, rng)]
    flat = sets.outsiders.flat()
    outsiders, auxiliary, half = flat[tested], flat[others], len(others) // 2
    attack = MembershipAttack(members=members, outsiders=outsiders, auxiliary=auxiliary)
    halved = MembershipAttack(members=members, outsiders=outsiders, auxiliary=auxiliary[half:])
    typical = distances.outsiders[tested]
    return (
        _release_scores(sets.synthetic.flat(), distances.synthetic, typical, attack),
        _release_scores(auxiliary[:half], distances.outsiders[others], typical, halved),
        _release_scores(distances.baseline_windows, distances.baseline, typical, attack),
    )


def _release_scores(
    released: Flat,
    distances: Float[np.ndarray, " released"],
    typical: Float[np.ndarray, " outsider"],
    attack: MembershipAttack,
) -> dict[str, float]:
    """Return the metrics of a released set.

    Args:
        released: the windows.
        distances: distance of released windows to the nearest member, in mV.
        typical: the same of outsiders.
        attack: the membership attack on the released set.
    """
    values = (
        float(np.median(distances)) / max(float(np.median(typical)), _EPSILON_MV),
        attack.by_distance(released),
        attack.by_density_ratio(released),
        float((distances < typical.min()).mean()),
    )
    return dict(zip(METRICS, values, strict=True))


def _nearest_pairs(label: str, sets: _LabelSets, distances: _Distances) -> list[NearestPair]:
    typical_mv = float(np.median(distances.outsiders))
    recordings = sets.members.recordings
    return [
        NearestPair(
            label=label,
            synthetic_mv=sets.synthetic.signal_mv[i],
            training_mv=sets.members.signal_mv[member],
            recording="" if recordings is None else str(recordings[member]),
            distance_mv=float(distances.synthetic[i]),
            typical_distance_mv=typical_mv,
        )
        for i in np.argsort(distances.synthetic)[:MAX_PAIRS]
        for member in [distances.nearest_member[i]]
    ]
