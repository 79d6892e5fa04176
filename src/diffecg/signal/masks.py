"""Time intervals, and the boolean masks of their samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from diffecg.errors import DiffecgError

TOLERANCE_S = 1e-3
"""An interval may end this far past the last sample, because durations are printed with three decimals."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A time interval of a recording, in seconds from its first sample; ``stop_s`` is exclusive."""

    start_s: float
    stop_s: float
    lead: str | None = None
    """The lead that it is an interval of; default: all leads that are chosen."""

    def __str__(self) -> str:
        """Return the interval as the command line takes it, such as ``12:12.8``."""
        return f"{self.start_s:g}:{self.stop_s:g}"


def interval_mask(intervals: Sequence[Interval], samples: int, fs_hz: float) -> Bool[np.ndarray, " time"]:
    """Return a mask that is True within the intervals.

    Args:
        intervals: the intervals; they may overlap.
        samples: number of samples of the recording.
        fs_hz: sampling rate, in Hz.

    Raises:
        DiffecgError: an interval is empty or not within the recording.
    """
    mask = np.zeros(samples, dtype=bool)
    duration_s = samples / fs_hz
    for interval in intervals:
        inside = 0 <= interval.start_s < interval.stop_s <= duration_s + TOLERANCE_S
        if not inside or round(interval.stop_s * fs_hz) <= round(interval.start_s * fs_hz):
            raise DiffecgError(
                f"interval {interval} s is empty or not within the recording; give start:stop, in seconds, "
                f"0 <= start < stop <= {duration_s:.3f}"
            )
        mask[round(interval.start_s * fs_hz) : round(interval.stop_s * fs_hz)] = True
    return mask
