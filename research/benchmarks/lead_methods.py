"""Baselines of lead reconstruction: linear regression of samples, and the Gaussian distribution of beats."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from diffecg.config.schema import WindowConfig
from diffecg.inference.beat_windows import BeatWindows, OverlapAdd, cut_windows

Records = Float[np.ndarray, "record lead time"]
Leads = Float[np.ndarray, "lead time"]
Peaks = Callable[[Leads], Int[np.ndarray, " beat"]]
"""Returns the R peaks in the leads of a record."""

NOISE_MV = 0.03
"""Standard deviation that is added to each observed sample of the Gaussian distribution, in mV."""
MAX_GAINS = 400
"""Masks whose gains are in memory."""


class LinearRegression:
    """Each sample of the missing leads from the given leads at the same time, and at some lags.

    Args:
        records: training records, in mV, without baseline wander.
        given: rows of the given leads.
        lags: samples on either side.
    """

    def __init__(self, records: Records, given: Sequence[int], lags: int) -> None:
        self.given, self.lags = list(given), lags
        width = len(given) * (2 * lags + 1)
        inner, outer = np.zeros((width, width)), np.zeros((width, records.shape[1]))
        for record in records.astype(np.float64):
            inputs = self._inputs(record)
            inner += inputs @ inputs.T
            outer += inputs @ record.T
        self.gain = np.linalg.solve(inner + 1e-6 * np.trace(inner) / width * np.eye(width), outer)

    def __call__(self, record: Leads) -> Leads:
        """Return all leads of a record; only the given ones are looked at."""
        return self.gain.T @ self._inputs(record)

    def _inputs(self, record: Leads) -> Float[np.ndarray, "input time"]:
        padded = np.pad(record[self.given], ((0, 0), (self.lags, self.lags)), mode="edge")
        shifted = np.lib.stride_tricks.sliding_window_view(padded, record.shape[1], axis=1)
        return shifted.reshape(-1, record.shape[1])


class GaussianBeats:
    """The mean of a Gaussian distribution of beats given some leads, overlap-added on the record.

    Args:
        records: training records, in mV, without baseline wander.
        given: rows of the given leads.
        window: the windows of beats.
        peaks: returns the R peaks.
    """

    def __init__(self, records: Records, given: Sequence[int], window: WindowConfig, peaks: Peaks) -> None:
        self.given, self.window, self.peaks = list(given), window, peaks
        beats = [self._cut(record) for record in records]
        whole = np.concatenate([b.signal_mv[b.observed[:, given].all(axis=(1, 2))] for b in beats])
        flat = whole.reshape(len(whole), -1)
        self.mean = flat.mean(axis=0)
        self.covariance = np.cov(flat.T, bias=True)
        self.elsewhere = LinearRegression(records, given, 0)
        self._gains: dict[bytes, Float[np.ndarray, "sample observed"]] = {}

    def __call__(self, record: Leads) -> Leads:
        """Return all leads of a record; beside the R peaks, only the given ones are looked at."""
        beats = self._cut(record)
        seen = beats.observed.copy()
        seen[:, [row for row in range(len(record)) if row not in self.given]] = False
        canvas = OverlapAdd(record.shape[:1], record.shape[1], self.window)
        canvas.add(self._posterior_mean(beats.signal_mv, seen), beats.starts)
        return canvas.mean(self.elsewhere(record))

    def _cut(self, record: Leads) -> BeatWindows:
        return cut_windows(record, np.ones(record.shape, bool), self.peaks(record), self.window)

    def _posterior_mean(
        self, beats_mv: Float[np.ndarray, "window lead time"], seen: Bool[np.ndarray, "window lead time"]
    ) -> Float[np.ndarray, "window lead time"]:
        result = np.empty((len(beats_mv), self.mean.size))
        for row, (beat, mask) in enumerate(
            zip(beats_mv.reshape(result.shape), seen.reshape(result.shape), strict=True)
        ):
            result[row] = self.mean + self._gain(mask) @ (beat - self.mean)[mask]
        return result.reshape(beats_mv.shape)

    def _gain(self, mask: Bool[np.ndarray, " sample"]) -> Float[np.ndarray, "sample observed"]:
        """Return the gain of a mask; those of the last masks are kept."""
        key = mask.tobytes()
        if key not in self._gains:
            inner = self.covariance[np.ix_(mask, mask)] + NOISE_MV**2 * np.eye(int(mask.sum()))
            gain = np.linalg.solve(inner, self.covariance[mask]).T
            if len(self._gains) >= MAX_GAINS:
                self._gains.clear()
            self._gains[key] = gain
        return self._gains[key]
