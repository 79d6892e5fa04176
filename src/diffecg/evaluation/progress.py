"""Progress of a long evaluation."""

from __future__ import annotations

from collections.abc import Callable

ProgressCallback = Callable[[int, int], None]
"""Called with the number of finished steps and the number of all steps."""


class Progress:
    """Counts finished steps and reports them."""

    def __init__(self, total: int, callback: ProgressCallback | None = None) -> None:
        """Start at zero.

        Args:
            total: number of steps.
            callback: called after each step.
        """
        self.done = 0
        self.total = total
        self._callback = callback

    def advance(self, steps: int = 1) -> None:
        """Count further steps."""
        self.done = min(self.done + steps, self.total)
        if self._callback is not None:
            self._callback(self.done, self.total)
