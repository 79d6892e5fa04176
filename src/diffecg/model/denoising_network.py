r"""The network that removes noise from one lead: it estimates the clean signal and its own error.

The recorded signal is divided into frequency bands :math:`y_k` that add up to it. A U-Net of one-dimensional
convolutions, with attention over the coarsest grid, where a noisy heartbeat is compared with the others of
the subject, sees the bands and the mask of the noisy samples. At each sample it gives the gain :math:`g_k` of
each band, a signal :math:`d` and the logarithm of a half width :math:`w`: a filter that adapts to signal and
noise, with what no filter can restore. The estimate is

.. math:: \hat x = \sum_k \mathrm{sigmoid}(g_k) \, y_k + d

and 90 % of the errors :math:`|\hat x - x|` are below :math:`w`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from diffecg.model.layers import SelfAttention, zero_init

STEEPNESS = 8
"""Exponent of the frequency in the response of the low-pass filters that divide the bands."""

WANDER = 0.0034
"""Bands below this share of the sampling rate (0.67 Hz at 200 Hz) are attenuated at the start of training."""
MIN_POWER, LOG_SCALE = 1e-6, 3.0
"""Powers are bounded from below; their logarithms are divided by the scale."""
PASSED, ATTENUATED = 4.0, -2.0
"""Logits of the gains at the start of training: the network begins as a high-pass filter."""


@dataclass(frozen=True, kw_only=True)
class DenoisingSizes:
    """Sizes of the network."""

    edges: tuple[float, ...] = (0.0015, 0.0025, 0.0035, 0.005, 0.0075, 0.015, 0.04, 0.1, 0.2)
    """Frequencies between the bands, as shares of the sampling rate."""
    smoothing: int = 101
    """Samples over which the power of a band is averaged; odd."""
    patch: int = 4
    """Samples of the signal at each point of the finest grid; even."""
    widths: tuple[int, ...] = (64, 96, 128)
    """Channels of the grids; each has half the rate of the one before."""
    kernels: tuple[int, ...] = (5, 5, 5)
    """Points of the convolutions on each grid; odd."""

    @property
    def bands(self) -> int:
        """Number of bands; the first is the mean of the noisy samples."""
        return len(self.edges) + 2

    @property
    def stride(self) -> int:
        """Lengths of signals are multiples of it."""
        return self.patch * 2 ** (len(self.widths) - 1)


@dataclass(frozen=True, eq=False)
class DenoisingEstimate:
    """Estimate of clean signals, in the units of the input."""

    signal: Float[Tensor, "batch time"]
    """Estimated mean of the clean signal."""
    log_half_width: Float[Tensor, "batch time"]
    """Logarithm of the half width of the 90 % interval around it."""


class ChannelNorm(nn.Module):
    """Divides each sample by the root mean square of its channels, and scales each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels, 1))

    def forward(self, x: Float[Tensor, "batch channel time"]) -> Float[Tensor, "batch channel time"]:
        """Return the normalised activations."""
        power = x.square().mean(dim=1, keepdim=True)
        return x * (torch.rsqrt(power + 1e-5) * self.scale).to(x.dtype)


