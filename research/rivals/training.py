"""Time-limited, resumable training of rival generators."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from diffecg.datasets.windows import Windows
from diffecg.files import write_atomic

CHECKPOINT = "rival.pt"
CHECKPOINT_EVERY_S = 60.0
BATCH_SIZE = 64
_SAMPLING_BATCH_SIZE = 100


class Rival(nn.Module):
    """A class-conditional generator of windows, in units of the training set's standard deviation."""

    def train_step(self, signals: Float[Tensor, "batch lead time"], classes: Int[Tensor, " batch"]) -> None:
        """Take one optimiser step on labelled windows."""
        raise NotImplementedError

    def sample(self, classes: Int[Tensor, " batch"]) -> Float[Tensor, "batch lead time"]:
        """Return a new window of each class."""
        raise NotImplementedError

    def optimizers(self) -> list[torch.optim.Optimizer]:
        """Return the optimisers, whose state a checkpoint holds beside the weights."""
        raise NotImplementedError


class TrainedRival:
    """A rival with the labels, the scale and the window settings of its training set."""

    def __init__(self, rival: Rival, windows: Windows) -> None:
        self.rival = rival
        self.scale_mv = float(windows.signal_mv.std())
        self.labels = windows.unique_labels()
        self.fs_hz, self.leads, self.r_peak = windows.fs_hz, windows.channel_names, windows.r_peak
        self.steps, self.cpu_s = 0, 0.0

    def sample(self, labels: list[str], seed: int = 0) -> Windows:
        """Return a new window of each label."""
        classes = torch.tensor([self.labels.index(label) for label in labels])
        self.rival.eval()
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(seed)
            batches = [self.rival.sample(batch) for batch in torch.split(classes, _SAMPLING_BATCH_SIZE)]
        signal_mv = (self.scale_mv * torch.cat(batches)).numpy()
        return Windows.from_arrays(
            signal_mv, self.fs_hz, labels, channel_names=self.leads, r_peak=self.r_peak
        )


def train_rival(rival: Rival, windows: Windows, folder: Path, cpu_s: float, *, seed: int = 0) -> TrainedRival:
    """Train a rival for ``cpu_s`` seconds of processor time, summed over all calls with the same folder.

    Every class is sampled equally often, since a generator is judged by its rare classes too.

    Args:
        rival: an untrained generator; a checkpoint in ``folder`` replaces its weights.
        windows: the training set.
        folder: of the checkpoint; created if it does not exist.
        cpu_s: processor time, in s.
        seed: of the batches and of the training noise.
    """
    folder.mkdir(parents=True, exist_ok=True)
    trained = TrainedRival(rival, windows)
    _restore(folder / CHECKPOINT, trained)
    rows_by_class = [np.flatnonzero(windows.labels == label) for label in trained.labels]
    rival.train()
    saved_at = time.monotonic()
    while trained.cpu_s < cpu_s:
        started = time.process_time()
        rng = np.random.default_rng([seed, trained.steps])
        classes = rng.integers(len(rows_by_class), size=BATCH_SIZE)
        rows = [rows_by_class[c][rng.integers(len(rows_by_class[c]))] for c in classes]
        signals = torch.from_numpy(windows.signal_mv[rows].astype(np.float32)) / trained.scale_mv
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(rng.integers(2**62)))
            rival.train_step(signals, torch.from_numpy(classes))
        trained.steps += 1
        trained.cpu_s += time.process_time() - started
        if trained.cpu_s >= cpu_s or time.monotonic() - saved_at > CHECKPOINT_EVERY_S:
            _save(folder / CHECKPOINT, trained)
            saved_at = time.monotonic()
    return trained


def _save(path: Path, trained: TrainedRival) -> None:
    buffer = io.BytesIO()
    state: dict[str, Any] = {
        "rival": trained.rival.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in trained.rival.optimizers()],
        "steps": trained.steps,
        "cpu_s": trained.cpu_s,
    }
    torch.save(state, buffer)
    write_atomic(path, buffer.getvalue())


def _restore(path: Path, trained: TrainedRival) -> None:
    if not path.is_file():
        return
    state = torch.load(path, map_location="cpu", weights_only=True)
    trained.rival.load_state_dict(state["rival"])
    for optimizer, optimizer_state in zip(trained.rival.optimizers(), state["optimizers"], strict=True):
        optimizer.load_state_dict(optimizer_state)
    trained.steps, trained.cpu_s = state["steps"], state["cpu_s"]
