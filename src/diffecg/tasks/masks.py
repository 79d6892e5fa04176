"""Gaps and masks. Masks are boolean; in ``observed``, True = known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diffecg.errors import DiffecgError

ROUNDING_S = 1e-3
"""A time may lie this far past the end: the end is rounded where it is printed."""


def parse_gap(text: str) -> tuple[float, float]:
    """Return (from, to) in seconds for a text like ``12.0:12.8``.

    Raises:
        DiffecgError: the text is no such pair of times.
    """
    try:
        first, last = (float(part) for part in text.split(":"))
    except ValueError:
        raise DiffecgError(f"gap {text!r} is not from:to in seconds, as 12.0:12.8") from None
    return first, last


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


def parse_times(text: str | None) -> list[tuple[float, str]] | None:
    """Return the beats of a text such as ``0.5:N 1.3:V``: time in s and label of each.

    Raises:
        DiffecgError: it is not of that form.
    """
    if text is None:
        return None
    beats = []
    for beat in text.split():
        time_s, _, label = beat.partition(":")
        try:
            beats.append((float(time_s), label))
        except ValueError:
            raise DiffecgError(f'rhythm {beat!r} is not of the form "0.5:N 1.3:V"') from None
    return beats
