"""The conditional U-Net.

An encoder halves the resolution of the grid level by level, a decoder doubles it again, and skip connections
pass the encoder's activations to the decoder. Noise level and label modulate every residual block; the
encoded condition enters the first layer as further input channels.

References:
    | U-Net: Convolutional Networks for Biomedical Image Segmentation (Ronneberger et al., 2015)
    | https://arxiv.org/abs/1505.04597

    | Denoising Diffusion Probabilistic Models (Ho et al., 2020), Appendix B
    | https://arxiv.org/abs/2006.11239
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from diffecg.config.schema import UNetConfig
from diffecg.model.layers import (
    GROUPS,
    Downsample,
    ResidualBlock,
    SelfAttention,
    Upsample,
    conv,
    partial_linear,
    sinusoidal_embedding,
    zero_init,
)


class UNet(nn.Module):
    """A U-Net for grids of one or two axes of any size.

    Args:
        config: Sizes of the network.
        dims: Number of grid axes.
        in_channels: Channels of the noisy grid.
        condition_channels: Channels of the encoded condition.
        out_channels: Channels of the output.
        labels: Number of labels, without the unknown label.
    """

    def __init__(
        self,
        config: UNetConfig,
        *,
        dims: int,
        in_channels: int,
        condition_channels: int,
        out_channels: int,
        labels: int,
    ) -> None:
        super().__init__()
        widths = [config.width * m for m in config.multipliers]
        embedding = 4 * config.width
        self.noise_width = config.width
        self.embed_noise = nn.Sequential(
            nn.Linear(config.width, embedding), nn.SiLU(), nn.Linear(embedding, embedding)
        )
        self.embed_label = nn.Embedding(labels + 1, embedding)  # 0 is the unknown label
        self.multiple = 2 ** (len(widths) - 1)

        def block(inputs: int, outputs: int) -> ResidualBlock:
            return ResidualBlock(dims, inputs, outputs, embedding=embedding, dropout=config.dropout)

        self.in_channels = in_channels
        self.first = conv(dims, in_channels + condition_channels, widths[0])
        skips = [widths[0]]
        self.down = nn.ModuleList()
        width = widths[0]
        for level, level_width in enumerate(widths):
            for _ in range(config.blocks):
                self.down.append(block(width, level_width))
                width = level_width
                skips.append(width)
            if level < len(widths) - 1:
                self.down.append(Downsample(dims, width))
                skips.append(width)
        self.middle1 = block(width, width)
        self.attention = SelfAttention(width) if config.attention else nn.Identity()
        self.middle2 = block(width, width)
        self.up = nn.ModuleList()
        for level, level_width in reversed(list(enumerate(widths))):
            for _ in range(config.blocks + 1):
                self.up.append(block(width + skips.pop(), level_width))
                width = level_width
            if level > 0:
                self.up.append(Upsample(dims, width))
        self.norm = nn.GroupNorm(GROUPS, width)
        self.last = zero_init(conv(dims, width, out_channels))

    def features(
        self, condition: Float[Tensor, "batch channel *grid"]
    ) -> Float[Tensor, "batch feature *padded_grid"]:
        """Return the contribution of the encoded condition to the output of the first layer."""
        padded = _pad_to_multiple(condition, self.multiple)
        return partial_linear(self.first, padded, self.in_channels, bias=True)

    def forward(
        self,
        x: Float[Tensor, "batch channel *grid"],
        noise: Float[Tensor, " batch"],
        features: Float[Tensor, "batch feature *padded_grid"],
        label: Float[Tensor, "batch embedding"],
    ) -> Float[Tensor, "batch output *grid"]:
        """Return the output of the network.

        Args:
            x: Noisy grid, scaled by c_in.
            noise: Noise level as a number, c_noise.
            features: From :meth:`features`.
            label: Embedding of the label, from ``embed_label``.
        """
        grid_shape = x.shape[2:]
        embedding = F.silu(self.embed_noise(sinusoidal_embedding(noise, self.noise_width)) + label)
        x = partial_linear(self.first, _pad_to_multiple(x, self.multiple), 0, bias=False) + features
        skips = [x]
        for layer in self.down:
            x = layer(x, embedding) if isinstance(layer, ResidualBlock) else layer(x)
            skips.append(x)
        x = self.middle2(self.attention(self.middle1(x, embedding)), embedding)
        for layer in self.up:
            is_block = isinstance(layer, ResidualBlock)
            x = layer(torch.cat([x, skips.pop()], dim=1), embedding) if is_block else layer(x)
        x = self.last(F.silu(self.norm(x)))
        for axis, size in enumerate(grid_shape, start=2):
            x = x.narrow(axis, 0, size)
        return x


def _pad_to_multiple(x: Tensor, multiple: int) -> Tensor:
    """Pad the end of every grid axis to a multiple by repeating the last value."""
    padding = [pad for size in reversed(x.shape[2:]) for pad in (0, -size % multiple)]
    return F.pad(x, padding, mode="replicate")
