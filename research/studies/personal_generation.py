"""A diffusion model of beats that is conditioned on the normal beat of the subject.

The normal beat is a vector of principal components, which are numbers of the condition beside the RR
intervals. Few subjects are made many by random combinations of the two leads of each recording.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float, Float32

from diffecg.config.presets import preset
from diffecg.datasets.windows import Windows
from diffecg.inference.fitting import train
from diffecg.inference.model import Model
from research.studies.personal_beats import LABELS, RATIOS, Beats, Subject, cut_beats, join, make_subject

COMPONENTS = 16
COMBINATIONS = 16
"""Leads of each recording: its first one, and random combinations of the two."""
MAX_NORMAL = 200
"""Normal beats of each lead."""
VALIDATION_SHARE = 0.03
BATCH = 256
NUMBERS = (*RATIOS, *(f"normal_{number + 1}" for number in range(COMPONENTS)))
SETTINGS = (
    f"conditions.numbers={json.dumps(NUMBERS)}",
    "conditions.morphologies=0",
    "transform.layout=basis",
    "transform.components=96",
    "transform.consistent=false",
    "network.width=256",
    "network.hidden=512",
    "network.blocks=4",
    "training.tasks=[1.0,0.0,0.0]",
    "training.label_dropout=0.1",
    "training.balance=0.5",
    "training.warmup=10000",
    "training.ema_half_life=30000",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class NormalBeatCode:
    """Principal components of the normal beats of subjects."""

    mean: Float32[np.ndarray, " time"]
    basis: Float32[np.ndarray, "component time"]

    @classmethod
    def fit(cls, normal: Float32[np.ndarray, "subject time"]) -> NormalBeatCode:
        """Return the components of normal beats."""
        mean = normal.mean(axis=0)
        return cls(mean=mean, basis=np.linalg.svd(normal - mean, full_matrices=False)[2][:COMPONENTS])

    def scores(
        self, normal: Float32[np.ndarray, "*subject time"]
    ) -> Float32[np.ndarray, "*subject component"]:
        """Return the scores of normal beats."""
        return (normal - self.mean) @ self.basis.T


def virtual_subjects(folder: Path, names: Sequence[str], seed: int) -> list[Subject]:
    """Return several subjects of each recording of two leads: its first lead, and random combinations."""
    rng, found = np.random.default_rng(seed), list[Subject | None]()
    for name in names:
        signal, index = cut_beats(folder, name)
        for number in range(COMBINATIONS):
            angle = rng.uniform(0, 2 * np.pi) if number else 0.0
            lead = np.tensordot(signal, np.array([np.cos(angle), np.sin(angle)]), axes=(1, 0))
            found.append(make_subject(f"{name}/{number}", lead.astype(np.float32), index))
    return [subject for subject in found if subject is not None]


def training_windows(subjects: Sequence[Subject], code: NormalBeatCode, seed: int) -> Windows:
    """Return the beats of subjects with the numbers of the condition; of the normal ones some."""
    rng, parts, index = np.random.default_rng(seed), list[Beats](), list[pd.DataFrame]()
    for subject in subjects:
        label = subject.beats.label
        chosen = np.append(rng.permutation(np.flatnonzero(label == 0))[:MAX_NORMAL], np.flatnonzero(label))
        beats = subject.beats.take(chosen)
        numbers = np.column_stack([beats.ratios, np.tile(code.scores(subject.normal), (len(beats), 1))])
        parts.append(beats)
        index.append(pd.DataFrame(numbers, columns=list(NUMBERS)).assign(recording=subject.name))
    beats = join(parts)
    held_out = rng.random(len(beats)) < VALIDATION_SHARE
    windows = Windows.from_arrays(
        beats.signal[:, None],
        preset("beat").window.fs_hz,
        np.array(LABELS)[beats.label],
        channel_names=["lead"],
        r_peak=preset("beat").window.before,
        partition=np.where(held_out, "validation", "train"),
    )
    columns = pd.concat(index, ignore_index=True)
    return replace(windows, index=pd.concat([windows.index, columns], axis=1))


@dataclass(frozen=True, kw_only=True, eq=False)
class PersonalModel:
    """The model, and the code of normal beats."""

    model: Model
    code: NormalBeatCode

    def generate(
        self,
        label: int,
        ratios: Float[np.ndarray, "beat 2"],
        normal: Float32[np.ndarray, " time"] | None,
        seed: int,
    ) -> Beats:
        """Return beats of a label.

        Args:
            label: number of the label in LABELS.
            ratios: RR intervals of the beats, as RATIOS.
            normal: normal beat of the subject; None: unknown.
            seed: seed of the first beat.
        """
        conditions = dict(zip(RATIOS, ratios.T, strict=True))
        if normal is not None:
            scores = self.code.scores(normal).tolist()
            conditions |= dict(zip(NUMBERS[len(RATIOS) :], map(np.float64, scores), strict=True))
        windows = self.model.generate(
            [LABELS[label]] * len(ratios), len(ratios), seed, conditions=conditions, batch_size=BATCH
        )
        label_of_each = np.full(len(ratios), label, dtype=np.int64)
        return Beats(signal=windows.signal_mv[:, 0].astype(np.float32), ratios=ratios, label=label_of_each)


def train_personal_model(
    subjects: Sequence[Subject], folder: Path, samples: int, report: Callable[[dict[str, float]], None]
) -> PersonalModel:
    """Train a model on beats of subjects, or continue; a finished one is read."""
    code = NormalBeatCode.fit(np.stack([subject.normal for subject in subjects]))
    windows = training_windows(subjects, code, seed=0)
    model = train(windows, folder, samples=samples, settings=SETTINGS, report=report)
    return PersonalModel(model=model, code=code)
