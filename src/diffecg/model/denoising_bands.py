"""Baseline, frequency bands and their powers: what the denoising network sees of a signal."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

STEEPNESS = 8
"""Exponent of the frequency in the response of the low-pass filters that divide the bands."""

MIN_POWER, LOG_SCALE = 1e-6, 3.0
"""Powers are bounded from below; their logarithms are divided by the scale."""


def median_baseline(
    signal: Float[Tensor, "batch time"], step: int, windows: Sequence[int]
) -> Float[Tensor, "batch time"]:
    """Return the baseline of signals: moving medians, one after the other (de Chazal et al. 2004).

    Args:
        signal: Signals of a length that is a multiple of ``step``.
        step: Samples that are averaged first.
        windows: Points of the medians, each of ``step`` samples; odd.
    """
    points = signal.reshape(len(signal), -1, step).mean(dim=2)
    for window in windows:
        half = window // 2
        padded = F.pad(points[:, None], (half, half), mode="replicate")[:, 0]
        points = padded.unfold(1, window, 1).median(dim=2).values
    return F.interpolate(points[:, None], size=signal.shape[1], mode="linear")[:, 0]


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
    bands: Float[Tensor, "batch band time"], noisy: Float[Tensor, "batch time"], spans: Sequence[int]
) -> tuple[Float[Tensor, "batch band time"], ...]:
    """Return what the layers see of the bands: shapes, power, and the power of clean samples relative to it.

    The shape is the band divided by its root mean square, compressed. Powers are logarithms; the power of a
    noisy sample is averaged over noisy samples around it, that of a clean one over clean ones. The last is
    zero where hardly any sample is clean.

    Args:
        bands: The bands of signals.
        noisy: 1 where a sample is noisy, else 0.
        spans: Samples over which the power of each band is averaged; odd.
    """
    square, clean = bands.square(), (1 - noisy)[:, None]
    kinds = torch.stack([noisy, 1 - noisy], dim=1)
    power = torch.stack(
        [_local_mean(square[:, band, None], kinds, span) for band, span in enumerate(spans)], dim=1
    )
    power = power + MIN_POWER
    count = clean.sum(dim=2, keepdim=True)
    clean_power = (square * clean).sum(dim=2, keepdim=True) / count.clamp(min=1) + MIN_POWER
    mean_power = square.mean(dim=2, keepdim=True) + MIN_POWER
    ratio = torch.where(count > min(spans), (clean_power / power).log(), 0.0)
    return torch.asinh(bands / mean_power.sqrt()), power.log() / LOG_SCALE, ratio / LOG_SCALE


def _local_mean(
    values: Float[Tensor, "batch 1 time"], kinds: Float[Tensor, "batch kind time"], span: int
) -> Float[Tensor, "batch time"]:
    """Return the mean of the samples of the same kind within ``span`` samples around each sample."""
    sums = F.pad(torch.cat([values * kinds, kinds], dim=1).double().cumsum(dim=2), (1, 0))
    length, half = kinds.shape[2], span // 2
    index = torch.arange(length, device=kinds.device)
    first, stop = (index - half).clamp(min=0), (index + half + 1).clamp(max=length)
    total, count = (sums[..., stop] - sums[..., first]).float().chunk(2, dim=1)
    return (kinds * total / count.clamp(min=1)).sum(dim=1)
