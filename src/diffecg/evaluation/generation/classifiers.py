"""Three kinds of classifier, trained on the same number of beats.

A residual convolutional network after Kachuee et al. (2018), arXiv 1805.00794; a recurrent network; and
gradient boosting on named features. Only the last one uses RR intervals, where they are known: a synthetic
beat has none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int, Shaped
from torch import Tensor, nn

from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.comparison import draw_evenly
from diffecg.extras import require
from diffecg.signal.resampling import resample

FS_HZ = 125.0
"""Sampling rate of the networks' input, in Hz."""
TRAINING_BEATS = 32_000
"""Number of beats that a classifier is trained on, repeats included."""
FEATURE_SEGMENTS = 24
"""Number of segments of a window whose means are features."""
BATCH, LEARNING_RATE = 128, 2e-3
"""Of the networks: beats in a batch, and the largest learning rate."""
_WIDTH = 32
_QRS_RADIUS_S = 0.1

Labels = Shaped[np.ndarray, " window"]
Predictor = Callable[[np.ndarray], np.ndarray]
"""Maps the representation of windows to the label of each."""
Mode = Literal["evenly", "as they occur", "weighted"]
"""Sampling of windows in training: all labels equally often; all windows equally often; or the latter with
the loss weighted so that labels count equally."""


@dataclass(frozen=True)
class Classifier:
    """A kind of classifier."""

    represent: Callable[[Windows], np.ndarray]
    """Maps windows to the classifier's input, an array whose first axis is the window."""
    fit: Callable[[np.ndarray, np.ndarray, int, Mode], Predictor]
    """Trains a classifier on inputs and labels with a seed and a mode."""


class ResidualNetwork(nn.Module):
    """Residual blocks of two convolutions, each followed by max pooling by two."""

    def __init__(self, leads: int, classes: int, blocks: int = 4) -> None:
        super().__init__()
        self.first = nn.Conv1d(leads, _WIDTH, 5, padding=2)
        self.convs = nn.ModuleList(nn.Conv1d(_WIDTH, _WIDTH, 5, padding=2) for _ in range(2 * blocks))
        self.last = nn.Sequential(nn.LazyLinear(_WIDTH), nn.ReLU(), nn.Linear(_WIDTH, classes))

    def forward(self, x: Float[Tensor, "batch lead time"]) -> Float[Tensor, "batch class"]:
        """Return the logits of windows."""
        x = self.first(x)
        for one, two in zip(self.convs[::2], self.convs[1::2], strict=True):
            x = F.max_pool1d(F.relu(x + two(F.relu(one(x)))), 2)
        return self.last(x.flatten(1))


class RecurrentNetwork(nn.Module):
    """A bidirectional gated recurrent unit that reads patches of four samples."""

    def __init__(self, leads: int, classes: int, patch: int = 4) -> None:
        super().__init__()
        self.patch = patch
        self.recurrent = nn.GRU(leads * patch, 48, batch_first=True, bidirectional=True)
        self.last = nn.Linear(4 * 48, classes)

    def forward(self, x: Float[Tensor, "batch lead time"]) -> Float[Tensor, "batch class"]:
        """Return the logits of windows."""
        length = x.shape[2] // self.patch * self.patch
        patches = x[:, :, :length].unfold(2, self.patch, self.patch).transpose(1, 2).flatten(2)
        states, _ = self.recurrent(patches)
        return self.last(torch.cat([states.mean(dim=1), states.amax(dim=1)], dim=1))


def network_input(windows: Windows) -> Float[np.ndarray, "window lead time"]:
    """Return windows at FS_HZ, in mV."""
    return resample(np.asarray(windows.signal_mv, dtype=np.float64), windows.fs_hz, FS_HZ).astype(np.float32)


def named_features(windows: Windows) -> Float[np.ndarray, "window feature"]:
    """Return RR intervals, amplitudes, times, areas and segment means; NaN = unknown.

    The RR intervals before and after the beat and their ratio, in s; and of each lead its maximum and
    minimum, in mV, their times from the R peak, in s, the area and the width at half height of the QRS
    complex, and the means of FEATURE_SEGMENTS segments, in mV.
    """
    signals = np.asarray(windows.signal_mv, dtype=np.float64)
    count, leads, length = signals.shape
    rr_s = np.full((count, 2), np.nan) if windows.rr_s is None else windows.rr_s
    columns = [rr_s, rr_s[:, :1] / rr_s[:, 1:]]
    centre = length // 2 if windows.r_peak is None else windows.r_peak
    radius = max(2, round(_QRS_RADIUS_S * windows.fs_hz))
    qrs = slice(max(centre - radius, 0), centre + radius)
    for lead in range(leads):
        signal = signals[:, lead] - np.median(signals[:, lead], axis=1, keepdims=True)
        magnitude = np.abs(signal[:, qrs])
        half = magnitude.max(axis=1, keepdims=True) / 2
        width_s = (magnitude > half).sum(axis=1) / windows.fs_hz
        columns += [signal.max(axis=1), signal.min(axis=1), magnitude.sum(axis=1), width_s]
        columns += [(sample - centre) / windows.fs_hz for sample in (signal.argmax(1), signal.argmin(1))]
        columns += [segment.mean(axis=1) for segment in np.array_split(signal, FEATURE_SEGMENTS, axis=1)]
    return np.column_stack(columns)


