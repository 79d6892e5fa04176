"""The conditional dense network: residual blocks over the whole window at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from diffecg.config.schema import DenseConfig
from diffecg.model.layers import part, sinusoids, zero

_EMBEDDING = 128
_NOISE_FEATURES = 64


class DenseNetwork(nn.Module):
    """A perceptron with residual blocks, conditioned on noise level and class."""

    def __init__(
        self, config: DenseConfig, *, grid: Sequence[int], inputs: int, known: int, outputs: int, labels: int
    ) -> None:
        super().__init__()
        self.shape, self.inputs = (outputs, *grid), inputs * math.prod(grid)
        self.embed_noise = nn.Sequential(
            nn.Linear(_NOISE_FEATURES, _EMBEDDING), nn.SiLU(), nn.Linear(_EMBEDDING, _EMBEDDING)
        )
        self.embed_label = nn.Embedding(labels + 1, _EMBEDDING)  # 0 is the unknown class
        self.first = nn.Linear((inputs + known) * math.prod(grid), config.width)
        self.blocks = nn.ModuleList(DenseBlock(config) for _ in range(config.blocks))
        self.norm = nn.LayerNorm(config.width)
        self.last = zero(nn.Linear(config.width, math.prod(self.shape)))

    def features(self, known: Tensor) -> Tensor:
        """Return what known channels (batch known *grid) add to the first layer's answer, bias included."""
        if not known.any():  # as in all generation
            return self.first.bias.repeat(len(known), 1)
        return part(self.first, known.flatten(1), self.inputs, bias=True)

    def forward(self, x: Tensor, noise: Tensor, features: Tensor, label: Tensor) -> Tensor:
        """Return the network's answer (batch outputs *grid).

        Args:
            x: noisy channels (batch inputs *grid).
            noise: a number (batch,) that tells the noise level.
            features: what :meth:`features` returned.
            label: the class, embedded (batch width).
        """
        embedding = F.silu(self.embed_noise(sinusoids(noise, _NOISE_FEATURES)) + label)
        h = part(self.first, x.flatten(1), 0, bias=False) + features
        for block in self.blocks:
            h = block(h, embedding)
        out: Tensor = self.last(self.norm(h)).reshape(len(x), *self.shape)
        return out


class DenseBlock(nn.Module):
    """Two linear layers around a skip; the embedding scales and shifts what enters.

    Peebles and Xie (2022), arXiv 2212.09748, section 3.2 (adaptive layer normalisation).
    """

    def __init__(self, config: DenseConfig) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(config.width, elementwise_affine=False)
        self.modulation = nn.Linear(_EMBEDDING, 2 * config.width)
        self.widen = nn.Linear(config.width, config.hidden)
        self.dropout = nn.Dropout(config.dropout)
        self.narrow = zero(nn.Linear(config.hidden, config.width))

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        """Return (batch width) for x (batch width) and embedding (batch width)."""
        scale, shift = self.modulation(embedding).chunk(2, dim=1)
        h = F.silu(self.widen(self.norm(x) * (1 + scale) + shift))
        out: Tensor = x + self.narrow(self.dropout(h))
        return out
