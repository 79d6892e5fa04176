"""A small network that classifies beats, also relative to the subject's normal beat, and its adaptation."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Float32, Int64
from torch import Tensor, nn

from diffecg.config.presets import preset
from diffecg.signal.resampling import resample
from research.studies.personal_beats import LABELS, Beats, Subject, join

FS_HZ = 125.0
RATIO_SCALE = 3.0
MAX_RATIO = 4.0
WIDTH, DROPOUT = 128, 0.2
BATCH = 128
STEPS, LEARNING_RATE = 1500, 3e-3
ADAPTATION_STEPS, ADAPTATION_RATE = 200, 1e-3
BALANCE = 0.5
"""Beats of a label are sampled in proportion to its count to the power 1 - BALANCE."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """Beats to train on, as inputs, and how often they are sampled relative to other sources."""

    inputs: Float32[np.ndarray, "beat input"]
    label: Int64[np.ndarray, " beat"]
    share: float

    def probability(self) -> Float[np.ndarray, " beat"]:
        """Return the probability of each beat, before those of all sources are normalised."""
        count = np.bincount(self.label).astype(float)
        weight = count[self.label] ** -BALANCE
        return self.share * weight / weight.sum()


class BeatClassifier(nn.Module):
    """Two hidden layers."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        hidden = [nn.Linear(inputs, WIDTH), nn.ReLU(), nn.Dropout(DROPOUT)]
        hidden += [nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Dropout(DROPOUT)]
        self.layers = nn.Sequential(*hidden, nn.Linear(WIDTH, len(LABELS)))

    def forward(self, inputs: Float[Tensor, "beat input"]) -> Float[Tensor, "beat label"]:
        """Return the logits of beats."""
        logits: Tensor = self.layers(inputs)
        return logits


def inputs_of(beats: Beats, normal: Float32[np.ndarray, " time"] | None) -> Float32[np.ndarray, "beat input"]:
    """Return beats at FS_HZ, logarithms of their RR ratios, and their differences to a normal beat.

    Args:
        beats: beats of one subject.
        normal: the subject's normal beat; None: the differences are left out.
    """
    signal = _at_rate(beats.signal)
    ratios = RATIO_SCALE * np.log(np.clip(beats.ratios, 1 / MAX_RATIO, MAX_RATIO))
    parts = [signal, ratios.astype(np.float32)]
    if normal is not None:
        parts.append(signal - _at_rate(normal[None]))
    return np.concatenate(parts, axis=1)


def as_source(subjects: Sequence[Subject], *, is_relative: bool) -> Source:
    """Return all beats of subjects."""
    inputs = [inputs_of(subject.beats, subject.normal if is_relative else None) for subject in subjects]
    label = join([subject.beats for subject in subjects]).label
    return Source(inputs=np.concatenate(inputs), label=label, share=1.0)


def fit_classifier(source: Source, seed: int) -> BeatClassifier:
    """Train a classifier from random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        classifier = BeatClassifier(source.inputs.shape[1])
        return _train(classifier, [source], STEPS, LEARNING_RATE, seed)


def adapt_classifier(classifier: BeatClassifier, sources: Sequence[Source], seed: int) -> BeatClassifier:
    """Return a classifier that is trained further; the original one stays as it is."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _train(copy.deepcopy(classifier), sources, ADAPTATION_STEPS, ADAPTATION_RATE, seed)


@torch.no_grad()
def classify(
    classifier: BeatClassifier, inputs: Float32[np.ndarray, "beat input"]
) -> Int64[np.ndarray, " beat"]:
    """Return the number of the label of each beat."""
    return classifier(torch.from_numpy(inputs)).argmax(dim=1).numpy()


def _train(
    classifier: BeatClassifier, sources: Sequence[Source], steps: int, learning_rate: float, seed: int
) -> BeatClassifier:
    rng = np.random.default_rng(seed)
    inputs = torch.from_numpy(np.concatenate([source.inputs for source in sources]))
    label = torch.from_numpy(np.concatenate([source.label for source in sources]))
    probability = np.concatenate([source.probability() for source in sources])
    rows = rng.choice(len(label), (steps, BATCH), p=probability / probability.sum())
    optimizer = torch.optim.AdamW(classifier.parameters(), learning_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, steps)
    classifier.train()
    for batch in rows:
        loss = F.cross_entropy(classifier(inputs[batch]), label[batch])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return classifier.eval()


def _at_rate(signal: Float32[np.ndarray, "beat time"]) -> Float32[np.ndarray, "beat frame"]:
    resampled = resample(signal[:, None].astype(np.float64), preset("beat").window.fs_hz, FS_HZ)
    return resampled[:, 0].astype(np.float32)
