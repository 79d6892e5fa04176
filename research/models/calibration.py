"""The kernel around the draws of a model of gaps, fitted on recordings for validation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float64

from diffecg.datasets.recording_set import RecordingSet
from diffecg.model.gap.network import GapNetwork
from diffecg.signal.intervals import dressed_interval
from diffecg.training.gap.batches import GapBatch
from diffecg.training.gap.validation import draw_numbered, validation_batch

GRID = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4)
"""Variances of the kernel that are tried, as shares of the variance of the draws."""
COVERAGES = (0.5, 0.9)
DRAWS, BATCH = 16, 32


def fit_kernel_variance(
    network: GapNetwork, sets: Sequence[RecordingSet]
) -> tuple[float, dict[float, float]]:
    """Return the variance of the kernel whose 50 and 90 % intervals come nearest to these coverages.

    Args:
        network: the network.
        sets: recording sets; of their gaps for validation, the coverages are averaged.

    Returns:
        The variance, and the coverage of each interval with it.
    """
    gaps = validation_batch(sets, network.config)
    covered = np.mean(
        [
            found
            for first in range(0, len(gaps), BATCH)
            for found in _coverages(network, gaps.select(slice(first, first + BATCH)), first)
        ],
        axis=0,
    )
    best = int(np.abs(covered - np.array(COVERAGES)).sum(axis=1).argmin())
    return GRID[best], dict(zip(COVERAGES, covered[best].tolist(), strict=True))


@torch.no_grad()
def _coverages(network: GapNetwork, batch: GapBatch, first: int) -> list[list[list[float]]]:
    """Return, for each gap and each variance, the coverage of each interval."""
    encoding = network.encode(batch.inputs)
    draws = draw_numbered(network, encoding, range(first, first + len(batch)), DRAWS)
    truth = encoding.conditions.normalise(batch.truth).double().numpy()
    found = []
    for own, true, missing in zip(draws.double().numpy(), truth, batch.inputs.missing.numpy(), strict=True):
        own, true = own[:, missing], true[missing]
        deviation = own.std(axis=0, ddof=1)
        found.append([[_coverage(own, true, deviation * share**0.5, p) for p in COVERAGES] for share in GRID])
    return found


def _coverage(
    draws: Float64[np.ndarray, "draw gap"],
    truth: Float64[np.ndarray, " gap"],
    kernel: Float64[np.ndarray, " gap"],
    coverage: float,
) -> float:
    lower, upper = dressed_interval(draws, kernel, coverage)
    return float(((lower <= truth) & (truth <= upper)).mean())
