"""The generated windows of one job in a batch of jobs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from diffecg.datasets.formats.registry import write_windows
from diffecg.datasets.windows import Windows
from diffecg.service.results import rounded, write_result
from diffecg.service.tasks import BEATS, OUTPUT, WINDOWS, GenerateTask


class Generation:
    """Collects the windows of one job; clients can read them while the job runs."""

    def __init__(self, job_id: str, folder: Path, task: GenerateTask) -> None:
        self.job_id = job_id
        self.task = task
        self._folder = folder
        self._chunks: list[Windows] = []

    @property
    def seeds(self) -> range:
        """Seed of each window."""
        options = self.task.options
        return range(options.seed, options.seed + options.count)

    @property
    def done(self) -> int:
        """Number of windows so far."""
        return sum(map(len, self._chunks))

    @property
    def total(self) -> int:
        """Number of windows of the job."""
        return self.task.options.count

    def append(self, windows: Windows) -> None:
        """Add windows in the order of their seeds."""
        self._chunks.append(windows)
        with (self._folder / WINDOWS).open("ab") as file:
            file.write(windows.signal_mv.astype("<f4").tobytes())

    def write(self) -> None:
        """Write the result and the file of all windows."""
        card = write_windows(self._chunks, self._folder / OUTPUT / BEATS, count=self.total)
        signal_mv = np.concatenate([windows.signal_mv for windows in self._chunks])
        write_result(self._folder, self.task.name, {**card, "signal_mv": rounded(signal_mv)})
