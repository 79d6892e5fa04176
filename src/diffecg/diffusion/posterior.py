"""Drawing what agrees with a noisy recording, by a model that never saw one (posterior sampling)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from diffecg.diffusion.samplers import Denoiser


class GaussianObservation(NamedTuple):
    """A noisy recording of x0."""

    recorded: Tensor
    """x0 plus normal noise (batch … frame)."""
    variance: Tensor
    """Variance of the noise along each axis of ``axes`` (batch … frame), ascending."""
    axes: Tensor
    """The principal axes of the noise (batch … frame axis)."""


def observe(recorded: Tensor, covariance: Tensor) -> GaussianObservation:
    """Return what a recording (batch … frame) says whose noise has this covariance (batch … frame frame)."""
    variance, axes = torch.linalg.eigh(covariance)
    return GaussianObservation(recorded, variance.clamp(min=0), axes)


def posterior_denoiser(denoiser: Denoiser, seen: GaussianObservation, prior: Tensor) -> Denoiser:
    """Return a denoiser that also looks at a noisy recording.

    Given xt, x0 is taken to be normal around the denoiser's estimate with the variance p s^2 / (p + s^2), s
    being the noise level and p the variance of the data (Song et al. 2023, "Pseudoinverse-guided diffusion
    models for inverse problems", section 3.3, there for p = 1); the recording then moves the mean as Bayes's
    rule says, which is also the proximal step of DiffPIR (Zhu et al. 2023, arXiv 2305.08995, Eq. 13).

    Args:
        denoiser: the model.
        seen: the recording.
        prior: variance of the data, broadcast over x0; the same in all frames.
    """

    def estimate(xt: Tensor, sigma: Tensor) -> Tensor:
        x0 = denoiser(xt, sigma)
        square = sigma.reshape(-1, *(1,) * (xt.ndim - 1)).square()
        spread = prior * square / (prior + square)
        along = torch.einsum("...ka,...k->...a", seen.axes, seen.recorded - x0)
        gain = spread / (spread + seen.variance)
        return x0 + torch.einsum("...ka,...a->...k", seen.axes, gain * along)

    return estimate
