"""Exponential moving average (EMA) of the weights."""

from __future__ import annotations

import torch
from torch import nn

RAMP_UP = 0.05
"""Upper bound of the half-life, as a fraction of the samples seen."""


@torch.no_grad()
def update_ema(
    average: nn.Module, model: nn.Module, *, batch_size: int, samples: int, half_life: int
) -> None:
    """Update the moving average of a model's weights after an optimisation step.

    The half-life is ramped up with the samples seen, so that the average soon forgets the initial weights
    (Karras et al. 2022, arXiv 2206.00364, appendix F.2).

    Args:
        average: The averaged model, updated in place; buffers are copied.
        model: The model being trained.
        batch_size: Samples in the step.
        samples: Samples seen so far.
        half_life: Half-life of the average, in samples.
    """
    ramped = min(float(half_life), max(RAMP_UP * samples, 1e-8))
    decay = 0.5 ** (batch_size / ramped)
    for mean, parameter in zip(average.parameters(), model.parameters(), strict=True):
        mean.lerp_(parameter, 1 - decay)
    for copied, buffer in zip(average.buffers(), model.buffers(), strict=True):
        copied.copy_(buffer)
