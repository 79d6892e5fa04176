r"""Samplers: from noise to data along decreasing noise levels.

The reverse of the noising process is the stochastic differential equation of Song et al. (2021); the ordinary
differential equation with the same marginals, the *probability flow*, is in the notation of Karras et al.

.. math:: \frac{\mathrm{d}x}{\mathrm{d}\sigma} = -\sigma \nabla_x \log p(x; \sigma)
    \approx \frac{x - d(x, \sigma)}{\sigma}

``ddpm`` solves the former, all others the latter, with different orders of accuracy. The formulas below give
one step from :math:`\sigma_t` to :math:`\sigma_s < \sigma_t`, with :math:`\hat x_0 = d(x_t, \sigma_t)`. All
samplers have the interface ``sampler(denoiser, xt, sigmas, noise)``, where ``xt`` is the starting point at
the noise level ``sigmas[0]``, and ``noise(xt)`` draws noise of the shape of ``xt``. The ``sigmas`` decrease;
the last is zero unless only part of the path is integrated.

References:
    | Score-Based Generative Modeling through Stochastic Differential Equations (Song et al., 2021)
    | https://arxiv.org/abs/2011.13456

    | Elucidating the Design Space of Diffusion-Based Generative Models (Karras et al., 2022)
    | https://arxiv.org/abs/2206.00364
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from jaxtyping import Float
from torch import Tensor

Denoiser = Callable[[Tensor, Tensor], Tensor]
r"""Estimates :math:`x_0` (batch \*shape) from :math:`x_t` (batch \*shape) and :math:`\sigma_t` (batch)."""

NoiseFunction = Callable[[Tensor], Tensor]
"""Draws standard normal noise with the shape of a tensor."""

Sampler = Callable[[Denoiser, Tensor, Tensor, NoiseFunction], Tensor]
"""Integrates from a starting point along decreasing noise levels."""


def sample_ddpm(
    denoiser: Denoiser,
    xt: Float[Tensor, " batch *shape"],
    sigmas: Float[Tensor, " level"],
    noise: NoiseFunction,
) -> Float[Tensor, " batch *shape"]:
    r"""Sample :math:`x_0` by ancestral sampling, a stochastic sampler.

    .. math::
        x_s = \hat x_0 + \frac{\sigma_s^2}{\sigma_t^2} (x_t - \hat x_0)
        + \sigma_s \sqrt{1 - \frac{\sigma_s^2}{\sigma_t^2}} \; \epsilon,
        \qquad \epsilon \sim \mathcal{N}(0, I)

    References:
        | Denoising Diffusion Probabilistic Models (Ho et al., 2020), Eq. 6 and 7
        | https://arxiv.org/abs/2006.11239
    """
    for sigma_t, sigma_s in _pairs(sigmas):
        x0 = _denoise(denoiser, xt, sigma_t)
        ratio = float(sigma_s**2 / sigma_t**2)
        xt = x0 + ratio * (xt - x0)
        if sigma_s > 0:
            xt = xt + float((sigma_s**2 * (1 - ratio)).sqrt()) * noise(xt)
    return xt


def sample_ddim(
    denoiser: Denoiser,
    xt: Float[Tensor, " batch *shape"],
    sigmas: Float[Tensor, " level"],
    noise: NoiseFunction,
) -> Float[Tensor, " batch *shape"]:
    r"""Sample :math:`x_0` by DDIM, the Euler method for the probability flow.

    .. math:: x_s = \hat x_0 + \frac{\sigma_s}{\sigma_t} (x_t - \hat x_0)

    References:
        | Denoising Diffusion Implicit Models (Song et al., 2021), Eq. 12
        | https://arxiv.org/abs/2010.02502
    """
    for sigma_t, sigma_s in _pairs(sigmas):
        x0 = _denoise(denoiser, xt, sigma_t)
        xt = x0 + float(sigma_s / sigma_t) * (xt - x0)
    return xt


def sample_heun(
    denoiser: Denoiser,
    xt: Float[Tensor, " batch *shape"],
    sigmas: Float[Tensor, " level"],
    noise: NoiseFunction,
) -> Float[Tensor, " batch *shape"]:
    r"""Sample :math:`x_0` by Heun's method, of second order with two evaluations per step.

    .. math::
        k_t &= \frac{x_t - d(x_t, \sigma_t)}{\sigma_t} &
        \tilde x_s &= x_t + (\sigma_s - \sigma_t) \, k_t \\
        k_s &= \frac{\tilde x_s - d(\tilde x_s, \sigma_s)}{\sigma_s} &
        x_s &= x_t + (\sigma_s - \sigma_t) \, \frac{k_t + k_s}{2}

    A step to :math:`\sigma_s = 0` is an Euler step.

    References:
        | Elucidating the Design Space of Diffusion-Based Generative Models (Karras et al., 2022), Algorithm 1
        | https://arxiv.org/abs/2206.00364
    """
    for sigma_t, sigma_s in _pairs(sigmas):
        slope = (xt - _denoise(denoiser, xt, sigma_t)) / float(sigma_t)
        euler = xt + float(sigma_s - sigma_t) * slope
        if sigma_s > 0:
            slope = (slope + (euler - _denoise(denoiser, euler, sigma_s)) / float(sigma_s)) / 2
        xt = xt + float(sigma_s - sigma_t) * slope
    return xt


def sample_dpm2m(
    denoiser: Denoiser,
    xt: Float[Tensor, " batch *shape"],
    sigmas: Float[Tensor, " level"],
    noise: NoiseFunction,
) -> Float[Tensor, " batch *shape"]:
    r"""Sample :math:`x_0` by DPM-Solver++(2M), of second order with one evaluation per step.

    With :math:`h = \ln \sigma_t - \ln \sigma_s`, and :math:`h'` and :math:`\hat x_0'` those of the preceding
    step:

    .. math::
        r &= h' / h \\
        D &= \left( 1 + \frac{1}{2 r} \right) \hat x_0 - \frac{1}{2 r} \, \hat x_0' \\
        x_s &= \frac{\sigma_s}{\sigma_t} \, x_t + \left( 1 - \frac{\sigma_s}{\sigma_t} \right) D

    The first step uses :math:`D = \hat x_0`, and a step to :math:`\sigma_s = 0` returns :math:`\hat x_0`.

    References:
        | DPM-Solver++: Fast Solver for Guided Sampling of Diffusion Probabilistic Models (Lu et al., 2022),
        | Algorithm 2
        | https://arxiv.org/abs/2211.01095
    """
    previous_x0: Tensor | None = None
    previous_h = 0.0
    for sigma_t, sigma_s in _pairs(sigmas):
        x0 = _denoise(denoiser, xt, sigma_t)
        if sigma_s == 0:
            return x0
        h = float((sigma_t / sigma_s).log())
        extrapolated = x0
        if previous_x0 is not None:
            r = previous_h / h
            extrapolated = (1 + 1 / (2 * r)) * x0 - 1 / (2 * r) * previous_x0
        ratio = float(sigma_s / sigma_t)
        xt = ratio * xt + (1 - ratio) * extrapolated
        previous_x0, previous_h = x0, h
    return xt


SAMPLERS: dict[str, Sampler] = {
    "ddpm": sample_ddpm,
    "ddim": sample_ddim,
    "heun": sample_heun,
    "dpm2m": sample_dpm2m,
}
"""The samplers, by their names in the configuration."""


def _pairs(sigmas: Float[Tensor, " level"]) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield each noise level with the next lower one."""
    return zip(sigmas[:-1], sigmas[1:], strict=True)


def _denoise(denoiser: Denoiser, xt: Tensor, sigma: Tensor) -> Tensor:
    """Call the denoiser with the same noise level for all samples."""
    return denoiser(xt, sigma.to(xt).expand(len(xt)))
