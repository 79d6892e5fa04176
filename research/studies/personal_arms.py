"""What a classifier is adapted to a subject with: sets of beats from the subject's first five minutes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from imblearn.over_sampling import SMOTE
from jaxtyping import Float

from diffecg.composition.personal_beats import draw_premature_intervals
from research.studies.personal_beats import LABELS, Beats, Subject, join
from research.studies.personal_generation import PersonalModel

ABSOLUTE, RELATIVE = "not adapted", "not adapted, relative to the normal beat"
OWN_NORMAL = "own normal beats"
PREMATURE, PERSONALISE = "and premature ones", "and premature ones, by diffecg personalise"
GENERATED, IMPERSONAL = "and generated S and V", "and generated S and V, normal beat unknown"
MAPPED = "and S and V of others, mapped"
WITHIN, OWN_LABELS = "own labels, SMOTE", "own labels"
ADDED = 100
"""Beats of each label that are added."""
S, V = LABELS.index("S"), LABELS.index("V")


@dataclass(frozen=True, kw_only=True, eq=False)
class Others:
    """The subjects that the classifier was trained on."""

    subjects: Sequence[Subject]

    def draw(self, label: int, count: int, rng: np.random.Generator) -> tuple[list[Subject], Beats]:
        """Return random beats of a label, of each subject that has it equally often, and their subjects."""
        able = [subject for subject in self.subjects if (subject.beats.label == label).any()]
        chosen = [able[number] for number in rng.integers(len(able), size=count)]
        beats = [subject.of_label(label) for subject in chosen]
        return chosen, join([of.take(rng.integers(len(of), size=1)) for of in beats])

    def ratios(self, label: int, count: int, rng: np.random.Generator) -> Float[np.ndarray, "beat 2"]:
        """Return the RR ratios of random beats of a label."""
        return self.draw(label, count, rng)[1].ratios


Abnormal = Callable[[Subject, np.random.Generator], Beats]
"""Returns the abnormal beats that a classifier of a subject is adapted with beside the own normal ones."""


def abnormal_sets(others: Others, personal: Callable[[], PersonalModel]) -> Mapping[str, Abnormal]:
    """Return the sets of abnormal beats by name.

    Args:
        others: training subjects.
        personal: returns the diffusion model, where it is needed.
    """

    def none(subject: Subject, rng: np.random.Generator) -> Beats:
        return subject.beats.take(np.arange(0))

    def premature(subject: Subject, rng: np.random.Generator) -> Beats:
        """Return own normal beats that come as early as S beats of others."""
        return early_ones(subject, others.ratios(S, ADDED, rng), rng)

    def personalise(subject: Subject, rng: np.random.Generator) -> Beats:
        """Return the same with the intervals that come with the package, which are of DS1, too."""
        return early_ones(subject, draw_premature_intervals(ADDED, rng), rng)

    def generated(subject: Subject, rng: np.random.Generator, *, is_known: bool = True) -> Beats:
        model, normal = personal(), subject.normal if is_known else None
        parts = []
        for label in (S, V):
            ratios, seed = others.ratios(label, ADDED, rng), int(rng.integers(2**31))
            parts.append(model.generate(label, ratios, normal, seed))
        return join(parts)

    def impersonal(subject: Subject, rng: np.random.Generator) -> Beats:
        return generated(subject, rng, is_known=False)

    def mapped(subject: Subject, rng: np.random.Generator) -> Beats:
        """Return beats of others, with the difference between the normal beats added."""
        parts = []
        for label in (S, V):
            sources, beats = others.draw(label, ADDED, rng)
            shift = subject.normal - np.stack([source.normal for source in sources])
            parts.append(Beats(signal=beats.signal + shift, ratios=beats.ratios, label=beats.label))
        return join(parts)

    def own_labels(subject: Subject, rng: np.random.Generator) -> Beats:
        return subject.early.take(subject.early.label > 0)

    def within(subject: Subject, rng: np.random.Generator) -> Beats:
        return interpolate(own_labels(subject, rng), int(rng.integers(2**31)))

    return {
        OWN_NORMAL: none,
        PREMATURE: premature,
        PERSONALISE: personalise,
        GENERATED: generated,
        IMPERSONAL: impersonal,
        MAPPED: mapped,
        WITHIN: within,
        OWN_LABELS: own_labels,
    }


def early_ones(subject: Subject, ratios: Float[np.ndarray, "beat 2"], rng: np.random.Generator) -> Beats:
    """Return random own normal beats with other RR intervals as S beats."""
    own = subject.own_normal
    chosen = own.signal[rng.integers(len(own), size=len(ratios))]
    return Beats(signal=chosen, ratios=ratios, label=np.full(len(ratios), S, dtype=np.int64))


def interpolate(beats: Beats, seed: int) -> Beats:
    """Return beats with interpolations between those of a label, at least ADDED of each label.

    SMOTE (Chawla et al. 2002, arXiv 1106.1813); a label with one beat repeats it.
    """
    parts = [beats]
    for label in np.unique(beats.label).tolist():
        own = beats.take(beats.label == label)
        needed, neighbours = ADDED - len(own), min(5, len(own) - 1)
        if needed <= 0 or neighbours < 1:
            parts.append(own.take(np.zeros(max(needed, 0), dtype=np.int64)))
            continue
        rows = np.column_stack([own.signal, own.ratios])
        sampler = SMOTE(sampling_strategy={1: ADDED}, k_neighbors=neighbours, random_state=seed)
        # SMOTE needs a second class, which must not be smaller.
        pairs = np.concatenate([np.zeros((ADDED, rows.shape[1])), rows])
        found = np.asarray(sampler.fit_resample(pairs, [0] * ADDED + [1] * len(own))[0][len(pairs) :])
        parts.append(
            Beats(
                signal=found[:, :-2].astype(np.float32),
                ratios=found[:, -2:],
                label=np.full(len(found), label, dtype=np.int64),
            )
        )
    return join(parts)
