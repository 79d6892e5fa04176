"""The layers of the U-Net, for sequences (dims=1) and pictures (dims=2) alike."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

GROUPS = 8
_HEAD = 32
_LONGEST_PERIOD = 1000.0


def conv(dims: int, inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Conv1d | nn.Conv2d:
    """Return a convolution that keeps the grid's size (or divides it by ``stride``)."""
    kind = nn.Conv1d if dims == 1 else nn.Conv2d
    return kind(inputs, outputs, kernel, stride, padding=kernel // 2)


def part(layer: nn.Linear | nn.Conv1d | nn.Conv2d, x: Tensor, first: int, *, bias: bool) -> Tensor:
    """Return what some input channels add to a layer's answer.

    A layer is linear: what does not change from step to step need be computed only once.

    Args:
        layer: a linear layer or a convolution.
        x: input channels (batch channel *grid).
        first: the place of the first one among the layer's inputs.
        bias: whether the layer's bias is added here.
    """
    weight = layer.weight[:, first : first + x.shape[1]]
    added = layer.bias if bias else None
    if isinstance(layer, nn.Linear):
        return F.linear(x, weight, added)
    if isinstance(layer, nn.Conv1d):
        return F.conv1d(x, weight, added, padding=layer.padding)
    return F.conv2d(x, weight, added, padding=layer.padding)


def zero(module: nn.Module) -> nn.Module:
    """Return ``module`` with all parameters set to zero, so that its block starts as an identity."""
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    return module


def sinusoids(x: Tensor, width: int, highest: float = 1000.0) -> Tensor:
    """Return sines and cosines (batch width) of x (batch,) (Vaswani et al. 2017, section 3.5)."""
    half = width // 2
    exponents = torch.arange(half, dtype=torch.float32, device=x.device) / max(half - 1, 1)
    angles = x[:, None] * torch.exp(exponents * math.log(highest))
    return torch.cat([angles.cos(), angles.sin()], dim=1)


class ResidualBlock(nn.Module):
    """Two convolutions around a skip; the embedding scales and shifts what lies between.

    Dhariwal and Nichol (2021), arXiv 2105.05233, section 3.1 (adaptive group normalisation).
    """

    def __init__(
        self,
        dims: int,
        inputs: int,
        outputs: int,
        embedding: int,
        dropout: float,
        attention: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(GROUPS, inputs)
        self.conv1 = conv(dims, inputs, outputs)
        self.modulation = nn.Linear(embedding, 2 * outputs)
        self.norm2 = nn.GroupNorm(GROUPS, outputs)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = zero(conv(dims, outputs, outputs))
        self.skip = nn.Identity() if inputs == outputs else conv(dims, inputs, outputs, kernel=1)
        self.attention = attention or nn.Identity()
        self.ones = (1,) * dims

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        """Return (batch outputs *grid) for x (batch inputs *grid) and embedding (batch width)."""
        h = self.conv1(F.silu(self.norm1(x)))
        modulation = self.modulation(embedding)
        scale, shift = modulation.reshape(*modulation.shape, *self.ones).chunk(2, dim=1)
        h = F.silu(self.norm2(h) * (1 + scale) + shift)
        out: Tensor = self.attention(self.skip(x) + self.conv2(self.dropout(h)))
        return out


class SelfAttention(nn.Module):
    """Multi-head self-attention over all grid points, around a skip.

    With ``positions``, queries and keys are rotated by their place, so that what a point sees of another
    depends on the distance between them (Su et al. 2021, arXiv 2104.09864, Eq. 34).
    """

    def __init__(self, channels: int, *, positions: bool = False) -> None:
        super().__init__()
        self.positions = positions
        self.heads = next(h for h in range(max(1, channels // _HEAD), 0, -1) if channels % h == 0)
        self.norm = nn.GroupNorm(GROUPS, channels)
        self.qkv = nn.Conv1d(channels, 3 * channels, 1)
        self.out = zero(nn.Conv1d(channels, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch channels *grid) for x of the same shape."""
        points = x.flatten(2)
        qkv = self.qkv(self.norm(points)).reshape(len(x), 3, self.heads, -1, points.shape[-1])
        query, key, value = qkv.transpose(-1, -2).unbind(dim=1)
        if self.positions:
            turn = _turns(x.shape[2:], query.shape[-1], x.device)
            query, key = _rotate(query, turn), _rotate(key, turn)
        mixed = F.scaled_dot_product_attention(query, key, value).transpose(-1, -2)
        out: Tensor = x + self.out(mixed.flatten(1, 2)).reshape(x.shape)
        return out


def _turns(grid: torch.Size, width: int, device: torch.device) -> Tensor:
    """Return the angle (point pair) by which each point's pairs of features are turned.

    The pairs are shared out among the grid's axes; their periods rise geometrically.
    """
    pairs = width // 2 // len(grid)
    speed = _LONGEST_PERIOD ** -(torch.arange(pairs, device=device) / pairs)
    axes = torch.meshgrid(*(torch.arange(size, device=device) for size in grid), indexing="ij")
    return torch.cat([axis.flatten()[:, None] * speed for axis in axes], dim=1)


def _rotate(x: Tensor, turn: Tensor) -> Tensor:
    """Return x (batch head point feature) with its pairs of features turned; leftover ones stay."""
    pairs = turn.shape[1]
    cos, sin = turn.cos(), turn.sin()
    a, b, rest = x[..., :pairs], x[..., pairs : 2 * pairs], x[..., 2 * pairs :]
    return torch.cat([a * cos - b * sin, a * sin + b * cos, rest], dim=-1)


class Downsample(nn.Module):
    """Half the grid's size by a strided convolution."""

    def __init__(self, dims: int, channels: int) -> None:
        super().__init__()
        self.conv = conv(dims, channels, channels, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """Return x with every grid axis halved."""
        out: Tensor = self.conv(x)
        return out


class Upsample(nn.Module):
    """Twice the grid's size: nearest neighbour, then a convolution."""

    def __init__(self, dims: int, channels: int) -> None:
        super().__init__()
        self.conv = conv(dims, channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return x with every grid axis doubled."""
        out: Tensor = self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))
        return out
