"""The embedding of numbers that a network is conditioned on, such as age and heart rate."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from diffecg.model.layers import zero_init

HIDDEN = 128
"""Width of the hidden layer."""

MAX_DEVIATION = 4.0
"""Numbers further from the mean than this many standard deviations count as that far."""


class NumberEmbedding(nn.Module):
    """A small network from standardised numbers, each of which may be unknown, to an embedding.

    Args:
        numbers: Number of numbers.
        width: Width of the embedding.
    """

    mean: Float[Tensor, " number"]
    """Mean of each number in the training data."""
    deviation: Float[Tensor, " number"]
    """Standard deviation of each number in the training data."""

    def __init__(self, numbers: int, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(numbers))
        self.register_buffer("deviation", torch.ones(numbers))
        self.layers = nn.Sequential(
            nn.Linear(3 * numbers, HIDDEN), nn.SiLU(), zero_init(nn.Linear(HIDDEN, width))
        )

    @torch.no_grad()
    def fit(self, numbers: Float[Tensor, "window number"]) -> None:
        """Estimate mean and standard deviation of each number from training data; NaN = unknown."""
        known = numbers.isfinite()
        count = known.sum(dim=0).clamp(min=1)
        mean = torch.where(known, numbers, 0).sum(dim=0) / count
        variance = torch.where(known, (numbers - mean).square(), 0).sum(dim=0) / count
        self.mean.copy_(mean)
        self.deviation.copy_(torch.where(variance > 0, variance.sqrt(), 1))

    def forward(self, numbers: Float[Tensor, "batch number"]) -> Float[Tensor, "batch embedding"]:
        """Return the embedding of numbers; NaN = unknown."""
        known = numbers.isfinite()
        z = ((numbers - self.mean) / self.deviation).clamp(-MAX_DEVIATION, MAX_DEVIATION)
        z = torch.where(known, z, 0)
        embedding: Tensor = self.layers(torch.cat([z, z.square(), known.to(z.dtype)], dim=1))
        return embedding
