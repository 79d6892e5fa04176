"""Distances between two sets of windows, or of their features.

All functions take two arrays (window feature) of real and of synthetic samples. None is of use alone:
print beside it the value for two disjoint real sets of the same size.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from diffecg.errors import DiffecgError

Array = NDArray[np.floating]


class Coverage(NamedTuple):
    """Fidelity (precision, density) and diversity (recall, coverage) by nearest neighbours."""

    precision: float
    """Share of synthetic samples that lie where real ones are."""
    recall: float
    """Share of real samples that lie where synthetic ones are."""
    density: float
    """How many real neighbourhoods hold a synthetic sample, over the number expected; 1 if equal."""
    coverage: float
    """Share of real samples whose neighbourhood holds a synthetic one."""


def sliced_wasserstein(real: Array, synthetic: Array, *, directions: int = 500, seed: int = 0) -> float:
    """Return the order-1 Wasserstein distance along random directions, averaged; in the data's unit.

    Bonneel et al. (2015), J Math Imaging Vis 51:22-45. Both sets may differ in size.
    """
    _check(real, synthetic, least=1)
    axes = np.random.default_rng(seed).standard_normal((real.shape[1], directions))
    axes /= np.linalg.norm(axes, axis=0)
    a, b = np.sort(real @ axes, axis=0), np.sort(synthetic @ axes, axis=0)
    ends = np.union1d(np.arange(1, len(a) + 1) / len(a), np.arange(1, len(b) + 1) / len(b))
    middle = ends - np.diff(ends, prepend=0.0) / 2
    steps = [x[np.minimum((middle * len(x)).astype(int), len(x) - 1)] for x in (a, b)]
    return float((np.abs(steps[0] - steps[1]) * np.diff(ends, prepend=0.0)[:, None]).sum(axis=0).mean())


def frechet_distance(real: Array, synthetic: Array) -> float:
    """Return the squared Fréchet distance of the two sets taken as Gaussians, in squared units.

    Dowson and Landau (1982), J Multivar Anal 12(3):450-455. It is biased upwards for sets that
    are not much larger than the number of features.
    """
    _check(real, synthetic, least=2)
    mean = real.mean(axis=0) - synthetic.mean(axis=0)
    a, b = (np.atleast_2d(np.cov(signals, rowvar=False)) for signals in (real, synthetic))
    # The trace of (a b)^(1/2) is the sum of the roots of its eigenvalues, which are real and >= 0.
    roots = np.sqrt(np.clip(np.linalg.eigvals(a @ b).real, 0, None))
    return float(mean @ mean + np.trace(a) + np.trace(b) - 2 * roots.sum())


def maximum_mean_discrepancy(real: Array, synthetic: Array) -> float:
    """Return the unbiased estimate of the squared MMD, which may be below zero.

    Gretton et al. (2012), JMLR 13:723-773, Eq. 3, with a Gaussian kernel whose width is the median
    distance between real samples.
    """
    _check(real, synthetic, least=2)
    a, b = torch.from_numpy(real).double(), torch.from_numpy(synthetic).double()
    within = torch.cdist(a, a).square()
    n, m = len(a), len(b)
    pairs = within[torch.triu_indices(n, n, offset=1).unbind()]
    width = pairs.median().clamp(min=1e-12)
    within_real = (torch.exp(-within / width).sum() - n) / (n * (n - 1))
    within_synthetic = (torch.exp(-torch.cdist(b, b).square() / width).sum() - m) / (m * (m - 1))
    between = torch.exp(-torch.cdist(a, b).square() / width).mean()
    return float(within_real + within_synthetic - 2 * between)


def neighbour_coverage(real: Array, synthetic: Array, *, neighbours: int = 5) -> Coverage:
    """Return precision, recall, density and coverage.

    Kynkäänniemi et al. (2019), arXiv 1904.06991, Eq. 1 and 2; Naeem et al. (2020), arXiv 2002.09797,
    section 3.
    """
    _check(real, synthetic, least=neighbours + 1)
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


def _radius(samples: torch.Tensor, neighbours: int) -> torch.Tensor:
    """Return each sample's distance to its k-th nearest other sample."""
    return torch.cdist(samples, samples).kthvalue(neighbours + 1, dim=1).values


def _check(real: Array, synthetic: Array, least: int) -> None:
    if real.ndim != 2 or synthetic.ndim != 2 or real.shape[1] != synthetic.shape[1]:
        raise DiffecgError(
            f"sets of shapes {real.shape} and {synthetic.shape} cannot be compared; both must be "
            "(window, feature) with as many features"
        )
    if min(len(real), len(synthetic)) < least:
        raise DiffecgError(
            f"{len(real)} real and {len(synthetic)} synthetic windows are too few; at least {least} each"
        )
    if not (np.isfinite(real).all() and np.isfinite(synthetic).all()):
        raise DiffecgError("the windows hold values that are not finite")
