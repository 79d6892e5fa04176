r"""Noise schedules: the noise levels of training, and those that a sampler visits.

Training needs a distribution of :math:`\sigma`, sampling a decreasing sequence that ends in zero. A schedule
describes the first by its quantile function, so that stratified :math:`u \in (0, 1)` give stratified noise
levels, and lists the second for any number of steps. Two families are in use:

- Karras et al. choose both independently: :math:`\ln \sigma` is normal in training, and
  :math:`\sigma^{1/\rho}` falls linearly in sampling.
- Ho et al. define a Markov chain of :math:`T` steps with variances :math:`\beta_t`. The share of the signal's
  variance that remains after step :math:`t` is :math:`\bar\alpha_t = \prod_{s \le t} (1 - \beta_s)`, and
  :math:`\sigma_t = \sqrt{(1 - \bar\alpha_t) / \bar\alpha_t}`. Training and sampling use the same table.

Sampling starts from pure noise, hence every schedule must end in a :math:`\sigma` that leaves next to nothing
of the signal (Lin et al. 2024).

References:
    | Elucidating the Design Space of Diffusion-Based Generative Models (Karras et al., 2022)
    | https://arxiv.org/abs/2206.00364

    | Denoising Diffusion Probabilistic Models (Ho et al., 2020)
    | https://arxiv.org/abs/2006.11239

    | Common Diffusion Noise Schedules and Sample Steps are Flawed (Lin et al., 2024)
    | https://arxiv.org/abs/2305.08891
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Float64
from torch import Tensor

MAX_REMAINING_SIGNAL = 0.05
r"""Largest factor of the signal, :math:`1 / \sqrt{1 + \sigma^2}`, allowed at the highest noise level."""


@runtime_checkable
class NoiseSchedule(Protocol):
    """The noise levels of training and sampling."""

    def sigma_at(self, u: Float[Tensor, " *shape"]) -> Float[Tensor, " *shape"]:
        r"""Return the quantile function of the training noise levels: increasing in :math:`u \in (0, 1)`."""

    def sampling_sigmas(self, steps: int) -> Float64[Tensor, " {steps}+1"]:
        r"""Return the levels of :math:`N` sampling steps, :math:`\sigma_0 > \dots > \sigma_N = 0`."""


@dataclass(frozen=True, kw_only=True)
class KarrasSchedule:
    r"""Log-normal noise levels in training, a power law in sampling.

    References:
        | Elucidating the Design Space of Diffusion-Based Generative Models (Karras et al., 2022), Table 1
        | https://arxiv.org/abs/2206.00364

    Raises:
        ValueError: ``sigma_min`` is not between 0 and ``sigma_max``, or ``sigma_max`` is too low.
    """

    sigma_min: float
    """Lowest positive noise level of sampling."""
    sigma_max: float
    """Highest noise level of sampling."""
    log_sigma_mean: float
    r"""Mean of :math:`\ln \sigma` in training, :math:`P_\mathrm{mean}` in the paper."""
    log_sigma_std: float
    r"""Standard deviation of :math:`\ln \sigma` in training, :math:`P_\mathrm{std}` in the paper."""
    rho: float = 7.0
    """Exponent of the power law; larger values place more steps at low noise levels."""

    def __post_init__(self) -> None:
        """Check the range of noise levels."""
        if not 0 < self.sigma_min < self.sigma_max:
            raise ValueError(f"sigma_min {self.sigma_min} must be between 0 and sigma_max {self.sigma_max}")
        _check_sigma_max(self.sigma_max)

    def sigma_at(self, u: Float[Tensor, " *shape"]) -> Float[Tensor, " *shape"]:
        r"""Return the quantiles of the log-normal distribution.

        .. math:: \sigma(u) = \exp \left( P_\mathrm{mean} + P_\mathrm{std} \, \Phi^{-1}(u) \right)
        """
        return torch.exp(self.log_sigma_mean + self.log_sigma_std * torch.special.ndtri(u))

    def sampling_sigmas(self, steps: int) -> Float64[Tensor, " {steps}+1"]:
        r"""Return the noise levels of the power law (Eq. 5).

        .. math::
            \sigma_i = \left( \sigma_\mathrm{max}^{1/\rho} + \frac{i}{N - 1}
            \left( \sigma_\mathrm{min}^{1/\rho} - \sigma_\mathrm{max}^{1/\rho} \right) \right)^\rho,
            \qquad i < N, \qquad \sigma_N = 0

        for :math:`N > 1`, and :math:`\sigma_0 = \sigma_\mathrm{max}` for :math:`N = 1`.

        Raises:
            ValueError: ``steps`` is below 1.
        """
        if steps < 1:
            raise ValueError(f"steps {steps} must be at least 1")
        ramp = torch.linspace(0, 1, steps, dtype=torch.float64)
        first, last = self.sigma_max ** (1 / self.rho), self.sigma_min ** (1 / self.rho)
        return _append_zero((first + ramp * (last - first)) ** self.rho)


@dataclass(frozen=True, kw_only=True)
class VarianceSchedule:
    r"""The :math:`T` noise levels of a variance-preserving Markov chain.

    References:
        | Denoising Diffusion Probabilistic Models (Ho et al., 2020), Eq. 4
        | https://arxiv.org/abs/2006.11239

    Raises:
        ValueError: ``alpha_bar`` does not decrease within (0, 1), or its last value is too high.
    """

    alpha_bar: tuple[float, ...]
    r""":math:`\bar\alpha_1, \dots, \bar\alpha_T`: share of the signal's variance left after each step."""

    def __post_init__(self) -> None:
        """Check that the table decreases far enough."""
        table = self.alpha_bar
        if not table or not all(1 > a > b > 0 for a, b in zip(table, table[1:], strict=False)):
            raise ValueError("alpha_bar must decrease and lie between 0 and 1")
        _check_sigma_max(float(self.sigmas[-1]))

    @property
    def sigmas(self) -> Float64[Tensor, " T"]:
        r"""The increasing noise levels :math:`\sigma_t = \sqrt{(1 - \bar\alpha_t) / \bar\alpha_t}`."""
        alpha_bar = torch.tensor(self.alpha_bar, dtype=torch.float64)
        return ((1 - alpha_bar) / alpha_bar).sqrt()

    def sigma_at(self, u: Float[Tensor, " *shape"]) -> Float[Tensor, " *shape"]:
        r"""Return the quantiles of the uniform distribution over the :math:`T` noise levels.

        .. math:: \sigma(u) = \sigma_{\lfloor u T \rfloor + 1}
        """
        index = (u * len(self.alpha_bar)).long().clamp(max=len(self.alpha_bar) - 1)
        return self.sigmas.to(u)[index]

    def sampling_sigmas(self, steps: int) -> Float64[Tensor, " {steps}+1"]:
        r"""Return evenly spaced noise levels, starting with the highest ("trailing" in diffusers).

        .. math:: \sigma_i = \sigma_{T - \lfloor i T / N \rfloor}, \qquad \sigma_N = 0

        Raises:
            ValueError: ``steps`` is not between 1 and :math:`T`.
        """
        total = len(self.alpha_bar)
        if not 1 <= steps <= total:
            raise ValueError(f"steps {steps} must be 1 to {total}")
        skipped = torch.arange(steps, dtype=torch.float64) * total / steps
        return _append_zero(self.sigmas[total - 1 - skipped.floor().long()])


