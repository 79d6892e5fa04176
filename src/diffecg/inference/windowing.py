"""Which windows to draw, and in which order, so that all gaps of a recording get filled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class WindowPlan:
    """One window and the stretch that is taken from it."""

    start: int
    """First sample of the window, which may reach past both ends of the signal."""
    fill_from: int
    """First sample taken."""
    fill_to: int
    """Sample after the last one taken."""


def plan_windows(
    missing: NDArray[np.bool_], seen: NDArray[np.bool_], *, length: int, most: int
) -> list[WindowPlan]:
    """Return the windows that fill all missing samples, in the order in which they are to be drawn.

    What lies within ``most`` samples is filled at once, centred. A longer gap is filled piece by piece: each
    is the end of its window and continues what came before it; the last one sees both sides. A long gap at
    the signal's start, before which nothing came, is filled from its end backwards. Where another lead is
    seen, each piece is in the middle of its window.

    Args:
        missing: (time,), True = to be filled in some lead.
        seen: (time,), True = some lead is observed; it must be, somewhere.
        length: samples in a window.
        most: samples that are filled at once, less than ``length``.
    """
    total, rest = len(missing), missing.copy()
    steps: list[WindowPlan] = []
    end = 0 if seen[0] else int(np.argmax(seen))
    while end > most:
        end -= most
        steps.append(WindowPlan(end, end, end + most))
        rest[end : end + most] = False
    where = np.flatnonzero(rest)
    position = 0
    while (at := np.searchsorted(where, position)) < len(where):
        first = int(where[at])
        position = int(where[np.searchsorted(where, first + most) - 1]) + 1
        if position == first + most and position < total and rest[position] and not seen[position]:
            start = position - length
        else:
            start = max(0, min(first - (length - (position - first)) // 2, total - length))
        steps.append(WindowPlan(start, first, position))
    return steps


def schedule_rounds(steps: list[WindowPlan], length: int) -> list[list[int]]:
    """Return the steps' numbers in rounds: a step comes after all earlier ones whose stretch it sees."""
    turn: list[int] = []
    for step in steps:
        seen = [
            done
            for done, other in zip(turn, steps, strict=False)
            if other.fill_to > step.start and other.fill_from < step.start + length
        ]
        turn.append(1 + max(seen, default=-1))
    return [[i for i, t in enumerate(turn) if t == r] for r in range(max(turn, default=-1) + 1)]
