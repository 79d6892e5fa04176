"""Pretraining of a classifier of heartbeats on generated ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Shaped

from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.classifiers import (
    BATCH,
    LEARNING_RATE,
    ResidualNetwork,
    network_input,
    predict_labels,
    train_network,
    training_order,
)
from research.studies.confusion import TestSet, bootstrap_weights, confusion_matrices, f1, macro_f1
from research.studies.oversampling import Oversampler
from research.studies.pretraining_arms import (
    REAL,
    SECOND_PHASE_SEED,
    SHUFFLED,
    SYNTHETIC,
    choose_subjects,
    phase_steps,
)

KIND = "residual CNN"
REQUIRED = ("N", "S", "V")
"""Labels of which even the smallest share of the subjects has beats."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BeatTask:
    """Labels of beats: a residual network, macro-F1 on unseen subjects."""

    train: Windows
    """Real beats of the training subjects."""
    oversample: Oversampler
    """Returns synthetic beats."""
    test: TestSet
    shares: Sequence[float]
    steps: int
    """Training steps, of all phases together."""
    pretraining: float
    """Share of the steps in the first of two phases."""
    fine_tuning: float
    """Largest learning rate of the second phase, relative to that of the first."""

    name = "heartbeats"
    metric = "macro-F1"

    @property
    def labels(self) -> Sequence[str]:
        """Labels that have a score each."""
        return self.test.labels

    def compute(self, sources: Sequence[str], share: float, seed: int) -> list[list[list[int]]]:
        """Return the confusion matrix of each test recording."""
        inputs, classes = self.test.inputs(KIND), np.array(self.labels)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = ResidualNetwork(inputs.shape[1], len(classes))
            network(torch.from_numpy(inputs[:2]))  # LazyLinear takes its size from the first batch
            for number, steps in enumerate(phase_steps(self.steps, self.pretraining, len(sources))):
                beats, labels = self._data(sources[number], share, seed)
                rng = np.random.default_rng(seed + number * SECOND_PHASE_SEED)
                train_network(
                    network,
                    torch.from_numpy(network_input(beats)),
                    torch.from_numpy((labels[:, None] == classes).argmax(axis=1)),
                    training_order(labels, rng, steps * BATCH, "as they occur"),
                    learning_rate=LEARNING_RATE * self.fine_tuning**number,
                )
        predicted = predict_labels(network.eval(), classes, inputs)
        counts: list[list[list[int]]] = confusion_matrices(self.test, predicted).tolist()
        return counts

    def scores(self, result: Any) -> Float[np.ndarray, " score"]:
        """Return the macro-F1 and the F1 of each label."""
        counts = np.array(result).sum(axis=0)
        return np.append(macro_f1(counts), f1(counts))

    def bootstraps(self, result: Any) -> Float[np.ndarray, "bootstrap score"]:
        """Return the same on bootstrap samples of the test recordings."""
        counts = np.array(result)
        resampled = np.einsum("br,rtp->btp", bootstrap_weights(len(counts)), counts)
        return np.column_stack([macro_f1(resampled), f1(resampled)])

    def _data(self, source: str, share: float, seed: int) -> tuple[Windows, Shaped[np.ndarray, " window"]]:
        """Return the beats and labels of a phase."""
        if source in (SYNTHETIC, SHUFFLED):
            beats = self.oversample(self.train, self.train.counts(), seed)
            shuffled = np.random.default_rng(seed).permutation(beats.labels)
            return beats, shuffled if source == SHUFFLED else beats.labels
        assert self.train.recordings is not None
        targets = (self.train.labels[:, None] == np.array(REQUIRED)).astype(float)
        recordings = self.train.recordings
        chosen = choose_subjects(recordings, targets, share, seed, smallest=min(self.shares))
        beats = self.train.take(np.isin(recordings, chosen) == (source == REAL))
        return beats, beats.labels
