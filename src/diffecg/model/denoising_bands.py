"""Baseline, frequency bands and their powers: what the denoising network sees of a signal."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

STEEPNESS = 8
"""Exponent of the frequency in the response of the low-pass filters that divide the bands."""

MIN_POWER, LOG_SCALE = 1e-6, 3.0
"""Powers are bounded from below; their logarithms are divided by the scale."""

FilterBands = Callable[[Float[Tensor, "batch time"], Sequence[float]], Float[Tensor, "batch band time"]]
"""Divides signals into bands, at edges as shares of the sampling rate."""


def median_baseline(
    signal: Float[Tensor, "batch time"], step: int, windows: Sequence[int]
) -> Float[Tensor, "batch time"]:
    """Return the baseline of signals: moving medians, one after the other (de Chazal et al. 2004).

    Args:
        signal: Signals of a length that is a multiple of ``step``.
        step: Samples that are averaged first.
        windows: Points of the medians, each of ``step`` samples; odd.
    """
    points = signal.reshape(signal.shape[0], -1, step).mean(dim=2)
    for window in windows:
        half = window // 2
        padded = F.pad(points[:, None], (half, half), mode="replicate")[:, 0]
        # ONNX can sort, but has no median.
        points = padded.unfold(1, window, 1).sort(dim=2).values[..., half]
    return F.interpolate(points[:, None], scale_factor=float(step), mode="linear")[:, 0]


def filter_by_fft(
    signal: Float[Tensor, "batch time"], edges: Sequence[float]
) -> Float[Tensor, "batch band time"]:
    """Divide signals into bands by filters without phase, on the signal continued by its mirror image.

    Args:
        signal: Signals.
        edges: Frequencies between the bands, ascending, as shares of the sampling rate.
    """
    length = signal.shape[-1]
    spectrum = torch.fft.rfft(torch.cat([signal, signal.flip(1)], dim=1))
    frequency = torch.fft.rfftfreq(2 * length, dtype=signal.dtype, device=signal.device)
    return torch.fft.irfft(spectrum[:, None] * responses(frequency, edges), n=2 * length)[..., :length]


def responses(
    frequency: Float[Tensor, " frequency"], edges: Sequence[float]
) -> Float[Tensor, "band frequency"]:
    """Return the gain of each band at each frequency; the gains of all bands add up to one.

    The bands are differences of low-pass filters.

    Args:
        frequency: Frequencies, as shares of the sampling rate.
        edges: Frequencies between the bands, ascending.
    """
    ratio = frequency / torch.tensor(edges, dtype=frequency.dtype, device=frequency.device)[:, None]
    above_zero = F.pad(1 / (1 + ratio**STEEPNESS), (0, 0, 1, 0))
    return F.pad(above_zero, (0, 0, 0, 1), value=1.0).diff(dim=0)


def divide_bands(
    signal: Float[Tensor, "batch time"],
    noisy: Float[Tensor, "batch time"],
    edges: Sequence[float],
    filter_bands: FilterBands = filter_by_fft,
) -> Float[Tensor, "batch band time"]:
    """Return the mean of the noisy samples, and the rest of the signal in bands; they add up to the signal.

    Args:
        signal: Signals.
        noisy: 1 where a sample is noisy, else 0.
        edges: Frequencies between the bands, ascending, as shares of the sampling rate.
        filter_bands: Divides the rest into bands.
    """
    mean = (signal * noisy).sum(dim=1, keepdim=True) / noisy.sum(dim=1, keepdim=True).clamp(min=1)
    bands = filter_bands(signal - mean, edges)
    return torch.cat([mean[:, None].expand(-1, 1, signal.shape[1]), bands], dim=1)


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
    power = _local_mean(square, kinds, spans) + MIN_POWER
    count = clean.sum(dim=2, keepdim=True)
    clean_power = (square * clean).sum(dim=2, keepdim=True) / count.clamp(min=1) + MIN_POWER
    mean_power = square.mean(dim=2, keepdim=True) + MIN_POWER
    ratio = torch.where(count > min(spans), (clean_power / power).log(), 0.0)
    return torch.asinh(bands / mean_power.sqrt()), power.log() / LOG_SCALE, ratio / LOG_SCALE


def _local_mean(
    values: Float[Tensor, "batch band time"], kinds: Float[Tensor, "batch kind time"], spans: Sequence[int]
) -> Float[Tensor, "batch band time"]:
    """Return the mean of the samples of the same kind around each sample, within the span of the band."""
    each = kinds[:, None].expand(-1, values.shape[1], -1, -1)
    sums = F.pad(torch.cat([values[:, :, None] * each, each], dim=2).double().cumsum(dim=3), (1, 0))
    length, half = values.shape[2], torch.tensor(spans, device=values.device)[:, None] // 2
    index = torch.arange(length, device=values.device)
    first, stop = (index - half).clamp(min=0), (index + half + 1).clamp(max=length)
    ends = [sums.gather(3, end[:, None].expand(*sums.shape[:3], -1)) for end in (first, stop)]
    total, count = (ends[1] - ends[0]).float().chunk(2, dim=2)
    return (each * total / count.clamp(min=1)).sum(dim=2)
