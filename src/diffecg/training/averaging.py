"""The exponential moving average of the weights, which is what gets used and published."""

from __future__ import annotations

import torch
from torch import nn

RAMP = 0.05
"""Early in training the half-life is at most this share of the samples seen."""


@torch.no_grad()
def update_average(average: nn.Module, model: nn.Module, *, batch: int, seen: int, half_life: int) -> None:
    """Move ``average`` towards ``model`` after a step on ``batch`` samples.

    The half-life, in samples, grows with the samples ``seen`` (as in Karras et al. 2022), so
    that the first weights are soon forgotten.
    """
    life = min(float(half_life), max(RAMP * seen, 1e-8))
    kept = 0.5 ** (batch / life)
    for mean, value in zip(average.parameters(), model.parameters(), strict=True):
        mean.lerp_(value, 1 - kept)
    for fixed, current in zip(average.buffers(), model.buffers(), strict=True):
        fixed.copy_(current)
