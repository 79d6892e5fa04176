"""Runs of True in a mask."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool


def true_runs(mask: Bool[np.ndarray, " time"]) -> list[tuple[int, int]]:
    """Return the runs of True in a mask as pairs (first sample, sample after the last)."""
    edges = np.flatnonzero(np.diff(np.pad(mask, 1).astype(np.int8)))
    return [(int(first), int(stop)) for first, stop in edges.reshape(-1, 2)]