class ConvolutionBlock(nn.Module):
    """Two convolutions with a skip connection."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.norm = ChannelNorm(channels)
        self.conv1 = nn.Conv1d(channels, channels, kernel, padding=kernel // 2)
        self.conv2 = zero_init(nn.Conv1d(channels, channels, kernel, padding=kernel // 2))

    def forward(self, x: Float[Tensor, "batch channel time"]) -> Float[Tensor, "batch channel time"]:
        """Return the activations after the block."""
        return x + self.conv2(F.silu(self.conv1(self.norm(x))))


class DenoisingNetwork(nn.Module):
    """Estimates the clean signal of one lead from a noisy recording."""

    def __init__(self, sizes: DenoisingSizes) -> None:
        super().__init__()
        self.sizes = sizes
        patch, widths, kernels = sizes.patch, sizes.widths, sizes.kernels
        outputs = patch * (sizes.bands + 2)
        steps = list(zip(widths, widths[1:], strict=False))
        layers = list(zip(widths, kernels, strict=True))
        self.first = nn.Conv1d(
            3 * sizes.bands + 1, widths[0], 4 * patch, stride=patch, padding=3 * patch // 2
        )
        self.down = nn.ModuleList(_blocks(*layer, coarsest=layer is layers[-1]) for layer in layers)
        self.coarser = nn.ModuleList(nn.Conv1d(*step, 4, stride=2, padding=1) for step in steps)
        self.up = nn.ModuleList(_blocks(*layer) for layer in layers[:-1])
        self.finer = nn.ModuleList(nn.Conv1d(coarse, fine, 1) for fine, coarse in steps)
        self.norm = ChannelNorm(widths[0])
        self.last = zero_init(nn.Conv1d(widths[0], outputs, kernels[0], padding=kernels[0] // 2))
        gains = [PASSED, *(ATTENUATED if edge < WANDER else PASSED for edge in sizes.edges), PASSED]
        bias = torch.tensor([*gains, 0.0, 0.0]).repeat_interleave(patch)
        self.last.load_state_dict({"weight": self.last.weight, "bias": bias})

    def forward(
        self, signal: Float[Tensor, "batch time"], noisy: Float[Tensor, "batch time"]
    ) -> DenoisingEstimate:
        """Return the estimate.

        Args:
            signal: Signals of a length that is a multiple of the stride.
            noisy: 1 where a sample is noisy, else 0.
        """
        bands = divide_bands(signal, noisy, self.sizes.edges)
        x = self.first(torch.cat([*band_features(bands, noisy, self.sizes.smoothing), noisy[:, None]], dim=1))
        skips = []
        for blocks, coarser in zip(self.down, self.coarser, strict=False):
            x = blocks(x)
            skips.append(x)
            x = coarser(x)
        x = self.down[-1](x)
        for blocks, finer, skip in zip(reversed(self.up), reversed(self.finer), reversed(skips), strict=True):
            x = blocks(skip + F.interpolate(finer(x), scale_factor=2.0, mode="nearest"))
        # The samples of a patch are channels of the finest grid.
        patches = self.last(self.norm(x)).float().unflatten(1, (-1, self.sizes.patch))
        outputs = patches.transpose(2, 3).flatten(2)
        filtered = (torch.sigmoid(outputs[:, :-2]) * bands).sum(dim=1)
        return DenoisingEstimate(signal=filtered + outputs[:, -2], log_half_width=outputs[:, -1])


def divide_bands(
    signal: Float[Tensor, "batch time"], noisy: Float[Tensor, "batch time"], edges: Sequence[float]
) -> Float[Tensor, "batch band time"]:
    """Return the mean of the noisy samples, and the rest of the signal in bands; they add up to the signal.

    The bands are differences of low-pass filters without phase, on the signal continued by its mirror image.

    Args:
        signal: Signals.
        noisy: 1 where a sample is noisy, else 0.
        edges: Frequencies between the bands, ascending, as shares of the sampling rate.
    """
    length = signal.shape[-1]
    mean = (signal * noisy).sum(dim=1, keepdim=True) / noisy.sum(dim=1, keepdim=True).clamp(min=1)
    rest = signal - mean
    spectrum = torch.fft.rfft(torch.cat([rest, rest.flip(1)], dim=1))
    frequency = torch.fft.rfftfreq(2 * length, dtype=signal.dtype, device=signal.device)
    passed = [1 / (1 + (frequency / edge) ** STEEPNESS) for edge in edges]
    low = torch.stack([torch.zeros_like(frequency), *passed, torch.ones_like(frequency)])
    bands = torch.fft.irfft(spectrum[:, None] * low.diff(dim=0), n=2 * length)[..., :length]
    return torch.cat([mean[:, None].expand(-1, 1, length), bands], dim=1)


def band_features(
    bands: Float[Tensor, "batch band time"], noisy: Float[Tensor, "batch time"], smoothing: int
) -> tuple[Float[Tensor, "batch band time"], ...]:
    """Return what the layers see of the bands: shapes, power, and the power of clean samples relative to it.

    The shape is the band divided by its root mean square, compressed. Powers are logarithms. The last is zero
    where no sample is clean.

    Args:
        bands: The bands of signals.
        noisy: 1 where a sample is noisy, else 0.
        smoothing: Samples over which power is averaged; odd.
    """
    square, clean = bands.square(), (1 - noisy)[:, None]
    power = F.avg_pool1d(square, smoothing, 1, smoothing // 2, count_include_pad=False) + MIN_POWER
    count = clean.sum(dim=2, keepdim=True)
    clean_power = (square * clean).sum(dim=2, keepdim=True) / count.clamp(min=1) + MIN_POWER
    mean_power = square.mean(dim=2, keepdim=True) + MIN_POWER
    ratio = torch.where(count > smoothing, (clean_power / power).log(), 0.0)
    return torch.asinh(bands / mean_power.sqrt()), power.log() / LOG_SCALE, ratio / LOG_SCALE


def _blocks(width: int, kernel: int, *, coarsest: bool = False) -> nn.Sequential:
    """Return the layers of a grid."""
    layers: list[nn.Module] = [ConvolutionBlock(width, kernel)]
    if coarsest:
        layers += [SelfAttention(width, positions=True), ConvolutionBlock(width, kernel)]
    return nn.Sequential(*layers)
