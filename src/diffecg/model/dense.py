"""The conditional dense network: a residual multilayer perceptron over the whole window.

For short, aligned windows such as R-centred beats, where every grid point can have weights of its own. Noise
level and label modulate every residual block; the encoded condition enters the first layer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from diffecg.config.schema import DenseConfig
from diffecg.model.layers import partial_linear, sinusoidal_embedding, zero_init

EMBEDDING_WIDTH = 128
"""Width of the embedding of noise level and label."""

NOISE_WIDTH = 64
"""Width of the sinusoidal embedding of the noise level."""


class DenseNetwork(nn.Module):
    """A residual multilayer perceptron for grids of a fixed size.

    Args:
        config: Sizes of the network.
        grid_shape: Sizes of the grid's axes.
        in_channels: Channels of the noisy grid.
        condition_channels: Channels of the encoded condition.
        out_channels: Channels of the output.
        labels: Number of labels, without the unknown label.
    """

    def __init__(
        self,
        config: DenseConfig,
        *,
        grid_shape: Sequence[int],
        in_channels: int,
        condition_channels: int,
        out_channels: int,
        labels: int,
    ) -> None:
        super().__init__()
        points = math.prod(grid_shape)
        self.output_shape, self.inputs = (out_channels, *grid_shape), in_channels * points
        self.embed_noise = nn.Sequential(
            nn.Linear(NOISE_WIDTH, EMBEDDING_WIDTH), nn.SiLU(), nn.Linear(EMBEDDING_WIDTH, EMBEDDING_WIDTH)
        )
        self.embed_label = nn.Embedding(labels + 1, EMBEDDING_WIDTH)  # 0 is the unknown label
        self.first = nn.Linear((in_channels + condition_channels) * points, config.width)
        self.blocks = nn.ModuleList(DenseBlock(config) for _ in range(config.blocks))
        self.norm = nn.LayerNorm(config.width)
        self.last = zero_init(nn.Linear(config.width, out_channels * points))

    def features(self, condition: Float[Tensor, "batch channel *grid"]) -> Float[Tensor, "batch feature"]:
        """Return the contribution of the encoded condition to the output of the first layer."""
        if not condition.any():  # as in all generation
            return self.first.bias.repeat(len(condition), 1)
        return partial_linear(self.first, condition.flatten(1), self.inputs, bias=True)

    def forward(
        self,
        x: Float[Tensor, "batch channel *grid"],
        noise: Float[Tensor, " batch"],
        features: Float[Tensor, "batch feature"],
        label: Float[Tensor, "batch embedding"],
    ) -> Float[Tensor, "batch output *grid"]:
        """Return the output of the network.

        Args:
            x: Noisy grid, scaled by c_in.
            noise: Noise level as a number, c_noise.
            features: From :meth:`features`.
            label: Embedding of the label, from ``embed_label``.
        """
        embedding = F.silu(self.embed_noise(sinusoidal_embedding(noise, NOISE_WIDTH)) + label)
        h = partial_linear(self.first, x.flatten(1), 0, bias=False) + features
        for block in self.blocks:
            h = block(h, embedding)
        return self.last(self.norm(h)).unflatten(1, self.output_shape)


class DenseBlock(nn.Module):
    """Two linear layers with adaptive layer normalisation and a skip connection.

    The embedding of noise level and label scales and shifts the normalised input.

    References:
        | Scalable Diffusion Models with Transformers (Peebles and Xie, 2022), Section 3.2
        | https://arxiv.org/abs/2212.09748
    """

    def __init__(self, config: DenseConfig) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(config.width, elementwise_affine=False)
        self.modulation = nn.Linear(EMBEDDING_WIDTH, 2 * config.width)
        self.widen = nn.Linear(config.width, config.hidden)
        self.dropout = nn.Dropout(config.dropout)
        self.narrow = zero_init(nn.Linear(config.hidden, config.width))

    def forward(
        self, x: Float[Tensor, "batch feature"], embedding: Float[Tensor, "batch embedding"]
    ) -> Float[Tensor, "batch feature"]:
        """Return the activations after the block."""
        scale, shift = self.modulation(embedding).chunk(2, dim=1)
        h = F.silu(self.widen(self.norm(x) * (1 + scale) + shift))
        return x + self.narrow(self.dropout(h))