def fit_network(
    build: Callable[[int, int], nn.Module],
    inputs: Float[np.ndarray, "window lead time"],
    labels: Labels,
    seed: int,
    mode: Mode = "evenly",
) -> Predictor:
    """Train a network on windows.

    Args:
        build: makes the network from the numbers of leads and of labels.
        inputs: windows at FS_HZ, in mV.
        labels: label of each window.
        seed: seed of the weights and of the order of windows.
        mode: how windows are drawn.
    """
    classes = np.unique(labels)
    signals = torch.from_numpy(inputs)
    targets = torch.from_numpy(np.searchsorted(classes, labels))
    rng = np.random.default_rng(seed)
    counts = torch.bincount(targets).float()
    weight = len(labels) / (len(classes) * counts) if mode == "weighted" else None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build(signals.shape[1], len(classes))
        network(signals[:2])  # LazyLinear takes its size from the first batch
        rows = training_order(labels, rng, TRAINING_BEATS // BATCH * BATCH, mode)
        train_network(network, signals, targets, rows, weight=weight)
    return partial(predict_labels, network.eval(), classes)


def train_network(
    network: nn.Module,
    signals: Float[Tensor, "window lead time"],
    targets: Int[Tensor, " window"],
    rows: Int[np.ndarray, " chosen"],
    *,
    weight: Float[Tensor, " class"] | None = None,
    learning_rate: float = LEARNING_RATE,
) -> None:
    """Train a network further, by one cycle of the learning rate (Smith and Topin 2019, arXiv 1708.07120).

    Args:
        network: of logits of windows.
        signals: windows at FS_HZ, in mV.
        targets: number of the class of each window.
        rows: numbers of the windows in the order of training; a multiple of BATCH.
        weight: of each class in the loss.
        learning_rate: largest one.
    """
    steps = len(rows) // BATCH
    optimizer = torch.optim.AdamW(network.parameters(), learning_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, steps)
    for batch in rows.reshape(steps, BATCH):
        loss = F.cross_entropy(network(signals[batch]), targets[batch], weight)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()


@torch.no_grad()
def predict_labels(
    network: nn.Module, classes: Shaped[np.ndarray, " class"], inputs: Float[np.ndarray, "window lead time"]
) -> Labels:
    """Return the class of each window for which the network has the largest logit."""
    signals = torch.from_numpy(inputs)
    parts = [network(signals[i : i + 1024]).argmax(dim=1) for i in range(0, len(signals), 1024)]
    return np.asarray(classes[torch.cat(parts).numpy()], dtype=np.str_)


def fit_boosting(
    inputs: Float[np.ndarray, "window feature"], labels: Labels, seed: int, mode: Mode = "evenly"
) -> Predictor:
    """Train gradient boosting on features, with beats drawn as for the networks.

    Raises:
        DiffecgError: scikit-learn is not installed.
    """
    rows = training_order(labels, np.random.default_rng(seed), TRAINING_BEATS // 4, mode)
    weight = "balanced" if mode == "weighted" else None
    boosting = require("sklearn.ensemble", "eval").HistGradientBoostingClassifier
    model = boosting(max_iter=60, random_state=seed, class_weight=weight)
    known = np.isfinite(inputs[rows]).any(axis=0)  # a feature without values cannot be binned
    model.fit(inputs[rows][:, known], labels[rows])

    def predict(inputs: np.ndarray) -> np.ndarray:
        return np.asarray(model.predict(inputs[:, known]), dtype=np.str_)

    return predict


def training_order(
    labels: Labels, rng: np.random.Generator, count: int, mode: Mode
) -> Int[np.ndarray, " chosen"]:
    """Return the numbers of ``count`` windows to train on, in order."""
    groups = [labels == label for label in np.unique(labels)] if mode == "evenly" else [labels == labels]
    share = -(-count // len(groups))
    chosen = [draw_evenly(np.flatnonzero(group), share, rng) for group in groups]
    return rng.permutation(np.concatenate(chosen))[:count]


CLASSIFIERS = {
    "residual CNN": Classifier(network_input, partial(fit_network, ResidualNetwork)),
    "recurrent": Classifier(network_input, partial(fit_network, RecurrentNetwork)),
    "boosted features + RR": Classifier(named_features, fit_boosting),
}
"""The kinds of classifier by name."""
