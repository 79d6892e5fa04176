r"""Parametrisations: what the network predicts, and how a denoiser is made of it.

A network :math:`F` trains best if its input and its target have unit variance at every noise level. The
denoiser therefore scales them with factors that depend on :math:`\sigma` (Karras et al. 2022, Eq. 7):

.. math::
    d(x_t, \sigma) = c_\mathrm{skip} \, x_t + c_\mathrm{out} \, F(c_\mathrm{in} \, x_t, c_\mathrm{noise})

Solved for :math:`F`, the equation gives the target of the network, :math:`(x_0 - c_\mathrm{skip} \, x_t) /
c_\mathrm{out}`. Predicting noise, velocity or flow are special cases, each with its own factors. All formulas
assume data with a mean square of 1 (:math:`\sigma_\mathrm{data} = 1` in the paper), so that
:math:`c_\mathrm{in} = 1 / \sqrt{1 + \sigma^2}` in every case.

References:
    | Elucidating the Design Space of Diffusion-Based Generative Models (Karras et al., 2022)
    | https://arxiv.org/abs/2206.00364
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor


class Coefficients(NamedTuple):
    r"""The factors :math:`c_\mathrm{skip}, c_\mathrm{out}, c_\mathrm{in}` of a parametrisation."""

    c_skip: Float[Tensor, " *shape"]
    c_out: Float[Tensor, " *shape"]
    c_in: Float[Tensor, " *shape"]


def karras(sigma: Float[Tensor, " *shape"]) -> Coefficients:
    r"""Return the coefficients of a network that predicts a mixture of data and noise.

    .. math::
        c_\mathrm{skip} = \frac{1}{1 + \sigma^2} \qquad
        c_\mathrm{out} = \frac{\sigma}{\sqrt{1 + \sigma^2}} \qquad
        c_\mathrm{in} = \frac{1}{\sqrt{1 + \sigma^2}}

    References:
        | Elucidating the Design Space of Diffusion-Based Generative Models (Karras et al., 2022), Table 1
        | https://arxiv.org/abs/2206.00364
    """
    root = (1 + sigma**2).sqrt()
    return Coefficients(c_skip=1 / root**2, c_out=sigma / root, c_in=1 / root)


def epsilon(sigma: Float[Tensor, " *shape"]) -> Coefficients:
    r"""Return the coefficients of a network that predicts the noise :math:`\epsilon`.

    .. math::
        c_\mathrm{skip} = 1 \qquad c_\mathrm{out} = -\sigma \qquad
        c_\mathrm{in} = \frac{1}{\sqrt{1 + \sigma^2}}

    References:
        | Denoising Diffusion Probabilistic Models (Ho et al., 2020), Eq. 14
        | https://arxiv.org/abs/2006.11239
    """
    root = (1 + sigma**2).sqrt()
    return Coefficients(c_skip=sigma**0, c_out=-sigma, c_in=1 / root)


def velocity(sigma: Float[Tensor, " *shape"]) -> Coefficients:
    r"""Return the coefficients of a network that predicts the velocity :math:`v`.

    .. math::
        v = \sqrt{\bar\alpha} \, \epsilon - \sqrt{1 - \bar\alpha} \, x_0
        \quad\Rightarrow\quad
        c_\mathrm{skip} = \frac{1}{1 + \sigma^2} \qquad
        c_\mathrm{out} = \frac{-\sigma}{\sqrt{1 + \sigma^2}} \qquad
        c_\mathrm{in} = \frac{1}{\sqrt{1 + \sigma^2}}

    References:
        | Progressive Distillation for Fast Sampling of Diffusion Models (Salimans and Ho, 2022), Section 4
        | https://arxiv.org/abs/2202.00512
    """
    root = (1 + sigma**2).sqrt()
    return Coefficients(c_skip=1 / root**2, c_out=-sigma / root, c_in=1 / root)


def flow(sigma: Float[Tensor, " *shape"]) -> Coefficients:
    r"""Return the coefficients of a network that predicts the vector field of a straight path.

    On the path :math:`(1 - \tau) \, x_0 + \tau \, \epsilon` with :math:`\tau = \sigma / (1 + \sigma)`, the
    vector field is constant. It is divided by :math:`\sqrt 2` to have unit variance.

    .. math::
        u = \frac{\epsilon - x_0}{\sqrt 2}
        \quad\Rightarrow\quad
        c_\mathrm{skip} = \frac{1}{1 + \sigma} \qquad
        c_\mathrm{out} = \frac{-\sqrt 2 \, \sigma}{1 + \sigma} \qquad
        c_\mathrm{in} = \frac{1}{\sqrt{1 + \sigma^2}}

    References:
        | Flow Matching for Generative Modeling (Lipman et al., 2022), Eq. 23
        | https://arxiv.org/abs/2210.02747
    """
    return Coefficients(
        c_skip=1 / (1 + sigma), c_out=-(2**0.5) * sigma / (1 + sigma), c_in=1 / (1 + sigma**2).sqrt()
    )


PARAMETRISATIONS: dict[str, Callable[[Tensor], Coefficients]] = {
    "karras": karras,
    "epsilon": epsilon,
    "v": velocity,
    "flow": flow,
}
"""The coefficients of each parametrisation, by its name in the configuration."""


def expand_like(
    sigma: Float[Tensor, " batch"], x: Float[Tensor, " batch *shape"]
) -> Float[Tensor, "batch ..."]:
    """Append axes of size 1 to per-sample values until they broadcast with ``x``."""
    return sigma.reshape(-1, *(1,) * (x.ndim - 1))
