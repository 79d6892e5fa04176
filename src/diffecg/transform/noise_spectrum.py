r"""The spectrum of noise in a recording, and its covariance on the grid of the transform.

Signal and noise are independent, hence their covariances add up. The noise in a segment is estimated by
spectral subtraction: the mean power of the frames in noisy intervals minus that of the frames in clean
intervals. Noise is modelled as independent between leads and frequencies, and as a first-order autoregression
over the frames:

.. math:: \mathrm{Cov}(n_{f,k}, n_{f,l}) = P_f \, \rho_f^{|k - l|}

The correlation :math:`\rho_f` distinguishes slow noise (baseline wander, close to 1 at the lowest frequency)
from heartbeats.

References:
    | Suppression of Acoustic Noise in Speech Using Spectral Subtraction (Boll, 1979)
    | https://doi.org/10.1109/TASSP.1979.1163209
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Inexact
from torch import Tensor

from diffecg.transform.normalisation import Normalizer
from diffecg.transform.transform import Transform

MIN_RELATIVE_POWER = 1e-2
"""Lower bound of the noise's power, relative to the signal's."""

MAX_CORRELATION = 0.99
"""Upper bound of the correlation of consecutive frames."""

MISSING_VARIANCE = 1e6
"""Variance of frames with missing samples: they carry no information."""


class NoiseSpectrum(NamedTuple):
    """Power and temporal correlation of noise at each frequency of the transform."""

    power: Float32[np.ndarray, "lead freq"]
    """Mean square of the coefficients, in mV^2."""
    correlation: Float32[np.ndarray, "lead freq"]
    """Correlation of consecutive frames."""


def estimate_noise_spectrum(
    transform: Transform,
    signal_mv: Float[np.ndarray, "lead time"],
    clean: Bool[np.ndarray, "lead time"],
    noisy: Bool[np.ndarray, "lead time"],
) -> NoiseSpectrum:
    """Estimate the noise in the noisy intervals of a recording.

    Args:
        transform: The transform of the model.
        signal_mv: The recording, at the model's sampling rate.
        clean: True in intervals without noise.
        noisy: True in intervals with noise.
    """
    frames = transform.layout.analyse(torch.from_numpy(_remove_median(signal_mv, clean)).float()[None])[0]
    noisy_frames, clean_frames = (
        transform.full_frames(torch.from_numpy(mask)[None])[0] for mask in (noisy, clean)
    )
    noisy_power, noisy_covariance = (_mean_product(frames, noisy_frames, lag) for lag in (0, 1))
    clean_power, clean_covariance = (_mean_product(frames, clean_frames, lag) for lag in (0, 1))
    power = torch.maximum(noisy_power - clean_power, MIN_RELATIVE_POWER * clean_power)
    correlation = (noisy_covariance - clean_covariance) / power.clamp(min=1e-12)
    return NoiseSpectrum(
        power=power.numpy(), correlation=correlation.clamp(-MAX_CORRELATION, MAX_CORRELATION).numpy()
    )


def noise_covariance(
    transform: Transform,
    noise: NoiseSpectrum,
    noisy: Bool[Tensor, "batch lead time"],
    observed: Bool[Tensor, "batch lead time"],
    normalizer: Normalizer,
) -> Float[Tensor, "batch channel *grid_and_frame"]:
    """Return the covariance of noise between frames, at each channel and frequency of the grid.

    Args:
        transform: The transform of the model.
        noise: The spectrum of the noise.
        noisy: True where the signal was recorded with that noise.
        observed: True where the signal is observed without noise.
        normalizer: The normalizer of the windows.

    Returns:
        A matrix (frame frame) per channel, or per channel and frequency.
    """
    layout = transform.layout
    power, correlation = (torch.from_numpy(array).to(normalizer.scale) for array in noise)
    level = layout.frame_mean(noisy / normalizer.scale.square()).sqrt()[:, :, None]
    missing = layout.frame_mean((~observed & ~noisy).to(level.dtype)) > 0
    index = torch.arange(level.shape[-1], device=level.device)
    lag = (index[:, None] - index).abs()
    power = power / transform.scale[..., 0].square() / layout.components
    stationary = correlation[..., None, None] ** lag * power[..., None, None]
    covariance = level[..., None] * level[..., None, :] * stationary
    missing_variance = torch.diag_embed(MISSING_VARIANCE * missing.to(level.dtype))[:, :, None]
    return layout.expand(covariance + missing_variance)


def _remove_median(
    signal_mv: Float[np.ndarray, "lead time"], clean: Bool[np.ndarray, "lead time"]
) -> Float[np.ndarray, "lead time"]:
    """Subtract the median of the clean samples from each lead."""
    leads = zip(signal_mv, clean, strict=True)
    return np.stack([lead - (np.median(lead[mask]) if mask.any() else 0) for lead, mask in leads])


def _mean_product(
    frames: Inexact[Tensor, "lead freq frame"], selected: Bool[Tensor, "lead frame"], lag: int
) -> Float[Tensor, "lead freq"]:
    """Return the mean product of selected frames with the selected frames ``lag`` later."""
    last = frames.shape[2] - lag
    product = (frames[..., :last] * frames[..., lag:].conj()).real
    both = (selected[:, :last] & selected[:, lag:])[:, None].to(product.dtype)
    return (product * both).sum(dim=2) / both.sum(dim=2).clamp(min=1)
