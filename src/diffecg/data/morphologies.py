"""The morphologies of a class: groups of beats that look alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2

BEATS_EACH = 50
"""A class has at most one morphology for so many beats."""
_POINTS = 64
_LEVEL_MV = 0.25


def divide(
    signal_mv: NDArray[np.floating], labels: NDArray[np.str_], wanted: Sequence[str], most: int, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return each window's morphology (window,), -1 = none, and the share of each (label, morphology).

    By k-means (Arthur and Vassilvitskii 2007, k-means++) of each class's windows at 64 points.

    Args:
        signal_mv: (window, lead, time), in mV.
        labels: class of each window.
        wanted: the classes to divide, in order.
        most: most morphologies of a class.
        seed: of the first centres.
    """
    member = np.full(len(labels), -1, dtype=np.intp)
    share = np.zeros((len(wanted), most), dtype=np.float32)
    for place, label in enumerate(wanted):
        rows = np.flatnonzero(labels == label)
        if not (rows.size and most):
            continue
        windows = np.asarray(signal_mv[rows], dtype=np.float64)
        points = windows[..., :: max(1, windows.shape[2] // _POINTS)].reshape(len(rows), -1)
        # Large beats differ by more: unscaled, a few of them would take most morphologies.
        points /= np.sqrt(_LEVEL_MV + np.abs(points).mean(axis=1, keepdims=True))
        count = int(np.clip(len(rows) // BEATS_EACH, 1, most))
        rng = np.random.default_rng(seed)
        _, member[rows] = kmeans2(points, count, iter=30, minit="++", seed=rng, missing="warn")
        share[place] = np.bincount(member[rows], minlength=most) / len(rows)
    return member, share
