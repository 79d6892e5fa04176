"""Training of the networks that impute gaps, each for the same processor time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float32

from research.rivals.imputation_networks import TrainedNetwork, WindowFormat

LEARNING_RATE = 1e-3


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Windows with gaps."""

    signal: Float32[np.ndarray, "window time signal"]
    """The windows, normalised; 0 where the truth is unknown."""
    observed: Bool[np.ndarray, "window time signal"]
    """The samples that a network sees."""
    hidden: Bool[np.ndarray, "window time signal"]
    """The samples that it does not see and whose truth is known."""


BatchDrawer = Callable[[np.random.Generator], Batch]
"""Draws random windows with random gaps."""


def train_networks(
    kinds: Sequence[str],
    windows: WindowFormat,
    draw_batch: BatchDrawer,
    *,
    out: Path,
    minutes: float,
    seed: int,
    about: dict[str, Any],
) -> None:
    """Train networks one after the other, and write each to a folder of its name.

    Args:
        kinds: names of the networks.
        windows: format of the windows.
        draw_batch: draws windows.
        out: folder of the folders.
        minutes: processor time of the training of each network.
        seed: seed of weights, windows and gaps.
        about: what is written beside the weights.
    """
    for kind in kinds:
        trained, steps, loss = train_network(kind, windows, draw_batch, minutes=minutes, seed=seed)
        trained.save(out / kind, {"minutes": minutes, "seed": seed, **about, "steps": steps, "loss": loss})
        print(f"{kind}: {steps} steps, loss {loss:.4f}", flush=True)


def train_network(
    kind: str, windows: WindowFormat, draw_batch: BatchDrawer, *, minutes: float, seed: int
) -> tuple[TrainedNetwork, int, float]:
    """Return a network trained for a time, the number of steps, and the mean loss of the last tenth.

    The time is that of the processor, which excludes the time that other programs take.

    Args:
        kind: name of the network.
        windows: format of the windows.
        draw_batch: draws windows.
        minutes: processor time; the learning rate falls to zero over it.
        seed: seed of weights, windows and gaps.
    """
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        trained = TrainedNetwork.create(kind, windows)
        network = trained.network.train()
        optimiser = torch.optim.AdamW(network.parameters(), LEARNING_RATE)
        losses: list[float] = []
        start = time.process_time()
        while (share := (time.process_time() - start) / (60 * minutes)) < 1:
            for group in optimiser.param_groups:
                group["lr"] = LEARNING_RATE * 0.5 * (1 + np.cos(np.pi * share))
            batch = draw_batch(rng)
            loss = network.loss(*map(torch.from_numpy, (batch.signal, batch.observed, batch.hidden)))
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            losses.append(float(loss.detach()))
    network.eval()
    return trained, len(losses), float(np.mean(losses[-max(len(losses) // 10, 1) :]))
