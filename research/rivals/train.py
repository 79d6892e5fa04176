"""Training of other generators for a given time; the same call again goes on where it stopped."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from diffecg.datasets.windows import Windows
from diffecg.files import write_atomic

CHECKPOINT = "peer.pt"
CHECKPOINT_S = 60.0
BATCH = 64
_DRAWN = 100


class Peer(nn.Module):
    """A class-conditional generator of windows (batch lead time)."""

    def learn(self, signals: Tensor, classes: Tensor) -> None:
        """Take one training step on windows (batch lead time), divided by their spread, and their classes."""
        raise NotImplementedError

    def draw(self, classes: Tensor) -> Tensor:
        """Return a new window (batch lead time), in units of the spread, for each class."""
        raise NotImplementedError

    def optimizers(self) -> list[torch.optim.Optimizer]:
        """Return all that a checkpoint must hold beside the weights."""
        raise NotImplementedError


class Trained:
    """A peer with what it takes to draw in mV."""

    def __init__(self, peer: Peer, windows: Windows) -> None:
        self.peer = peer
        self.spread_mv = float(windows.signal_mv.std())
        self.labels = windows.classes()
        self.fs_hz, self.leads, self.r_peak = windows.fs_hz, windows.leads, windows.r_peak
        self.steps, self.seconds = 0, 0.0

    def draw(self, labels: list[str], seed: int = 0) -> Windows:
        """Return a window for each label."""
        classes = torch.tensor([self.labels.index(label) for label in labels])
        self.peer.eval()
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(seed)
            parts = [self.peer.draw(classes[i : i + _DRAWN]) for i in range(0, len(classes), _DRAWN)]
        signal_mv = (self.spread_mv * torch.cat(parts)).numpy()
        return Windows.from_arrays(signal_mv, self.fs_hz, labels, leads=self.leads, r_peak=self.r_peak)


def train_peer(peer: Peer, windows: Windows, folder: Path, seconds: float, *, seed: int = 0) -> Trained:
    """Train a peer until it has trained for ``seconds`` of the processor in all, and return it.

    Classes are drawn equally often: a generator of rare beats is judged by its rare beats.

    Args:
        peer: fresh; the checkpoint in ``folder`` replaces its weights.
        windows: to learn from.
        folder: of its checkpoint; made if need be.
        seconds: of training, over all calls.
        seed: of the order of the windows, and of the noise.
    """
    folder.mkdir(parents=True, exist_ok=True)
    trained = Trained(peer, windows)
    _restore(folder / CHECKPOINT, trained)
    groups = [np.flatnonzero(windows.labels == label) for label in trained.labels]
    peer.train()
    saved = time.monotonic()
    while trained.seconds < seconds:
        started = time.process_time()
        rng = np.random.default_rng([seed, trained.steps])
        classes = rng.integers(len(groups), size=BATCH)
        rows = [groups[one][rng.integers(len(groups[one]))] for one in classes]
        signals = torch.from_numpy(windows.signal_mv[rows].astype(np.float32)) / trained.spread_mv
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(rng.integers(2**62)))
            peer.learn(signals, torch.from_numpy(classes))
        trained.steps += 1
        trained.seconds += time.process_time() - started
        if trained.seconds >= seconds or time.monotonic() - saved > CHECKPOINT_S:
            _save(folder / CHECKPOINT, trained)
            saved = time.monotonic()
    return trained


def _save(path: Path, trained: Trained) -> None:
    buffer = io.BytesIO()
    state: dict[str, Any] = {
        "peer": trained.peer.state_dict(),
        "optimizers": [one.state_dict() for one in trained.peer.optimizers()],
        "steps": trained.steps,
        "seconds": trained.seconds,
    }
    torch.save(state, buffer)
    write_atomic(path, buffer.getvalue())


def _restore(path: Path, trained: Trained) -> None:
    if not path.is_file():
        return
    stored = torch.load(path, map_location="cpu", weights_only=True)
    trained.peer.load_state_dict(stored["peer"])
    for optimizer, state in zip(trained.peer.optimizers(), stored["optimizers"], strict=True):
        optimizer.load_state_dict(state)
    trained.steps, trained.seconds = stored["steps"], stored["seconds"]
