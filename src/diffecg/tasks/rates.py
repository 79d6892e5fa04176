"""From a recording's rate to a model's and back, with gaps."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from diffecg.data.windows import rate_ratio


def bridged(row: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return ``row`` (time) with straight lines over its gaps, so that resampling does not ring.

    A row of nothing but gaps becomes zero.
    """
    known = ~np.isnan(row)
    if not known.any():
        return np.zeros(len(row))
    time = np.arange(len(row))
    line: NDArray[np.float64] = np.interp(time, time[known], row[known].astype(np.float64))
    return line


def resample_mask(missing: NDArray[np.bool_], fs_hz: float, to_hz: float) -> NDArray[np.bool_]:
    """Return which samples (lead time) at another rate lie on or beside missing ones."""
    if fs_hz == to_hz:
        return missing
    length = math.ceil(missing.shape[1] * rate_ratio(fs_hz, to_hz))
    ratio = fs_hz / to_hz
    before = np.clip(np.floor((np.arange(length) - 0.5) * ratio).astype(int), 0, None)
    after = np.ceil((np.arange(length) + 0.5) * ratio).astype(int) + 1
    counts = np.pad(np.cumsum(missing, axis=1), ((0, 0), (1, 0)))
    last = missing.shape[1]
    touched: NDArray[np.bool_] = counts[:, np.minimum(after, last)] > counts[:, np.minimum(before, last)]
    return touched


def fit_length(signal: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Return ``signal`` (… time) cut, or continued by its last value, to ``length`` samples."""
    short = max(length - signal.shape[-1], 0)
    padding = [(0, 0)] * (signal.ndim - 1) + [(0, short)]
    return np.pad(signal, padding, mode="edge")[..., :length]
