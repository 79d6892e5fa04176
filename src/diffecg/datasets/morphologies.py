"""The morphologies of a class: groups of beats that look alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2, vq

BEATS_EACH = 50
"""A class has at most one morphology for so many beats."""
_POINTS = 64
_LEVEL_MV = 0.25


@dataclass(frozen=True)
class Morphologies:
    """What the classes are divided into."""

    centres: dict[str, NDArray[np.float64]]
    """The mean beat of each, for each class: (morphology, point)."""
    share: NDArray[np.float32]
    """Share of a class's beats that each has: (label, morphology)."""

    def of(self, signal_mv: NDArray[np.floating], labels: NDArray[np.str_]) -> NDArray[np.intp]:
        """Return the morphology of windows (window lead time), in mV: the nearest centre's, -1 = none."""
        member = np.full(len(labels), -1, dtype=np.intp)
        for label, centres in self.centres.items():
            rows = np.flatnonzero(labels == label)
            if rows.size:
                member[rows] = vq(_points(signal_mv[rows]), centres)[0]
        return member


def cluster_morphologies(
    signal_mv: NDArray[np.floating], labels: NDArray[np.str_], wanted: Sequence[str], most: int, seed: int
) -> tuple[Morphologies, NDArray[np.intp]]:
    """Return the morphologies of classes, and that of each window (window,), -1 = none.

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
    centres: dict[str, NDArray[np.float64]] = {}
    for place, label in enumerate(wanted):
        rows = np.flatnonzero(labels == label)
        if not (rows.size and most):
            continue
        points = _points(signal_mv[rows])
        count = int(np.clip(len(rows) // BEATS_EACH, 1, most))
        rng = np.random.default_rng(seed)
        centres[label], member[rows] = kmeans2(points, count, iter=30, minit="++", seed=rng, missing="warn")
        share[place] = np.bincount(member[rows], minlength=most) / len(rows)
    return Morphologies(centres, share), member


def _points(signal_mv: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return what is compared of windows (window lead time): (window, point)."""
    windows = np.asarray(signal_mv, dtype=np.float64)
    points = windows[..., :: max(1, windows.shape[2] // _POINTS)].reshape(len(windows), -1)
    # Large beats differ by more: unscaled, a few of them would take most morphologies.
    points /= np.sqrt(_LEVEL_MV + np.abs(points).mean(axis=1, keepdims=True))
    return points
