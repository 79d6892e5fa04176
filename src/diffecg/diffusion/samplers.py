"""Samplers: from noise to data along falling noise levels.

All have one interface, ``sampler(denoiser, xt, sigmas, noise)``: a denoiser maps (xt, sigma) to x0,
``xt`` is the start at ``sigmas[0]``, ``sigmas`` fall and end in zero, ``noise(xt)`` draws fresh noise.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

Denoiser = Callable[[Tensor, Tensor], Tensor]
"""Maps xt (batch …) and sigma (batch,) to the estimate of x0 (batch …)."""

NoiseFunction = Callable[[Tensor], Tensor]
"""Maps a tensor to fresh noise of its shape."""

Sampler = Callable[[Denoiser, Tensor, Tensor, NoiseFunction], Tensor]


def _denoise(denoiser: Denoiser, xt: Tensor, sigma: Tensor) -> Tensor:
    return denoiser(xt, sigma.to(xt).expand(len(xt)))


def sample_ddpm(denoiser: Denoiser, xt: Tensor, sigmas: Tensor, noise: NoiseFunction) -> Tensor:
    """Return x0 by ancestral sampling (Ho et al. 2020, Eq. 6 and 7, with the posterior's variance)."""
    for sigma, s in zip(sigmas[:-1], sigmas[1:], strict=True):
        x0 = _denoise(denoiser, xt, sigma)
        share = float(s**2 / sigma**2)
        xt = x0 + share * (xt - x0)
        if s > 0:
            xt = xt + float((s**2 * (1 - share)).sqrt()) * noise(xt)
    return xt


def sample_ddim(denoiser: Denoiser, xt: Tensor, sigmas: Tensor, noise: NoiseFunction) -> Tensor:
    """Return x0 by deterministic steps of first order (Song et al. 2021, arXiv 2010.02502, Eq. 12)."""
    for sigma, s in zip(sigmas[:-1], sigmas[1:], strict=True):
        x0 = _denoise(denoiser, xt, sigma)
        xt = x0 + float(s / sigma) * (xt - x0)
    return xt


def sample_heun(denoiser: Denoiser, xt: Tensor, sigmas: Tensor, noise: NoiseFunction) -> Tensor:
    """Return x0 by Heun's method, second order, two evaluations a step (Karras et al., Alg. 1)."""
    for sigma, s in zip(sigmas[:-1], sigmas[1:], strict=True):
        slope = (xt - _denoise(denoiser, xt, sigma)) / float(sigma)
        euler = xt + float(s - sigma) * slope
        if s > 0:
            slope = (slope + (euler - _denoise(denoiser, euler, s)) / float(s)) / 2
        xt = xt + float(s - sigma) * slope
    return xt


def sample_dpm2m(denoiser: Denoiser, xt: Tensor, sigmas: Tensor, noise: NoiseFunction) -> Tensor:
    """Return x0 by DPM-Solver++(2M), second order, one evaluation a step.

    Lu et al. (2022), arXiv 2211.01095, Algorithm 2, with lambda = -ln sigma.
    """
    previous: Tensor | None = None
    h_previous = 0.0
    for sigma, s in zip(sigmas[:-1], sigmas[1:], strict=True):
        x0 = _denoise(denoiser, xt, sigma)
        if s == 0:
            return x0
        h = float((sigma / s).log())
        step = x0
        if previous is not None:
            r = h_previous / h
            step = (1 + 1 / (2 * r)) * x0 - 1 / (2 * r) * previous
        share = float(s / sigma)
        xt = share * xt + (1 - share) * step
        previous, h_previous = x0, h
    return xt


SAMPLERS: dict[str, Sampler] = {
    "ddpm": sample_ddpm,
    "ddim": sample_ddim,
    "heun": sample_heun,
    "dpm2m": sample_dpm2m,
}
