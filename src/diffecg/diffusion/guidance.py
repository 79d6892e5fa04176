r"""Classifier-free guidance: extrapolation from the unconditional to the conditional denoiser."""

from __future__ import annotations

from torch import Tensor

from diffecg.diffusion.samplers import Denoiser


def guided_denoiser(conditional: Denoiser, unconditional: Denoiser, guidance: float) -> Denoiser:
    r"""Return a denoiser whose estimate is moved along the difference that the condition makes.

    .. math::
        \hat x_0 = d(x_t, \sigma) + g \left( d(x_t, \sigma, c) - d(x_t, \sigma) \right)

    With :math:`g = 1` this is the conditional estimate, with :math:`g = 0` the unconditional one; above 1,
    the effect of the condition is exaggerated. In the paper's notation :math:`g = 1 + w`; its
    formula for the noise is this one, because :math:`\epsilon` and :math:`x_0` determine each other linearly.

    Args:
        conditional: Denoiser given the condition.
        unconditional: Denoiser given nothing.
        guidance: Guidance scale :math:`g`, not negative.

    References:
        | Classifier-Free Diffusion Guidance (Ho and Salimans, 2022), Eq. 6
        | https://arxiv.org/abs/2207.12598
    """

    def denoiser(xt: Tensor, sigma: Tensor) -> Tensor:
        x0 = unconditional(xt, sigma)
        return x0 + guidance * (conditional(xt, sigma) - x0)

    return denoiser
