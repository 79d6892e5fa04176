r"""The network that removes noise from one lead: it estimates the clean signal and its own error.

A median filter estimates the baseline. The baseline and the rest of the recorded signal are divided into
frequency bands :math:`y_k` that add up to the signal. A U-Net of one-dimensional convolutions, with attention
over the coarsest grid, where a noisy heartbeat is compared with the others of the subject, sees the bands and
the mask of the noisy samples. At each sample it gives the gain :math:`g_k` of each band, a signal :math:`d`
and the logarithm of a half width :math:`w`: a filter that adapts to signal and noise, with what no filter can
restore. The estimate is

.. math:: \hat x = \sum_k \mathrm{sigmoid}(g_k + a_k) \, y_k + d

and 90 % of the errors :math:`|\hat x - x|` are below :math:`w`. The :math:`a_k` are linear in the logarithms
of the powers of the bands. At the start of training they make a Wiener filter on the bands of the baseline,
and everything else is passed.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from diffecg.model.denoising_bands import (
    LOG_SCALE,
    FilterBands,
    band_features,
    divide_bands,
    filter_by_fft,
    median_baseline,
)
from diffecg.model.layers import SelfAttention, zero_init

QRS = 3
"""The band with most of the QRS complexes, counted from the last (8 to 20 Hz)."""
PASSED = 4.0
"""Logit of the gains of everything but the baseline at the start of training."""
SLOW, FAST = -1.0, -4.5
"""Logits of the gains of the baseline's lowest band and of the others where it has the power of the QRS
complexes; they fall by one for each unit of the logarithm of its power: a Wiener filter for the power that
the band has in ECG without noise."""


@dataclass(frozen=True, kw_only=True)
class DenoisingSizes:
    """Sizes of the network."""

    edges: tuple[float, ...] = (0.0035, 0.0075, 0.015, 0.04, 0.1, 0.2)
    """Frequencies between the bands of the signal without its baseline, as shares of the sampling rate."""
    baseline_edges: tuple[float, ...] = (0.0015, 0.0025, 0.0035, 0.005, 0.0075)
    """Frequencies between the bands of the baseline."""
    medians: tuple[int, ...] = (11, 31)
    """Points, on the finest grid, of the medians that estimate the baseline one after the other; odd."""
    smoothing: int = 101
    """Samples over which the power of a band is averaged at least; odd."""
    periods: float = 2.0
    """Periods of the upper edge of a band over which its power is averaged at least."""
    patch: int = 4
    """Samples of the signal at each point of the finest grid; even."""
    widths: tuple[int, ...] = (64, 96, 128)
    """Channels of the grids; each has half the rate of the one before."""
    kernels: tuple[int, ...] = (5, 5, 5)
    """Points of the convolutions on each grid; odd."""

    @property
    def bands(self) -> int:
        """Number of bands; the first of the baseline and of the rest is the mean of the noisy samples."""
        return len(self.edges) + len(self.baseline_edges) + 4

    @property
    def spans(self) -> tuple[int, ...]:
        """Samples over which the power of each band is averaged; odd."""
        edges = (1.0, *self.edges, 1.0, 1.0, *self.baseline_edges, 1.0)
        return tuple(2 * max(self.smoothing // 2, round(self.periods / edge / 2)) + 1 for edge in edges)

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
        self.direct = zero_init(nn.Conv1d(3 * sizes.bands + 1, sizes.bands, 1, bias=False))
        self._start_at_filter()

    @torch.no_grad()
    def _start_at_filter(self) -> None:
        """Let the network begin as a Wiener filter on the baseline."""
        sizes = self.sizes
        rest, bands = len(sizes.edges) + 2, sizes.bands
        gains = [PASSED] * (rest + 1) + [SLOW] + [FAST] * len(sizes.baseline_edges)
        bias = torch.tensor([*gains, 0.0, 0.0]).repeat_interleave(sizes.patch)
        self.last.load_state_dict({"weight": self.last.weight, "bias": bias})
        for band in range(rest + 1, bands):
            self.direct.weight[band, bands + band] = -LOG_SCALE
            self.direct.weight[band, bands + rest - QRS] = LOG_SCALE

    def forward(
        self,
        signal: Float[Tensor, "batch time"],
        noisy: Float[Tensor, "batch time"],
        filter_bands: FilterBands = filter_by_fft,
    ) -> DenoisingEstimate:
        """Return the estimate.

        Args:
            signal: Signals of a length that is a multiple of the stride.
            noisy: 1 where a sample is noisy, else 0.
            filter_bands: Divides signals into bands.
        """
        baseline = median_baseline(signal, self.sizes.patch, self.sizes.medians)
        parts = ((signal - baseline, self.sizes.edges), (baseline, self.sizes.baseline_edges))
        bands = torch.cat([divide_bands(part, noisy, edges, filter_bands) for part, edges in parts], dim=1)
        features = torch.cat([*band_features(bands, noisy, self.sizes.spans), noisy[:, None]], dim=1)
        x = self.first(features)
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
        gains = torch.sigmoid(outputs[:, :-2] + self.direct(features).float())
        filtered = (gains * bands).sum(dim=1)
        return DenoisingEstimate(signal=filtered + outputs[:, -2], log_half_width=outputs[:, -1])


def _blocks(width: int, kernel: int, *, coarsest: bool = False) -> nn.Sequential:
    """Return the layers of a grid."""
    layers: list[nn.Module] = [ConvolutionBlock(width, kernel)]
    if coarsest:
        layers += [SelfAttention(width, positions=True), ConvolutionBlock(width, kernel)]
    return nn.Sequential(*layers)
