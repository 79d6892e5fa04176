"""Nearest neighbours of windows in another set, by the root mean square of their difference."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int

_CHUNK = 512


def nearest(
    windows: Float[np.ndarray, "window feature"], others: Float[np.ndarray, "other feature"]
) -> tuple[Float[np.ndarray, " window"], Int[np.ndarray, " window"]]:
    """Return the distance of each window to its nearest neighbour in another set, in mV, and its number."""
    return kth_nearest(windows, others, 1)


def kth_nearest(
    windows: Float[np.ndarray, "window feature"], others: Float[np.ndarray, "other feature"], k: int
) -> tuple[Float[np.ndarray, " window"], Int[np.ndarray, " window"]]:
    """Return the distance of each window to its k-th neighbour in another set, in mV, and its number."""
    a, b = (torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32)) for x in (windows, others))
    distances = (torch.cdist(a[i : i + _CHUNK], b) for i in range(0, len(a), _CHUNK))
    chunks = [d.min(dim=1) if k == 1 else d.kthvalue(k, dim=1) for d in distances]
    values, numbers = (torch.cat(parts).numpy() for parts in zip(*chunks, strict=True))
    return values / a.shape[1] ** 0.5, numbers
