"""Noise levels: which sigma training draws, and which a sampler visits.

Every kind has two methods. ``quantile(u)`` maps u in (0, 1) to the sigma of training, so that evenly
spread u make evenly spread levels. ``grid(steps)`` lists the levels of a sampler, falling, zero last.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

MAX_SIGNAL_LEFT = 0.05
"""Most of the signal's amplitude that may be left at the highest noise level."""


class NoiseSchedule(Protocol):
    """What every kind of noise levels can do."""

    def quantile(self, u: Tensor) -> Tensor:
        """Return sigma for ``u`` in (0, 1), rising."""

    def grid(self, steps: int) -> Tensor:
        """Return ``steps`` falling sigmas and a zero, in float64."""


@dataclass(frozen=True)
class KarrasSchedule:
    """Log-normal in training, a power law in sampling (Karras et al. 2022, Table 1 and Eq. 5)."""

    sigma_min: float
    sigma_max: float
    log_mean: float
    log_std: float
    rho: float = 7.0

    def __post_init__(self) -> None:
        """Refuse levels that do not fall or do not begin in noise."""
        if not 0 < self.sigma_min < self.sigma_max:
            raise ValueError(f"sigma_min {self.sigma_min} must lie between 0 and sigma_max {self.sigma_max}")
        _check_ends_in_noise(self.sigma_max)

    def quantile(self, u: Tensor) -> Tensor:
        """Return exp(mean + std * Phi^-1(u))."""
        return torch.exp(self.log_mean + self.log_std * torch.special.ndtri(u))

    def grid(self, steps: int) -> Tensor:
        """Return the levels of Eq. 5."""
        _check_steps(steps)
        ramp = torch.linspace(0, 1, steps, dtype=torch.float64)
        first, last = self.sigma_max ** (1 / self.rho), self.sigma_min ** (1 / self.rho)
        return _end_with_zero((first + ramp * (last - first)) ** self.rho)


@dataclass(frozen=True)
class VarianceSchedule:
    """The T levels of a table of alpha_bar (Ho et al. 2020, Eq. 4)."""

    alpha_bar: tuple[float, ...]
    """Share of signal variance left after steps 1 to T, falling."""

    def __post_init__(self) -> None:
        """Refuse tables that do not fall or do not end in noise."""
        table = self.alpha_bar
        if not table or not all(1 > a > b > 0 for a, b in zip(table, table[1:], strict=False)):
            raise ValueError("alpha_bar must fall from below 1 to above 0")
        _check_ends_in_noise(float(self.sigmas[-1]))

    @property
    def sigmas(self) -> Tensor:
        """Rising sigmas of all T steps, in float64."""
        alpha_bar = torch.tensor(self.alpha_bar, dtype=torch.float64)
        return ((1 - alpha_bar) / alpha_bar).sqrt()

    def quantile(self, u: Tensor) -> Tensor:
        """Return the sigma of step floor(u T), all steps equally likely."""
        step = (u * len(self.alpha_bar)).long().clamp(max=len(self.alpha_bar) - 1)
        return self.sigmas.to(u)[step]

    def grid(self, steps: int) -> Tensor:
        """Return the levels of ``steps`` evenly spaced steps, the T-th first."""
        total = len(self.alpha_bar)
        _check_steps(steps, total)
        visited = torch.arange(steps, dtype=torch.float64) * total / steps
        return _end_with_zero(self.sigmas[total - 1 - visited.floor().long()])


def linear_schedule(steps: int, beta_first: float, beta_last: float) -> VarianceSchedule:
    """Return the schedule whose variances beta grow linearly (Ho et al. 2020, section 4)."""
    beta = torch.linspace(beta_first, beta_last, steps, dtype=torch.float64)
    return VarianceSchedule(tuple(torch.cumprod(1 - beta, dim=0).tolist()))


def cosine_schedule(steps: int, offset: float = 0.008) -> VarianceSchedule:
    """Return the cosine schedule (Nichol and Dhariwal 2021, arXiv 2102.09672, Eq. 17)."""
    t = torch.linspace(0, 1, steps + 1, dtype=torch.float64)
    f = torch.cos((t + offset) / (1 + offset) * math.pi / 2).square()
    beta = (1 - f[1:] / f[:-1]).clamp(max=0.999)
    return VarianceSchedule(tuple(torch.cumprod(1 - beta, dim=0).tolist()))


def _check_ends_in_noise(sigma_max: float) -> None:
    left = 1 / math.sqrt(1 + sigma_max**2)
    if left > MAX_SIGNAL_LEFT:
        raise ValueError(
            f"the highest noise level keeps {left:.2f} of the signal's amplitude, at most "
            f"{MAX_SIGNAL_LEFT} may be left: sampling starts from pure noise; add more noise"
        )


def _check_steps(steps: int, most: int | None = None) -> None:
    if steps < 1 or (most is not None and steps > most):
        raise ValueError(f"steps {steps} must be 1 to {most if most is not None else 'any number'}")


def _end_with_zero(sigmas: Tensor) -> Tensor:
    return torch.cat([sigmas, sigmas.new_zeros(1)])
