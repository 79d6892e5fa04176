"""The conditional U-Net (Ronneberger et al. 2015; Ho et al. 2020, appendix B)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from diffecg.config.schema import UNetConfig
from diffecg.model.layers import (
    GROUPS,
    Downsample,
    ResidualBlock,
    SelfAttention,
    Upsample,
    conv,
    part,
    sinusoids,
    zero,
)


class UNet(nn.Module):
    """A U-Net for grids of one or two axes of any size, conditioned on noise level and class.

    What is observed (C1 and C2) enters as further input channels.
    """

    def __init__(
        self, config: UNetConfig, *, dims: int, inputs: int, known: int, outputs: int, labels: int
    ) -> None:
        super().__init__()
        widths = [config.width * m for m in config.multipliers]
        embedding = 4 * config.width
        self.noise_width = config.width
        self.embed_noise = nn.Sequential(
            nn.Linear(config.width, embedding), nn.SiLU(), nn.Linear(embedding, embedding)
        )
        self.embed_label = nn.Embedding(labels + 1, embedding)  # 0 is the unknown class
        self.multiple = 2 ** (len(widths) - 1)

        def attend(width: int) -> SelfAttention:
            return SelfAttention(width, positions=config.positions)

        def block(inputs: int, outputs: int, level: int | None = None) -> ResidualBlock:
            attends = level is not None and level > len(widths) - config.attention
            attention = attend(outputs) if attends else None
            return ResidualBlock(dims, inputs, outputs, embedding, config.dropout, attention)

        self.inputs = inputs
        self.first = conv(dims, inputs + known, widths[0])
        skips = [widths[0]]
        self.down = nn.ModuleList()
        width = widths[0]
        for level, level_width in enumerate(widths):
            for _ in range(config.blocks):
                self.down.append(block(width, level_width, level))
                width = level_width
                skips.append(width)
            if level < len(widths) - 1:
                self.down.append(Downsample(dims, width))
                skips.append(width)
        self.middle1 = block(width, width)
        self.attention = attend(width) if config.attention else nn.Identity()
        self.middle2 = block(width, width)
        self.up = nn.ModuleList()
        for level, level_width in reversed(list(enumerate(widths))):
            for _ in range(config.blocks + 1):
                self.up.append(block(width + skips.pop(), level_width, level))
                width = level_width
            if level > 0:
                self.up.append(Upsample(dims, width))
        self.norm = nn.GroupNorm(GROUPS, width)
        self.last = zero(conv(dims, width, outputs))

    def features(self, known: Tensor) -> Tensor:
        """Return what known channels (batch known *grid) add to the first layer's answer, bias included."""
        return part(self.first, _pad_to_multiple(known, self.multiple), self.inputs, bias=True)

    def forward(self, x: Tensor, noise: Tensor, features: Tensor, label: Tensor) -> Tensor:
        """Return the network's answer (batch outputs *grid).

        Args:
            x: noisy channels (batch inputs *grid).
            noise: a number (batch,) that tells the noise level.
            features: what :meth:`features` returned.
            label: the class, embedded (batch width).
        """
        grid = x.shape[2:]
        embedding = F.silu(self.embed_noise(sinusoids(noise, self.noise_width)) + label)
        x = part(self.first, _pad_to_multiple(x, self.multiple), 0, bias=False) + features
        skips = [x]
        for layer in self.down:
            x = layer(x, embedding) if isinstance(layer, ResidualBlock) else layer(x)
            skips.append(x)
        x = self.middle2(self.attention(self.middle1(x, embedding)), embedding)
        for layer in self.up:
            if isinstance(layer, ResidualBlock):
                x = layer(torch.cat([x, skips.pop()], dim=1), embedding)
            else:
                x = layer(x)
        out: Tensor = self.last(F.silu(self.norm(x)))
        for axis, size in enumerate(grid, start=2):
            out = out.narrow(axis, 0, size)
        return out


def _pad_to_multiple(x: Tensor, multiple: int) -> Tensor:
    """Return x with the end of every grid axis repeated up to a multiple."""
    padding = [pad for size in reversed(x.shape[2:]) for pad in (0, -size % multiple)]
    return F.pad(x, padding, mode="replicate")
