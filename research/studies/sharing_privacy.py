"""What a published copy of a data set reveals of its subjects and of its beats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.membership import auc
from diffecg.evaluation.generation.privacy import METRICS, privacy
from diffecg.inference.neighbours import nearest
from research.studies.confusion import bootstrap_weights
from research.studies.oversampling import repeat

NORMAL = "N"
"""The label that every subject has."""
OTHER_BEATS, OTHER_SUBJECTS = "other real beats of the members", "real beats of other subjects of DS1"
"""References: a release that surely reveals its subjects, and one that cannot reveal those tested."""
_, _MEMBERSHIP, _, _COPIES = METRICS
_TESTED = 1000
"""Largest number of members, and of others, of each label in the attack on beats."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PrivacyTest:
    """Real beats that a published copy is compared with."""

    members: Windows
    """Beats of the subjects of the published set, which it was made of."""
    held_out: Windows
    """Other beats of the same subjects."""
    outsiders: Windows
    """Beats of other subjects."""
    each: int
    """Beats of each subject in the attack on subjects."""
    seeds: int
    """Random draws of the beats, and halves of the members of the reference."""

    def of_copy(self, copy: Windows) -> dict[str, Any]:
        """Return the scores of both attacks on a published copy."""
        held_out = _at_most(self.held_out, 2 * _TESTED)  # half of them are the attacker's own
        rows, _ = privacy(copy, self.members, held_out, seeds=self.seeds, max_windows=_TESTED)
        values = {
            name: {row.label: row.value for row in rows if row.metric == name and row.value is not None}
            for name in (_MEMBERSHIP, _COPIES)
        }
        return {
            "subjects": [self._attack(copy, self.members)],
            "beats": values[_MEMBERSHIP],
            "copies": values[_COPIES],
        }

    def of_other_beats(self) -> dict[str, Any]:
        """Return the scores of the attack on subjects where other real beats of the members are published."""
        return {"subjects": [self._attack(self.held_out, self.members)]}

    def of_other_subjects(self) -> dict[str, Any]:
        """Return the same where beats of half of the members are published and the other half is tested."""
        return {"subjects": [self._attack(*self._halves(seed)) for seed in range(self.seeds)]}

    def _attack(self, released: Windows, members: Windows) -> dict[str, list[float]]:
        """Return the score of each member and of each outsider: how near its beats are to released ones."""
        normal = released.with_label(NORMAL).flat()
        return {
            name: subject_scores(windows.with_label(NORMAL), normal, self.each).tolist()
            for name, windows in (("members", members), ("outsiders", self.outsiders))
        }

    def _halves(self, seed: int) -> tuple[Windows, Windows]:
        recordings = np.asarray(self.members.recordings)
        names = np.unique(recordings)
        first = np.random.default_rng(seed).permutation(names)[: len(names) // 2]
        in_first: Bool[np.ndarray, " window"] = np.isin(recordings, first)
        return self.members.take(in_first), self.members.take(~in_first)


def _at_most(windows: Windows, count: int) -> Windows:
    """Return at most ``count`` random windows of each label."""
    return repeat(windows, {label: min(have, count) for label, have in windows.counts().items()}, 0)


def subject_scores(
    windows: Windows, released: Float[np.ndarray, "released feature"], each: int
) -> Float[np.ndarray, " subject"]:
    """Return minus the median distance of a subject's beats to the nearest released beat, in mV.

    Args:
        windows: beats with their recordings, one recording for each subject.
        released: published beats.
        each: number of beats of each subject.
    """
    names, recording = np.unique(np.asarray(windows.recordings), return_inverse=True)
    rng = np.random.default_rng(0)
    rows = [rng.permutation(np.flatnonzero(recording == number))[:each] for number in range(len(names))]
    distances = [nearest(windows.flat()[chosen], released)[0] for chosen in rows]
    return -np.array([np.median(values) for values in distances])


def subject_auc(attacks: list[Mapping[str, list[float]]]) -> tuple[float, float, float]:
    """Return the mean AUC of attacks on subjects, and its 95 % bootstrap interval over subjects."""
    values = [auc(np.array(attack["members"]), np.array(attack["outsiders"])) for attack in attacks]
    resampled = np.mean([_resampled_auc(attack) for attack in attacks], axis=0)
    low, high = np.quantile(resampled, [0.025, 0.975])
    return float(np.mean(values)), float(low), float(high)


def _resampled_auc(attack: Mapping[str, list[float]]) -> Float[np.ndarray, " bootstrap"]:
    members, outsiders = (np.array(attack[name]) for name in ("members", "outsiders"))
    wins = (members[:, None] > outsiders) + 0.5 * (members[:, None] == outsiders)
    ours, theirs = (bootstrap_weights(len(scores), seed) for seed, scores in enumerate((members, outsiders)))
    return np.einsum("bm,mo,bo->b", ours, wins, theirs) / wins.size
