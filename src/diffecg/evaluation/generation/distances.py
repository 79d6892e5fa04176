"""Distances between two sets of windows, or of their features.

The value of a distance depends on the sizes of the sets: read it beside the value for two disjoint real sets
of the same sizes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from diffecg.errors import DiffecgError

Real = Float[np.ndarray, "real feature"]
Synthetic = Float[np.ndarray, "synthetic _"]


class Coverage(NamedTuple):
    """Fidelity (precision, density) and diversity (recall, coverage) by nearest neighbours."""

    precision: float
    """Share of synthetic samples within a real neighbourhood."""
    recall: float
    """Share of real samples within a synthetic neighbourhood."""
    density: float
    """Mean number of real neighbourhoods around a synthetic sample, over its expectation for equal sets."""
    coverage: float
    """Share of real neighbourhoods with a synthetic sample in them."""


def sliced_wasserstein(real: Real, synthetic: Synthetic, *, directions: int = 500, seed: int = 0) -> float:
    """Return the mean order-1 Wasserstein distance of projections onto random directions, in the data's unit.

    Bonneel et al. (2015), J Math Imaging Vis 51:22-45.

    Args:
        real: real samples.
        synthetic: synthetic samples; their number may differ.
        directions: number of random directions.
        seed: seed of the directions.
    """
    _check(real, synthetic, min_windows=1)
    axes = np.random.default_rng(seed).standard_normal((real.shape[1], directions))
    axes /= np.linalg.norm(axes, axis=0)
    a, b = np.sort(real @ axes, axis=0), np.sort(synthetic @ axes, axis=0)
    ends = np.union1d(np.arange(1, len(a) + 1) / len(a), np.arange(1, len(b) + 1) / len(b))
    widths = np.diff(ends, prepend=0.0)
    middles = ends - widths / 2
    quantiles_a, quantiles_b = (x[np.minimum((middles * len(x)).astype(int), len(x) - 1)] for x in (a, b))
    return float((np.abs(quantiles_a - quantiles_b) * widths[:, None]).sum(axis=0).mean())


def frechet_distance(real: Real, synthetic: Synthetic) -> float:
    """Return the squared Fréchet distance of Gaussians fitted to the two sets, in squared units.

    Dowson and Landau (1982), J Multivar Anal 12(3):450-455. The estimate is biased upwards unless the sets
    are much larger than the number of features.
    """
    _check(real, synthetic, min_windows=2)
    mean = real.mean(axis=0) - synthetic.mean(axis=0)
    a, b = (np.atleast_2d(np.cov(signals, rowvar=False)) for signals in (real, synthetic))
    # The trace of (a b)^(1/2) is the sum of the roots of its eigenvalues, which are real and >= 0.
    roots = np.sqrt(np.clip(np.linalg.eigvals(a @ b).real, 0, None))
    return float(mean @ mean + np.trace(a) + np.trace(b) - 2 * roots.sum())


def maximum_mean_discrepancy(real: Real, synthetic: Synthetic) -> float:
    """Return the unbiased estimate of the squared maximum mean discrepancy, which may be negative.

    Gretton et al. (2012), JMLR 13:723-773, Eq. 3, with a Gaussian kernel whose width is the median
    distance between real samples.
    """
    _check(real, synthetic, min_windows=2)
    a, b = torch.from_numpy(real).double(), torch.from_numpy(synthetic).double()
    within = torch.cdist(a, a).square()
    n, m = len(a), len(b)
    pairs = within[torch.triu_indices(n, n, offset=1).unbind()]
    width = pairs.median().clamp(min=1e-12)
    within_real = (torch.exp(-within / width).sum() - n) / (n * (n - 1))
    within_synthetic = (torch.exp(-torch.cdist(b, b).square() / width).sum() - m) / (m * (m - 1))
    between = torch.exp(-torch.cdist(a, b).square() / width).mean()
    return float(within_real + within_synthetic - 2 * between)


def neighbour_coverage(real: Real, synthetic: Synthetic, *, neighbours: int = 5) -> Coverage:
    """Return precision, recall, density and coverage; a neighbourhood reaches to the k-th neighbour.

    Kynkäänniemi et al. (2019), arXiv 1904.06991, Eq. 1 and 2; Naeem et al. (2020), arXiv 2002.09797,
    section 3.
    """
    _check(real, synthetic, min_windows=neighbours + 1)
    a, b = torch.from_numpy(real).double(), torch.from_numpy(synthetic).double()
    radius_real, radius_synthetic = _radius(a, neighbours), _radius(b, neighbours)
    distance = torch.cdist(a, b)
    inside = distance < radius_real[:, None]
    return Coverage(
        precision=float(inside.any(dim=0).double().mean()),
        recall=float((distance < radius_synthetic[None]).any(dim=1).double().mean()),
        density=float(inside.double().sum(dim=0).mean() / neighbours),
        coverage=float((distance.min(dim=1).values < radius_real).double().mean()),
    )


def _radius(samples: Float[Tensor, "sample feature"], neighbours: int) -> Float[Tensor, " sample"]:
    """Return the distance of each sample to its k-th nearest other sample."""
    return torch.cdist(samples, samples).kthvalue(neighbours + 1, dim=1).values


def _check(real: np.ndarray, synthetic: np.ndarray, min_windows: int) -> None:
    if real.ndim != 2 or synthetic.ndim != 2 or real.shape[1] != synthetic.shape[1]:
        raise DiffecgError(
            f"sets of shapes {real.shape} and {synthetic.shape} cannot be compared; both must be "
            "(window, feature) with as many features"
        )
    if min(len(real), len(synthetic)) < min_windows:
        raise DiffecgError(
            f"{len(real)} real and {len(synthetic)} synthetic windows are too few; at least {min_windows} "
            "of each are needed"
        )
    if not (np.isfinite(real).all() and np.isfinite(synthetic).all()):
        raise DiffecgError("the windows have NaN or infinite values; leave those windows out")
