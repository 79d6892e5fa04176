"""A recording as overlapping windows around its R peaks, and the recording of such windows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float64, Int

from diffecg.config.schema import WindowConfig


class BeatWindows(NamedTuple):
    """Windows of a recording; those at its ends reach beyond it."""

    signal_mv: Float64[np.ndarray, "window lead time"]
    """Samples in mV; zero where none is observed."""
    observed: Bool[np.ndarray, "window lead time"]
    starts: Int[np.ndarray, " window"]
    """First sample of each window in the recording; may be negative."""


def cut_windows(
    signal_mv: Float[np.ndarray, "lead time"],
    observed: Bool[np.ndarray, "lead time"],
    peaks: Int[np.ndarray, " beat"],
    window: WindowConfig,
) -> BeatWindows:
    """Return the windows around R peaks.

    Args:
        signal_mv: leads of the window, at its rate; values that are not observed are ignored.
        observed: True where a sample is observed.
        peaks: samples of the R peaks.
        window: length of the windows, and samples before the R peak.
    """
    starts = peaks - window.before
    columns = starts[:, None] + np.arange(window.length)
    inside = (columns >= 0) & (columns < signal_mv.shape[1])
    columns = np.clip(columns, 0, signal_mv.shape[1] - 1)
    seen = observed[:, columns].transpose(1, 0, 2) & inside[:, None]
    cut = signal_mv[:, columns].transpose(1, 0, 2).astype(np.float64)
    return BeatWindows(np.where(seen, cut, 0.0), seen, starts)


class OverlapAdd:
    """The overlap-add of windows on a recording, cross-faded where they overlap.

    The weight of a window falls linearly from its R peak to zero just outside it, so that the T wave of a
    beat is mostly that of its own window, and the P wave of the next one mostly that of the next.

    Args:
        shape: sizes of the axes before time, such as draws and leads.
        samples: samples of the recording.
        window: length of the windows, and samples before the R peak.
    """

    def __init__(self, shape: tuple[int, ...], samples: int, window: WindowConfig) -> None:
        time = np.arange(window.length) - window.before
        self.fade = np.where(
            time < 0, 1 + time / (window.before + 1), 1 - time / (window.length - window.before)
        )
        self.total = np.zeros((*shape, samples))
        self.weight = np.zeros(samples)

    def add(
        self, windows: Float[np.ndarray, "window *shape time"], starts: Int[np.ndarray, " window"]
    ) -> None:
        """Lay windows back.

        Args:
            windows: the windows, in any unit.
            starts: first sample of each in the recording.
        """
        samples = len(self.weight)
        for window, start in zip(windows, starts.tolist(), strict=True):
            first, stop = max(start, 0), min(start + len(self.fade), samples)
            if first < stop:
                inside = slice(first - start, stop - start)
                self.total[..., first:stop] += window[..., inside] * self.fade[inside]
                self.weight[first:stop] += self.fade[inside]

    @property
    def covered(self) -> Bool[np.ndarray, " time"]:
        """True where a window lies."""
        return self.weight > 0

    def mean(self, elsewhere: Float[np.ndarray, "*other time"]) -> Float64[np.ndarray, "*shape time"]:
        """Return the weighted mean of the windows.

        Args:
            elsewhere: values where no window lies, broadcast over the first axes.
        """
        return np.where(self.covered, self.total / np.where(self.covered, self.weight, 1), elsewhere)
