"""Morphologies: clusters of similar beats within a label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Int, Shaped
from scipy.cluster.vq import kmeans2, vq

MIN_BEATS = 50
"""A label has at most one morphology for this many beats."""
_POINTS = 64
_SCALE_MV = 0.25


@dataclass(frozen=True, kw_only=True, eq=False)
class Morphologies:
    """The clusters of each label."""

    centres: dict[str, Float[np.ndarray, "_ point"]]
    """Cluster centres of each label."""
    share: Float32[np.ndarray, "label morphology"]
    """Share of a label's beats in each morphology."""

    def assign(
        self, signal_mv: Float[np.ndarray, "window lead time"], labels: Shaped[np.ndarray, " window"]
    ) -> Int[np.ndarray, " window"]:
        """Return the morphology with the nearest centre for each window; -1 for labels without morphologies.

        Args:
            signal_mv: windows, in mV.
            labels: label of each window.
        """
        member = np.full(len(labels), -1, dtype=np.intp)
        for label, centres in self.centres.items():
            rows = np.flatnonzero(labels == label)
            if rows.size:
                member[rows] = vq(_features(signal_mv[rows]), centres)[0]
        return member


def cluster_morphologies(
    signal_mv: Float[np.ndarray, "window lead time"],
    labels: Shaped[np.ndarray, " window"],
    clustered: Sequence[str],
    count: int,
    seed: int,
) -> tuple[Morphologies, Int[np.ndarray, " window"]]:
    """Cluster the windows of each label by k-means with k-means++ (Arthur and Vassilvitskii 2007).

    Args:
        signal_mv: windows, in mV.
        labels: label of each window.
        clustered: the labels to cluster, in order.
        count: largest number of morphologies of a label.
        seed: seed of the initial centres.

    Returns:
        The morphologies, and the morphology of each window (-1 for other labels).
    """
    member = np.full(len(labels), -1, dtype=np.intp)
    share = np.zeros((len(clustered), count), dtype=np.float32)
    centres: dict[str, Float[np.ndarray, "_ point"]] = {}
    for row, label in enumerate(clustered):
        windows = np.flatnonzero(labels == label)
        if not (windows.size and count):
            continue
        features = _features(signal_mv[windows])
        clusters = int(np.clip(len(windows) // MIN_BEATS, 1, count))
        rng = np.random.default_rng(seed)
        centres[label], member[windows] = kmeans2(
            features, clusters, iter=30, minit="++", seed=rng, missing="warn"
        )
        share[row] = np.bincount(member[windows], minlength=count) / len(windows)
    return Morphologies(centres=centres, share=share), member


def _features(signal_mv: Float[np.ndarray, "window lead time"]) -> Float[np.ndarray, "window point"]:
    """Return the samples to cluster: about 64 of each lead, scaled."""
    windows = np.asarray(signal_mv, dtype=np.float64)
    features = windows[..., :: max(1, windows.shape[2] // _POINTS)].reshape(len(windows), -1)
    # Without scaling, a few beats of large amplitude would form most of the clusters.
    features /= np.sqrt(_SCALE_MV + np.abs(features).mean(axis=1, keepdims=True))
    return features
