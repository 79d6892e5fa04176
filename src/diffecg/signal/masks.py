"""Boolean masks of gaps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diffecg.errors import DiffecgError

ROUNDING_S = 1e-3
"""A time may lie this far past the end: the end is rounded where it is printed."""


def gap_mask(gaps_s: Sequence[tuple[float, float]], samples: int, fs_hz: float) -> NDArray[np.bool_]:
    """Return which of ``samples`` lie in a gap, axes (time).

    Args:
        gaps_s: (from, to) of each gap, in seconds.
        samples: length of the recording.
        fs_hz: its sampling rate, in Hz.

    Raises:
        DiffecgError: a gap that is empty or lies outside the recording.
    """
    mask = np.zeros(samples, dtype=bool)
    for first, last in gaps_s:
        inside = 0 <= first < last <= samples / fs_hz + ROUNDING_S
        if not inside or round(last * fs_hz) <= round(first * fs_hz):
            raise DiffecgError(
                f"gap {first:g}:{last:g} s does not lie in the recording; choose from < to "
                f"within 0:{samples / fs_hz:.3f}"
            )
        mask[round(first * fs_hz) : round(last * fs_hz)] = True
    return mask
