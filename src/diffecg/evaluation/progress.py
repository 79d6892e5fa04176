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
        self._reach(self.done + steps)

    def finish(self) -> None:
        """Count all steps that are left."""
        self._reach(self.total)

    def stage(self, steps: int, total: int) -> Progress:
        """Return the progress of a stage of ``total`` steps of its own, which count as ``steps`` of these."""
        start = self.done
        return Progress(
            total, lambda done, of: self._reach(start + (steps * done // of if done < of else steps))
        )

    def _reach(self, done: int) -> None:
        self.done = min(done, self.total)
        if self._callback is not None:
            self._callback(self.done, self.total)
