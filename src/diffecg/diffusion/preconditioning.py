"""What the network predicts, and how its answer becomes an estimate of x0.

Karras et al. (2022), Eq. 7: D(xt, sigma) = c_skip xt + c_out F(c_in xt, c_noise). All data have mean
square 1 (their sigma_data).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor


class Coefficients(NamedTuple):
    """The three factors of Eq. 7, each with the shape of sigma."""

    c_skip: Tensor
    c_out: Tensor
    c_in: Tensor


def karras(sigma: Tensor) -> Coefficients:
    """F predicts a mix of x0 and noise of unit variance (Karras et al. 2022, Table 1, "ours")."""
    root = (1 + sigma**2).sqrt()
    return Coefficients(1 / root**2, sigma / root, 1 / root)


def epsilon(sigma: Tensor) -> Coefficients:
    """F predicts the noise eps (Ho et al. 2020, Eq. 14): x0 = xt - sigma eps."""
    root = (1 + sigma**2).sqrt()
    return Coefficients(sigma**0, -sigma, 1 / root)


def velocity(sigma: Tensor) -> Coefficients:
    """F predicts v = sqrt(alpha_bar) eps - sqrt(1 - alpha_bar) x0 (Salimans and Ho 2022, section 4)."""
    root = (1 + sigma**2).sqrt()
    return Coefficients(1 / root**2, -sigma / root, 1 / root)


def flow(sigma: Tensor) -> Coefficients:
    """F predicts u = (eps - x0) / sqrt(2), the speed along straight paths, scaled to unit variance.

    Lipman et al. (2022), arXiv 2210.02747, Eq. 23; time is sigma / (1 + sigma), and the point of the path
    (1 - time) x0 + time eps = xt / (1 + sigma).
    """
    return Coefficients(1 / (1 + sigma), -(2**0.5) * sigma / (1 + sigma), 1 / (1 + sigma**2).sqrt())


PARAMETRISATIONS: dict[str, Callable[[Tensor], Coefficients]] = {
    "karras": karras,
    "epsilon": epsilon,
    "v": velocity,
    "flow": flow,
}
