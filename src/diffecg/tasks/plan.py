"""Which windows to draw, and in which order, so that all gaps of a recording get filled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CORE = 0.6
"""Most of a window that is filled at once, as a share of it."""
AHEAD = 0.1
"""What follows the filled part of a window inside a longer gap, as a share of the window."""


@dataclass(frozen=True)
class Step:
    """One window and the stretch that is taken from it."""

    start: int
    """First sample of the window; the window may run past the signal's end."""
    fill_from: int
    """First sample taken."""
    fill_to: int
    """Sample after the last one taken."""


def plan_windows(missing: NDArray[np.bool_], length: int) -> list[Step]:
    """Return the windows that fill all missing samples, in the order of time.

    Gaps that fit into a window's core together are filled at once, centred. A longer gap is filled
    piece by piece, each continuing what was filled before.

    Args:
        missing: (time,), True = to be filled.
        length: samples in a window.
    """
    total, core = len(missing), max(int(length * CORE), 1)
    where = np.flatnonzero(missing)
    if total <= length and where.size:
        return [Step(0, int(where[0]), int(where[-1]) + 1)]
    steps: list[Step] = []
    position = 0
    while (at := np.searchsorted(where, position)) < len(where):
        first = int(where[at])
        last = int(where[np.searchsorted(where, first + core) - 1])
        continues = last == first + core - 1 and last + 1 < total and bool(missing[last + 1])
        if continues:
            start = last + 1 + int(length * AHEAD) - length
        else:
            start = first - (length - (last + 1 - first)) // 2
        start = max(0, min(start, total - length))
        steps.append(Step(start, first, last + 1))
        position = last + 1
    return steps


def rounds(steps: list[Step]) -> list[list[int]]:
    """Return the steps' numbers in rounds: a step comes after all those whose stretch it sees."""
    turn: list[int] = []
    for i, step in enumerate(steps):
        shown = [turn[j] for j in range(i) if steps[j].fill_to > step.start]
        turn.append(1 + max(shown, default=-1))
    return [[i for i, t in enumerate(turn) if t == r] for r in range(max(turn, default=-1) + 1)]
