"""Three classifiers of different kinds, on equal terms: all see as many beats.

A residual convolutional network in the manner of Kachuee et al. (2018), arXiv 1805.00794; a recurrent one;
and gradient boosting on features that cardiologists name. Only the last one sees RR intervals, where they are
known: a synthetic beat has none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.comparison import in_turn
from diffecg.extras import require
from diffecg.signal.resampling import resample

FS_HZ = 125.0
"""Rate at which the networks see a beat, in Hz."""
SEEN = 32_000
"""Beats that a classifier is trained on, repeats included."""
_BATCH, _RATE, _WIDTH = 128, 2e-3, 32

Array = NDArray[np.floating]
Labels = NDArray[np.str_]
Predictor = Callable[[Array], Labels]
"""What is seen of windows to the class of each."""
Mode = Literal["evenly", "as they occur", "weighted"]
"""How often the windows of each class are seen: classes equally often, windows equally often, or the latter
with errors weighted so that classes count alike."""


@dataclass(frozen=True)
class Classifier:
    """A kind of classifier."""

    represent: Callable[[Windows], Array]
    """What it sees of windows: an array whose first axis is the window."""
    fit: Callable[[Array, Labels, int, Mode], Predictor]
    """Takes what is seen of the windows to train on, the class of each, a seed, and a mode."""


class ResidualNetwork(nn.Module):
    """Residual blocks of two convolutions, each followed by pooling by two."""

    def __init__(self, leads: int, classes: int, blocks: int = 4) -> None:
        super().__init__()
        self.first = nn.Conv1d(leads, _WIDTH, 5, padding=2)
        self.convs = nn.ModuleList(nn.Conv1d(_WIDTH, _WIDTH, 5, padding=2) for _ in range(2 * blocks))
        self.last = nn.Sequential(nn.LazyLinear(_WIDTH), nn.ReLU(), nn.Linear(_WIDTH, classes))

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (batch class) of windows (batch lead time)."""
        x = self.first(x)
        for one, two in zip(self.convs[::2], self.convs[1::2], strict=True):
            x = F.max_pool1d(F.relu(x + two(F.relu(one(x)))), 2)
        out: Tensor = self.last(x.flatten(1))
        return out


class RecurrentNetwork(nn.Module):
    """A gated recurrent unit that reads four samples at a time, in both directions."""

    def __init__(self, leads: int, classes: int, patch: int = 4) -> None:
        super().__init__()
        self.patch = patch
        self.recurrent = nn.GRU(leads * patch, 48, batch_first=True, bidirectional=True)
        self.last = nn.Linear(4 * 48, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (batch class) of windows (batch lead time)."""
        length = x.shape[2] // self.patch * self.patch
        patches = x[:, :, :length].unfold(2, self.patch, self.patch).transpose(1, 2).flatten(2)
        states, _ = self.recurrent(patches)
        out: Tensor = self.last(torch.cat([states.mean(dim=1), states.amax(dim=1)], dim=1))
        return out


def network_input(windows: Windows) -> Array:
    """Return windows (window lead time) at FS_HZ, in mV."""
    return resample(np.asarray(windows.signal_mv, dtype=np.float64), windows.fs_hz, FS_HZ).astype(np.float32)


def named_features(windows: Windows) -> NDArray[np.float64]:
    """Return features (window feature): RR intervals, amplitudes, slopes and shape; NaN = not known.

    RR before, RR after and their ratio, in s; of each lead its largest and least value and their places
    from the R peak, the area and the width at half height around it, and 24 averaged samples, in mV.
    """
    signals = np.asarray(windows.signal_mv, dtype=np.float64)
    count, leads, length = signals.shape
    rr = np.full((count, 2), np.nan) if windows.rr_s is None else windows.rr_s
    columns = [rr, rr[:, :1] / rr[:, 1:]]
    centre = length // 2 if windows.r_peak is None else windows.r_peak
    span = max(2, round(0.1 * windows.fs_hz))
    near = slice(max(centre - span, 0), centre + span)
    for lead in range(leads):
        signal = signals[:, lead] - np.median(signals[:, lead], axis=1, keepdims=True)
        qrs = signal[:, near]
        height = np.abs(qrs).max(axis=1, keepdims=True)
        wide = (np.abs(qrs) > height / 2).sum(axis=1) / windows.fs_hz
        columns += [signal.max(axis=1), signal.min(axis=1), np.abs(qrs).sum(axis=1), wide]
        columns += [(place - centre) / windows.fs_hz for place in (signal.argmax(1), signal.argmin(1))]
        columns += [part.mean(axis=1) for part in np.array_split(signal, 24, axis=1)]
    return np.column_stack(columns)


def fit_network(
    kind: Callable[[int, int], nn.Module], seen: Array, labels: Labels, seed: int, mode: Mode = "evenly"
) -> Predictor:
    """Return a network of a kind (made from leads and classes) trained on signals (window lead time)."""
    classes = np.unique(labels)
    signals = torch.from_numpy(seen)
    answers = torch.from_numpy(np.searchsorted(classes, labels))
    rng = np.random.default_rng(seed)
    counts = torch.bincount(answers).float()
    weight = len(labels) / (len(classes) * counts) if mode == "weighted" else None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = kind(signals.shape[1], len(classes))
        network(signals[:2])
        optimizer = torch.optim.AdamW(network.parameters(), _RATE, weight_decay=0.01)
        steps = SEEN // _BATCH
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, steps)
        for rows in _seen(labels, rng, steps * _BATCH, mode).reshape(steps, _BATCH):
            loss = F.cross_entropy(network(signals[rows]), answers[rows], weight)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    network.eval()

    @torch.no_grad()
    def predict(seen: Array) -> Labels:
        signals = torch.from_numpy(seen)
        parts = [network(signals[i : i + 1024]).argmax(dim=1) for i in range(0, len(signals), 1024)]
        return np.asarray(classes[torch.cat(parts).numpy()], dtype=np.str_)

    return predict


def fit_boosting(columns: Array, labels: Labels, seed: int, mode: Mode = "evenly") -> Predictor:
    """Return gradient boosting on features (window feature), trained on beats drawn as for the networks.

    Raises:
        DiffecgError: scikit-learn is not installed.
    """
    rows = _seen(labels, np.random.default_rng(seed), SEEN // 4, mode)
    weight = "balanced" if mode == "weighted" else None
    ensemble = require("sklearn.ensemble", "eval")
    model = ensemble.HistGradientBoostingClassifier(max_iter=60, random_state=seed, class_weight=weight)
    known = np.isfinite(columns[rows]).any(axis=0)  # without a single value there is nothing to split at
    model.fit(columns[rows][:, known], labels[rows])

    def predict(columns: Array) -> Labels:
        return np.asarray(model.predict(columns[:, known]), dtype=np.str_)

    return predict


CLASSIFIERS = {
    "residual CNN": Classifier(network_input, partial(fit_network, ResidualNetwork)),
    "recurrent": Classifier(network_input, partial(fit_network, RecurrentNetwork)),
    "boosted features + RR": Classifier(named_features, fit_boosting),
}


def _seen(labels: Labels, rng: np.random.Generator, count: int, mode: Mode) -> NDArray[np.intp]:
    """Return the places of ``count`` windows; of those seen equally often, each as often as others."""
    groups = [labels == label for label in np.unique(labels)] if mode == "evenly" else [labels == labels]
    share = -(-count // len(groups))
    chosen = [in_turn(np.flatnonzero(group), share, rng) for group in groups]
    return rng.permutation(np.concatenate(chosen))[:count]
