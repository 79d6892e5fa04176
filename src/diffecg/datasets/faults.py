"""Windows that cannot be used: samples that are not finite, and flat leads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

_CHUNK = 4096


@dataclass(frozen=True, kw_only=True, eq=False)
class Faults:
    """Which windows have a fault; a window has at most one."""

    not_finite: Bool[np.ndarray, " window"]
    """True where a sample is NaN or infinite."""
    constant: Bool[np.ndarray, " window"]
    """True where all samples of a lead are equal."""

    @property
    def usable(self) -> Bool[np.ndarray, " window"]:
        """True for windows without a fault."""
        return ~(self.not_finite | self.constant)


def find_faults(signal: Float[np.ndarray, "window channel time"]) -> Faults:
    """Return which windows have a fault; memory-mapped windows are read in chunks."""
    not_finite, constant = np.zeros(len(signal), dtype=bool), np.zeros(len(signal), dtype=bool)
    for first in range(0, len(signal), _CHUNK):
        rows = slice(first, first + _CHUNK)
        chunk = np.asarray(signal[rows])
        not_finite[rows] = ~np.isfinite(chunk).all(axis=(1, 2))
        constant[rows] = ~not_finite[rows] & (np.ptp(chunk, axis=2) == 0).any(axis=1)
    return Faults(not_finite=not_finite, constant=constant)
