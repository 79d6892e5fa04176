"""The layers of the networks, for grids of one or two axes."""

from __future__ import annotations

import math
from typing import TypeVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

AnyModule = TypeVar("AnyModule", bound=nn.Module)

GROUPS = 8
"""Groups of group normalisation; widths are multiples of it."""

HEAD_WIDTH = 32
"""Channels of an attention head."""

ROTARY_BASE = 1000.0
"""Base of the geometric sequence of frequencies of rotary position embeddings."""

MAX_FREQUENCY = 1000.0
"""Highest angular frequency of sinusoidal embeddings."""


def conv(dims: int, inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Conv1d | nn.Conv2d:
    """Return a convolution that preserves the size of the grid, or divides it by ``stride``."""
    layer = nn.Conv1d if dims == 1 else nn.Conv2d
    return layer(inputs, outputs, kernel, stride, padding=kernel // 2)


def partial_linear(
    layer: nn.Linear | nn.Conv1d | nn.Conv2d,
    x: Float[Tensor, "batch channel *grid"],
    first: int,
    *,
    bias: bool,
) -> Float[Tensor, "batch output *grid"]:
    """Return the contribution of some input channels to the output of a linear layer or convolution.

    The contributions of all input channels add up to the output. Those of inputs that are the same at every
    noise level need to be computed only once.

    Args:
        layer: A layer without stride.
        x: Some of the input channels.
        first: Index of the first of them among the inputs of the layer.
        bias: Whether to add the bias.
    """
    weight = layer.weight[:, first : first + x.shape[1]]
    offset = layer.bias if bias else None
    if isinstance(layer, nn.Linear):
        return F.linear(x, weight, offset)
    if isinstance(layer, nn.Conv1d):
        return F.conv1d(x, weight, offset, padding=layer.padding)
    return F.conv2d(x, weight, offset, padding=layer.padding)


def zero_init(module: AnyModule) -> AnyModule:
    """Set all parameters of a module to zero, so that its residual block starts as the identity."""
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    return module


def sinusoidal_embedding(x: Float[Tensor, " batch"], width: int) -> Float[Tensor, "batch {width}"]:
    r"""Embed numbers by cosines and sines of geometrically spaced frequencies.

    .. math:: \left( \cos \omega_i x, \; \sin \omega_i x \right), \qquad
        \omega_i = \omega_\mathrm{max}^{i / (w / 2 - 1)}, \quad i = 0, \dots, w / 2 - 1

    Here :math:`w` is the width and :math:`\omega_\mathrm{max}` is :data:`MAX_FREQUENCY`.

    References:
        | Attention Is All You Need (Vaswani et al., 2017), Section 3.5
        | https://arxiv.org/abs/1706.03762
    """
    half = width // 2
    exponents = torch.arange(half, dtype=torch.float32, device=x.device) / max(half - 1, 1)
    angles = x[:, None] * torch.exp(exponents * math.log(MAX_FREQUENCY))
    return torch.cat([angles.cos(), angles.sin()], dim=1)


class ResidualBlock(nn.Module):
    """Two convolutions with adaptive group normalisation and a skip connection.

    The embedding of noise level and label scales and shifts the normalised activations.

    References:
        | Diffusion Models Beat GANs on Image Synthesis (Dhariwal and Nichol, 2021), Section 3.1
        | https://arxiv.org/abs/2105.05233
    """

    def __init__(
        self,
        dims: int,
        inputs: int,
        outputs: int,
        *,
        embedding: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(GROUPS, inputs)
        self.conv1 = conv(dims, inputs, outputs)
        self.modulation = nn.Linear(embedding, 2 * outputs)
        self.norm2 = nn.GroupNorm(GROUPS, outputs)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = zero_init(conv(dims, outputs, outputs))
        self.skip = nn.Identity() if inputs == outputs else conv(dims, inputs, outputs, kernel=1)

    def forward(
        self, x: Float[Tensor, "batch channel *grid"], embedding: Float[Tensor, "batch embedding"]
    ) -> Float[Tensor, "batch output *grid"]:
        """Return the activations after the block."""
        h = self.conv1(F.silu(self.norm1(x)))
        modulation = self.modulation(embedding)
        modulation = modulation.reshape(*modulation.shape, *(1,) * (x.ndim - 2))
        scale, shift = modulation.chunk(2, dim=1)
        h = F.silu(self.norm2(h) * (1 + scale) + shift)
        return self.skip(x) + self.conv2(self.dropout(h))


class SelfAttention(nn.Module):
    """Multi-head self-attention over all grid points, with a skip connection.

    With ``positions``, rotary position embeddings make the attention weights depend on the distance of
    points.

    References:
        | RoFormer: Enhanced Transformer with Rotary Position Embedding (Su et al., 2021), Eq. 34
        | https://arxiv.org/abs/2104.09864
    """

    def __init__(self, channels: int, *, positions: bool = False) -> None:
        super().__init__()
        self.positions = positions
        self.heads = next(h for h in range(max(1, channels // HEAD_WIDTH), 0, -1) if channels % h == 0)
        self.norm = nn.GroupNorm(GROUPS, channels)
        self.qkv = nn.Conv1d(channels, 3 * channels, 1)
        self.out = zero_init(nn.Conv1d(channels, channels, 1))

    def forward(self, x: Float[Tensor, "batch channel *grid"]) -> Float[Tensor, "batch channel *grid"]:
        """Return the activations after the block."""
        points = x.flatten(2)
        qkv = self.qkv(self.norm(points)).unflatten(1, (3, self.heads, -1))
        query, key, value = qkv.transpose(-1, -2).unbind(dim=1)
        if self.positions:
            angles = rotation_angles(x.shape[2:], query.shape[-1], x.device)
            query, key = rotate(query, angles), rotate(key, angles)
        mixed = F.scaled_dot_product_attention(query, key, value).transpose(-1, -2)
        return x + self.out(mixed.flatten(1, 2)).reshape(x.shape)


def rotation_angles(grid_shape: torch.Size, width: int, device: torch.device) -> Float[Tensor, "point pair"]:
    r"""Return the rotation angle of each pair of features at each grid point.

    The pairs are divided evenly among the axes of the grid. At coordinate :math:`m` of an axis with :math:`P`
    pairs, pair :math:`i` is rotated by

    .. math:: \theta_i = m \, b^{-i / P}, \qquad i = 0, \dots, P - 1

    with the base :math:`b` of :data:`ROTARY_BASE`.
    """
    pairs = width // 2 // len(grid_shape)
    frequencies = ROTARY_BASE ** -(torch.arange(pairs, device=device, dtype=torch.float32) / pairs)
    axes = torch.meshgrid(*(torch.arange(size, device=device) for size in grid_shape), indexing="ij")
    return torch.cat([axis.flatten()[:, None] * frequencies for axis in axes], dim=1)


def rotate(
    x: Float[Tensor, "batch head point feature"], angles: Float[Tensor, "point pair"]
) -> Float[Tensor, "batch head point feature"]:
    """Rotate pairs of features; features without a pair are unchanged."""
    pairs = angles.shape[1]
    cos, sin = angles.cos(), angles.sin()
    a, b, rest = x[..., :pairs], x[..., pairs : 2 * pairs], x[..., 2 * pairs :]
    return torch.cat([a * cos - b * sin, a * sin + b * cos, rest], dim=-1)


class Downsample(nn.Module):
    """Halves the size of the grid by a convolution with stride 2."""

    def __init__(self, dims: int, channels: int) -> None:
        super().__init__()
        self.conv = conv(dims, channels, channels, stride=2)

    def forward(self, x: Float[Tensor, "batch channel *grid"]) -> Float[Tensor, "batch channel *half_grid"]:
        """Return ``x`` with every grid axis halved."""
        return self.conv(x)


class Upsample(nn.Module):
    """Doubles the size of the grid by nearest-neighbour interpolation and a convolution."""

    def __init__(self, dims: int, channels: int) -> None:
        super().__init__()
        self.conv = conv(dims, channels, channels)

    def forward(self, x: Float[Tensor, "batch channel *grid"]) -> Float[Tensor, "batch channel *double_grid"]:
        """Return ``x`` with every grid axis doubled."""
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))
