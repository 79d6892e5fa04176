"""Placement and order of the windows that impute all gaps of a recording."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool


@dataclass(frozen=True, kw_only=True)
class WindowPlan:
    """A window and the segment that is taken from it."""

    start: int
    """First sample of the window; may be negative, and the window may end after the signal."""
    fill_from: int
    """First sample of the segment."""
    fill_to: int
    """Exclusive."""


def plan_windows(
    missing: Bool[np.ndarray, " time"], observed: Bool[np.ndarray, " time"], *, length: int, longest: int
) -> list[WindowPlan]:
    """Return the windows that impute all missing samples, in the order of sampling.

    Gaps of at most ``longest`` samples are centred in a window. A longer gap is imputed in segments: each is
    the end of its window and continues the segment before; the last one has observed samples on both sides. A
    long gap at the start of the signal is imputed backwards from its end. Where another lead is observed,
    each segment is centred in its window.

    Args:
        missing: True where a sample is missing in some lead.
        observed: True where a sample is observed in some lead; not False everywhere.
        length: samples of a window.
        longest: longest segment, in samples; less than ``length``.
    """
    total, remaining = len(missing), missing.copy()
    plan: list[WindowPlan] = []
    end = 0 if observed[0] else int(np.argmax(observed))
    while end > longest:
        end -= longest
        plan.append(WindowPlan(start=end, fill_from=end, fill_to=end + longest))
        remaining[end : end + longest] = False
    indices = np.flatnonzero(remaining)
    position = 0
    while (i := np.searchsorted(indices, position)) < len(indices):
        first = int(indices[i])
        position = int(indices[np.searchsorted(indices, first + longest) - 1]) + 1
        continues = position == first + longest and position < total and remaining[position]
        if continues and not observed[position]:
            start = position - length
        else:
            start = max(0, min(first - (length - (position - first)) // 2, total - length))
        plan.append(WindowPlan(start=start, fill_from=first, fill_to=position))
    return plan


def schedule_rounds(plan: list[WindowPlan], length: int) -> list[list[int]]:
    """Return the indices of windows that can be sampled together, in rounds.

    A window comes in a later round than all earlier windows whose segments it overlaps.
    """
    rounds: list[int] = []
    for window in plan:
        overlapped = [
            number
            for number, other in zip(rounds, plan, strict=False)
            if other.fill_to > window.start and other.fill_from < window.start + length
        ]
        rounds.append(1 + max(overlapped, default=-1))
    return [[i for i, r in enumerate(rounds) if r == number] for number in range(max(rounds, default=-1) + 1)]
