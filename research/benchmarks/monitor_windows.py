"""Windows of several signals of a monitor, as networks see them: one column for each signal, normalised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64

from diffecg.datasets.recording_set import RecordingSet
from diffecg.signal.kinds import signal_kind
from research.benchmarks.monitor_cases import LEAST_SD
from research.rivals.imputation_networks import WindowFormat
from research.rivals.imputers import normalisation
from research.rivals.network_training import Batch

COLUMNS = ("ecg", "ecg", "ppg", "pressure", "respiration")
"""Kind of each column; the signals of a kind are in the order of the recording."""
SAMPLES = 896
GAPS_S = (0.25, 5.0)
"""Shortest and longest gap of training."""
LEAST_OBSERVED_S = 0.25
"""A signal with less than this in a window is missing from it."""
FORECASTS, ALL_MISSING = 0.25, 0.25
"""Shares of forecasts and of gaps in all signals; the other gaps are in a random choice of the signals."""
BATCH = 8

Columns = Float32[np.ndarray, "time column"]


def monitor_windows(fs_hz: float) -> WindowFormat:
    """Return the format of the windows at a sampling rate."""
    return WindowFormat(samples=SAMPLES, fs_hz=fs_hz, kinds=COLUMNS)


@dataclass(frozen=True, kw_only=True, eq=False)
class Scale:
    """Level and spread of each column of a window, NaN where the signal is missing."""

    level: Float64[np.ndarray, " column"]
    spread: Float64[np.ndarray, " column"]

    @classmethod
    def of(cls, visible: Columns, fs_hz: float) -> Scale:
        """Return level and spread of what is visible in a window (NaN = missing).

        The spread is at least that which the benchmark asks of a signal.
        """
        observed = np.isfinite(visible)
        scale = np.full((2, len(COLUMNS)), np.nan)
        for column, kind in enumerate(COLUMNS):
            if observed[:, column].sum() >= LEAST_OBSERVED_S * fs_hz:
                least = LEAST_SD * signal_kind(kind).smallest_sd
                scale[:, column] = normalisation(visible[:, column], observed[:, column], least)
        return cls(level=scale[0], spread=scale[1])

    def normalise(self, signal: Columns) -> Columns:
        """Return a window in units of the spread, relative to the level."""
        return ((signal - self.level) / self.spread).astype(np.float32)

    def restore(
        self, signal: Float[np.ndarray, "*draw time column"]
    ) -> Float64[np.ndarray, "*draw time column"]:
        """Return the inverse of :meth:`normalise`."""
        return signal * self.spread + self.level


def in_columns(signal: Float32[np.ndarray, "lead time"], kinds: Sequence[str]) -> Columns:
    """Return signals in the columns of their kinds; NaN where there is no signal of the kind.

    Args:
        signal: signals, in the units of their kinds.
        kinds: kind of each signal; of several of a kind, the first ones get the columns.
    """
    columns = np.full((signal.shape[1], len(COLUMNS)), np.nan, np.float32)
    free = list(range(len(COLUMNS)))
    for lead, kind in enumerate(kinds):
        column = next((column for column in free if COLUMNS[column] == kind), None)
        if column is not None:
            free.remove(column)
            columns[:, column] = signal[lead]
    return columns


def draw_batch(recordings: RecordingSet, rng: np.random.Generator) -> Batch:
    """Return windows of random recordings with gaps in one or several signals, and forecasts.

    Args:
        recordings: recordings of at least :data:`SAMPLES` samples.
        rng: random generator.
    """
    shape = (BATCH, SAMPLES, len(COLUMNS))
    signal = np.zeros(shape, np.float32)
    observed, hidden = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    for i in range(BATCH):
        recording = recordings.recording(int(rng.integers(len(recordings))))
        start = int(rng.integers(recording.signal.shape[1] - SAMPLES + 1))
        window = in_columns(recording.signal[:, start : start + SAMPLES], recording.kinds)
        visible = np.where(_draw_gap(rng, window, recordings.fs_hz), np.nan, window)
        normalised = Scale.of(visible, recordings.fs_hz).normalise(window)
        known = np.isfinite(normalised)
        observed[i] = known & np.isfinite(visible)
        hidden[i] = known & ~observed[i]
        signal[i] = np.where(known, normalised, 0.0)
    return Batch(signal=signal, observed=observed, hidden=hidden)


def _draw_gap(rng: np.random.Generator, window: Columns, fs_hz: float) -> Bool[np.ndarray, "time column"]:
    """Return the mask of a gap: in the middle, or for a forecast at the end, where an imputer has it."""
    length = round(np.exp(rng.uniform(*np.log(GAPS_S))) * fs_hz)
    task = rng.random()
    start = SAMPLES - length if task < FORECASTS else (SAMPLES - length) // 2
    columns = np.ones(len(COLUMNS), dtype=bool)
    if task >= FORECASTS + ALL_MISSING:
        columns = rng.random(len(COLUMNS)) < 0.5
        present = np.flatnonzero(np.isfinite(window).any(axis=0))
        if len(present):
            columns[rng.choice(present)] = True
    time = np.arange(SAMPLES)
    return ((time >= start) & (time < start + length))[:, None] & columns