def linear_schedule(steps: int, beta_first: float, beta_last: float) -> VarianceSchedule:
    r"""Return the schedule whose variances grow linearly.

    .. math::
        \beta_t = \beta_1 + \frac{t - 1}{T - 1} (\beta_T - \beta_1), \qquad
        \bar\alpha_t = \prod_{s=1}^t (1 - \beta_s)

    References:
        | Denoising Diffusion Probabilistic Models (Ho et al., 2020), Section 4
        | https://arxiv.org/abs/2006.11239
    """
    beta = torch.linspace(beta_first, beta_last, steps, dtype=torch.float64)
    return VarianceSchedule(alpha_bar=tuple(torch.cumprod(1 - beta, dim=0).tolist()))


def cosine_schedule(steps: int, offset: float = 0.008) -> VarianceSchedule:
    r"""Return the cosine schedule.

    .. math::
        \beta_t = \min \left( 1 - \frac{f(t)}{f(t-1)}, 0.999 \right), \qquad
        f(t) = \cos^2 \left( \frac{t / T + s}{1 + s} \cdot \frac{\pi}{2} \right)

    Args:
        steps: The number of noise levels :math:`T`.
        offset: The offset :math:`s`, which keeps the first variances from vanishing.

    References:
        | Improved Denoising Diffusion Probabilistic Models (Nichol and Dhariwal, 2021), Eq. 17
        | https://arxiv.org/abs/2102.09672
    """
    t = torch.linspace(0, 1, steps + 1, dtype=torch.float64)
    f = torch.cos((t + offset) / (1 + offset) * math.pi / 2).square()
    beta = (1 - f[1:] / f[:-1]).clamp(max=0.999)
    return VarianceSchedule(alpha_bar=tuple(torch.cumprod(1 - beta, dim=0).tolist()))


def _check_sigma_max(sigma_max: float) -> None:
    remaining = 1 / math.sqrt(1 + sigma_max**2)
    if remaining > MAX_REMAINING_SIGNAL:
        raise ValueError(
            f"the highest noise level keeps {remaining:.2f} of the signal's amplitude; sampling starts from "
            f"pure noise and allows at most {MAX_REMAINING_SIGNAL}: raise the highest noise level"
        )


def _append_zero(sigmas: Float64[Tensor, " steps"]) -> Float64[Tensor, " steps+1"]:
    return torch.cat([sigmas, sigmas.new_zeros(1)])
