"""``python -m research train-encoder``: the frozen encoder of the reports."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import torch.nn.functional as F
from cyclopts import Parameter
from jaxtyping import Float, Int
from safetensors.torch import save
from torch import Tensor, nn

from diffecg.datasets.loading import open_windows
from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.encoder import FEATURES, FOLDER, WEIGHTS, Encoder, resample_for_encoder
from research.repository import PRETRAINED

STEPS, BATCH_SIZE, LEARNING_RATE, SEED = 6000, 128, 2e-3, 0
TARGETS = ("label", "recording")
"""Columns of the index that the encoder is trained to predict."""


def train_encoder(
    windows: Annotated[Path, Parameter(help="Beats: a folder written by diffecg prepare --preset beat.")], /
) -> None:
    """Train the encoder of the reports on the training partition, and write it into the package.

    Example: python -m research train-encoder beats/

    The encoder learns to predict the label and the recording of a beat. Prints its accuracy on the validation
    partition.
    """
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    beats = open_windows(windows)
    train, validation = (beats.partition(name) for name in ("train", "validation"))
    names = [sorted(set(train.index[target])) for target in TARGETS]
    signals, targets = as_tensors(train, names)
    encoder = Encoder()
    heads = nn.ModuleList(nn.Linear(FEATURES, len(classes)) for classes in names)
    fit(encoder, heads, signals, targets)
    with torch.no_grad():
        features = encoder(signals)
        encoder.mean.copy_(features.mean(0))
        encoder.spread.copy_(features.std(0))
        signals, targets = as_tensors(validation, names)
        features = encoder(signals) * encoder.spread + encoder.mean
        for name, head, target in zip(TARGETS, heads, targets, strict=True):
            accuracy = (head(features).argmax(1) == target).float().mean()
            print(f"validation accuracy, {name}: {accuracy:.3f}")
    path = PRETRAINED / FOLDER / WEIGHTS
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(save(encoder.state_dict()))
    print(path)


def as_tensors(
    windows: Windows, names: list[list[str]]
) -> tuple[Float[Tensor, "batch time"], list[Int[Tensor, " batch"]]]:
    """Return the signals at the encoder's rate, and the class indices of each target."""
    signals = torch.from_numpy(resample_for_encoder(windows.signal_mv, windows.fs_hz)[:, 0])
    targets = [
        torch.tensor([classes.index(name) for name in windows.index[target]])
        for target, classes in zip(TARGETS, names, strict=True)
    ]
    return signals, targets


def fit(
    encoder: Encoder,
    heads: nn.ModuleList,
    signals: Float[Tensor, "batch time"],
    targets: list[Int[Tensor, " batch"]],
) -> None:
    """Train on beats sampled in proportion to the square root of their class frequency."""
    label = targets[0]
    weight = label.bincount()[label].double().rsqrt()
    parameters = [*encoder.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(parameters, LEARNING_RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, STEPS)
    rng = np.random.default_rng(SEED)
    cumulative = (weight.cumsum(0) / weight.sum()).numpy()
    for _ in range(STEPS):
        rows = torch.from_numpy(np.searchsorted(cumulative, rng.random(BATCH_SIZE)).clip(max=len(label) - 1))
        features = encoder(signals[rows])
        losses = [
            F.cross_entropy(head(features), target[rows]) for head, target in zip(heads, targets, strict=True)
        ]
        optimizer.zero_grad()
        torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
