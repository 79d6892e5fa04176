"""Random observation masks of the training tasks."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool

MAX_GAP_FRACTION = 0.6
"""Largest length of a gap of the imputation task, as a fraction of the window."""

MAX_GAPS = 3
"""Largest number of gaps in a window of the imputation task."""

GAPS_IN_LEADS = 0.2
"""Probability of gaps in the observed leads where other leads are missing throughout."""

_IMPUTATION, _FORECASTING = 1, 2


def draw_masks(
    rng: np.random.Generator,
    size: int,
    leads: int,
    length: int,
    tasks: tuple[float, float, float],
    *,
    lead_reconstruction: float = 0.0,
) -> Bool[np.ndarray, "{size} {leads} {length}"]:
    """Draw a mask for each of ``size`` windows; True = observed.

    With several leads, a window has with equal probability the same mask in all leads, a mask in one random
    lead with all others observed, or an independent mask in each lead. The second case, with nothing
    observed in that lead, is the reconstruction of a lead from the others.

    Args:
        rng: Random generator.
        size: Number of windows.
        leads: Leads in a window.
        length: Samples in a window.
        tasks: Proportions of generation (nothing observed), imputation (one to three gaps of log-uniform
            length) and forecasting (observed up to a uniformly distributed sample).
        lead_reconstruction: Probability of a mask of another kind, for windows of several leads: a random
            number of leads, one to all but one, is observed, in some windows with gaps, and the others are
            missing.
    """
    masks = _single_lead_masks(rng, size * leads, length, tasks).reshape(size, leads, length)
    if leads == 1:
        return masks
    pattern = rng.integers(3, size=size)
    masked_lead = rng.integers(leads, size=size)
    same_in_all, in_one_lead = pattern == 0, pattern == 1
    masks[same_in_all] = masks[same_in_all, :1]
    masks[in_one_lead[:, None] & (np.arange(leads) != masked_lead[:, None])] = True
    if lead_reconstruction > 0:
        chosen = rng.random(size) < lead_reconstruction
        whole = rng.random((size, 1)) >= GAPS_IN_LEADS
        in_time = _gap_masks(rng, size, length) | whole
        masks[chosen] = (_lead_masks(rng, size, leads)[:, :, None] & in_time[:, None])[chosen]
    return masks


def _lead_masks(rng: np.random.Generator, size: int, leads: int) -> Bool[np.ndarray, "{size} {leads}"]:
    """Draw which leads are observed: a uniformly distributed number of them, one to all but one."""
    rank = rng.random((size, leads)).argsort(axis=1).argsort(axis=1)
    return rank < rng.integers(1, leads, size)[:, None]


def _single_lead_masks(
    rng: np.random.Generator, size: int, length: int, tasks: tuple[float, float, float]
) -> Bool[np.ndarray, "{size} {length}"]:
    task = np.searchsorted(np.cumsum(tasks) / sum(tasks), rng.random(size), side="right")
    with_gaps, with_past = _gap_masks(rng, size, length), _past_masks(rng, size, length)
    masks = np.zeros((size, length), dtype=bool)
    masks[task == _IMPUTATION] = with_gaps[task == _IMPUTATION]
    masks[task == _FORECASTING] = with_past[task == _FORECASTING]
    return masks


def _gap_masks(rng: np.random.Generator, size: int, length: int) -> Bool[np.ndarray, "{size} {length}"]:
    """Draw masks with one to :data:`MAX_GAPS` gaps; a gap may extend over an end of the window."""
    shortest = min(4, length)
    gaps = np.exp(rng.uniform(np.log(shortest), np.log(MAX_GAP_FRACTION * length), (size, MAX_GAPS)))
    count = rng.integers(1, MAX_GAPS + 1, size)
    start = rng.uniform(-gaps / 2, length - gaps / 2)
    stop = start + np.maximum(gaps, 1)
    time = np.arange(length)
    in_gap = (time >= start[..., None]) & (time < stop[..., None])
    is_used = np.arange(MAX_GAPS) < count[:, None]
    return ~np.any(in_gap & is_used[..., None], axis=1)


def _past_masks(rng: np.random.Generator, size: int, length: int) -> Bool[np.ndarray, "{size} {length}"]:
    """Draw masks that are observed up to a random sample."""
    end = rng.integers(max(length // 10, 1), length, size)
    return np.arange(length) < end[:, None]
