"""Gaps in seconds and the boolean masks of their samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from diffecg.errors import DiffecgError

TOLERANCE_S = 1e-3
"""A gap may end this far past the last sample, because durations are printed with three decimals."""


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A time interval of a recording, in seconds from its first sample."""

    start_s: float
    stop_s: float
    """Exclusive."""

    def __str__(self) -> str:
        """Return the interval as the command line takes it, such as ``12:12.8``."""
        return f"{self.start_s:g}:{self.stop_s:g}"


def gap_mask(gaps: Sequence[Gap], samples: int, fs_hz: float) -> Bool[np.ndarray, " time"]:
    """Return a mask that is True within the gaps.

    Args:
        gaps: the gaps; they may overlap.
        samples: number of samples of the recording.
        fs_hz: sampling rate, in Hz.

    Raises:
        DiffecgError: a gap is empty or not within the recording.
    """
    mask = np.zeros(samples, dtype=bool)
    duration_s = samples / fs_hz
    for gap in gaps:
        inside = 0 <= gap.start_s < gap.stop_s <= duration_s + TOLERANCE_S
        if not inside or round(gap.stop_s * fs_hz) <= round(gap.start_s * fs_hz):
            raise DiffecgError(
                f"gap {gap} s is empty or not within the recording; give start:stop, in seconds, "
                f"0 <= start < stop <= {duration_s:.3f}"
            )
        mask[round(gap.start_s * fs_hz) : round(gap.stop_s * fs_hz)] = True
    return mask
