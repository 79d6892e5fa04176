r"""A sampler as a table of numbers, for programs that run a loop but not the functions of this package.

Every sampler of :mod:`diffecg.diffusion.samplers` is linear in noise and in the estimates of the denoiser.
With :math:`x_k` the noisy sample of evaluation :math:`k`, :math:`d_k` its estimate and :math:`\epsilon_k` the
noise drawn after it,

.. math:: x_{k+1} = w_{k1} x_k + w_{k2} d_k + w_{k3} x_{k-1} + w_{k4} d_{k-1} + w_{k5} \epsilon_k

The weights follow from running the sampler on unit vectors in place of noise and estimates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from diffecg.diffusion.samplers import Sampler

TERMS = 5
"""Terms of a step: sample, estimate, those of the evaluation before, and noise."""

_FEW = (0, 1, 4)
"""Terms of a sampler that does not look back; tried first, as they may depend on the others linearly."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearSteps:
    """The evaluations of a sampler; the result is what the last one would be followed by."""

    sigmas: Float64[np.ndarray, " evaluation"]
    """Noise level of each evaluation."""
    weights: Float64[np.ndarray, "evaluation 5"]
    """Weights of the terms of each step."""

    @property
    def is_stochastic(self) -> bool:
        """Whether noise is added after the start."""
        return bool(self.weights[:, -1].any())


def linear_steps(sampler: Sampler, sigmas: Float[Tensor, " level"]) -> LinearSteps:
    """Return the evaluations of a sampler with their weights.

    Args:
        sampler: the sampler.
        sigmas: decreasing noise levels.

    Raises:
        ValueError: the sampler is not linear, or looks back further than one evaluation.
    """
    # Twice as many evaluations as steps at most; the starting point comes first.
    unit = iter(torch.eye(4 * len(sigmas), dtype=torch.float64)[:, None])
    inputs: list[Tensor] = []
    levels: list[float] = []
    estimates: list[Tensor] = []
    noises: dict[int, Tensor] = {}

    def denoise(xt: Tensor, sigma: Tensor) -> Tensor:
        inputs.append(xt[0])
        levels.append(float(sigma[0]))
        estimates.append(next(unit))
        return estimates[-1]

    def draw(xt: Tensor) -> Tensor:
        noises[len(inputs) - 1] = next(unit)
        return noises[len(inputs) - 1]

    inputs.append(sampler(denoise, next(unit), sigmas, draw)[0])
    zero = torch.zeros_like(inputs[0])
    rows = []
    for k, following in enumerate(inputs[1:]):
        before = (inputs[k - 1], estimates[k - 1][0]) if k else (zero, zero)
        terms = [inputs[k], estimates[k][0], *before, noises.get(k, zero[None])[0]]
        rows.append(_weights(torch.stack(terms).numpy(), following.numpy()))
    return LinearSteps(sigmas=np.array(levels), weights=np.array(rows))


def _weights(
    terms: Float64[np.ndarray, "5 unit"], following: Float64[np.ndarray, " unit"]
) -> Float64[np.ndarray, " 5"]:
    """Return the weights with which terms add up to the sample of the next evaluation."""
    for used in (_FEW, range(TERMS)):
        weights = np.zeros(TERMS)
        weights[list(used)] = np.linalg.lstsq(terms[list(used)].T, following, rcond=None)[0]
        if np.allclose(weights @ terms, following, rtol=1e-9, atol=1e-9):
            return weights
    raise ValueError("a step of the sampler is not a sum of its last two evaluations and noise")
