"""The settings of optimisation, the optimiser and the learning rate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import nn

from diffecg.config.schema import TrainingConfig


class LoopSettings(Protocol):
    """The settings of training that any network has; see :class:`diffecg.config.schema.TrainingConfig`."""

    @property
    def samples(self) -> int:
        """Number of training samples."""

    @property
    def batch(self) -> int:
        """Batch size."""

    @property
    def learning_rate(self) -> float:
        """Learning rate between warm-up and decay."""

    @property
    def warmup(self) -> int:
        """Number of samples of the warm-up."""

    @property
    def decay(self) -> float:
        """Last fraction of training, over which the learning rate falls to zero."""

    @property
    def ema_half_life(self) -> int:
        """Half-life of the averaged weights, in samples."""

    @property
    def seed(self) -> int:
        """Seed of weights, data order and noise."""

    @property
    def precision(self) -> str:
        """``float32`` or ``bfloat16``."""

    @property
    def checkpoint_every(self) -> int:
        """Number of samples between checkpoints."""

    @property
    def patience(self) -> int:
        """Number of checkpoints without a lower validation loss after which training ends; 0: never."""


def computes_in_bfloat16(device: str) -> bool:
    """Return whether a device has instructions for 16-bit floats, without which they are slow."""
    if torch.device(device).type == "cpu":
        return torch.cpu._is_avx512_bf16_supported()
    return torch.cuda.is_bf16_supported()


def build_optimizer(model: nn.Module, settings: TrainingConfig) -> torch.optim.Optimizer:
    """Return the optimiser that the settings name."""
    if settings.optimizer == "adam":
        return torch.optim.Adam(model.parameters(), settings.learning_rate)
    return build_adamw(model, settings.learning_rate)


def build_adamw(model: nn.Module, learning_rate: float) -> torch.optim.Optimizer:
    """Return the AdamW optimiser of all runs."""
    return torch.optim.AdamW(model.parameters(), learning_rate, weight_decay=0.01, betas=(0.9, 0.99))


def learning_rate(settings: LoopSettings, samples: int) -> float:
    """Return the learning rate after ``samples``: linear warm-up, constant, linear decay to zero."""
    warmup = min(1.0, (samples + settings.batch) / max(settings.warmup, 1))
    remaining = max(0.0, 1 - samples / settings.samples)
    decay = min(1.0, remaining / settings.decay) if settings.decay > 0 else 1.0
    return settings.learning_rate * warmup * decay


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Count floats below the smallest normal one as zero: a CPU computes with them many times more slowly.

    Layers that begin at zero have such gradients in the first steps.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
