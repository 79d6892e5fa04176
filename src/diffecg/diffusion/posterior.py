r"""Posterior sampling: condition a trained denoiser on a noisy observation, without training it for that.

Let :math:`y = x_0 + n` be an observation with Gaussian noise, :math:`n \sim \mathcal{N}(0, \Sigma_y)`.
Samples of :math:`p(x_0 \mid y)` need :math:`\mathbb{E}[x_0 \mid x_t, y]` in place of
:math:`\mathbb{E}[x_0 \mid x_t]`. The distribution of :math:`x_0` given :math:`x_t` is approximated by a
Gaussian around the denoiser's estimate,

.. math:: p(x_0 \mid x_t) \approx \mathcal{N}(d(x_t, \sigma_t), \; r_t^2 I), \qquad
    r_t^2 = \frac{p \, \sigma_t^2}{p + \sigma_t^2},

which is exact for Gaussian data of variance :math:`p`. Prior and likelihood are then Gaussian, and so is the
posterior; its mean is a Kalman update of the estimate, and serves any sampler as a denoiser.

References:
    | Pseudoinverse-Guided Diffusion Models for Inverse Problems (Song et al., 2023), Section 3.3, for p = 1
    | https://openreview.net/forum?id=9_gsMA8MRKQ

    | Denoising Diffusion Models for Plug-and-Play Image Restoration (Zhu et al., 2023), Eq. 13
    | https://arxiv.org/abs/2305.08995
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from diffecg.diffusion.preconditioning import expand_like
from diffecg.diffusion.samplers import Denoiser


class GaussianObservation(NamedTuple):
    r"""An observation :math:`y = x_0 + n` with noise :math:`n \sim \mathcal{N}(0, \Sigma_y)`.

    The noise is correlated along the last axis only, with :math:`\Sigma_y = Q \Lambda Q^\top` for each vector
    along it.
    """

    y: Float[Tensor, " batch *shape frame"]
    eigenvalues: Float[Tensor, " batch *shape frame"]
    r"""The diagonal of :math:`\Lambda`, ascending."""
    eigenvectors: Float[Tensor, " batch *shape frame frame"]
    r"""The columns of :math:`Q`."""

    @classmethod
    def from_covariance(
        cls, y: Float[Tensor, " batch *shape frame"], covariance: Float[Tensor, " batch *shape frame frame"]
    ) -> GaussianObservation:
        r"""Return an observation whose noise has the covariance :math:`\Sigma_y`."""
        eigenvalues, eigenvectors = torch.linalg.eigh(covariance)
        return cls(y, eigenvalues.clamp(min=0), eigenvectors)


def posterior_denoiser(
    denoiser: Denoiser, observation: GaussianObservation, prior_variance: Float[Tensor, "#batch *#shape 1"]
) -> Denoiser:
    r"""Return a denoiser that is conditioned on a noisy observation.

    .. math::
        \mathbb{E}[x_0 \mid x_t, y] \approx d(x_t, \sigma_t)
        + r_t^2 \left( r_t^2 I + \Sigma_y \right)^{-1} \left( y - d(x_t, \sigma_t) \right), \qquad
        r_t^2 = \frac{p \, \sigma_t^2}{p + \sigma_t^2}

    Args:
        denoiser: The denoiser :math:`d`, not conditioned on :math:`y`.
        observation: The observation :math:`y` and its noise.
        prior_variance: The variance :math:`p` of the data, constant along the last axis.
    """

    def denoise(xt: Tensor, sigma: Tensor) -> Tensor:
        x0 = denoiser(xt, sigma)
        variance = expand_like(sigma, xt).square()
        r2 = prior_variance * variance / (prior_variance + variance)
        residual = torch.einsum("...ka,...k->...a", observation.eigenvectors, observation.y - x0)
        gain = r2 / (r2 + observation.eigenvalues)
        return x0 + torch.einsum("...ka,...a->...k", observation.eigenvectors, gain * residual)

    return denoise
