"""What the network trains on: a function of (seed, step) and of nothing else.

So a run that was stopped goes on with the very batches that it would have seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.signal import fftconvolve
from torch import Tensor

from diffecg.config import Config
from diffecg.data.labels import UNKNOWN
from diffecg.data.morphologies import Morphologies, divide
from diffecg.data.rhythm import from_text, rhythm_track
from diffecg.data.store import Windows
from diffecg.errors import DiffecgError

LONGEST_GAP = 0.6
"""Longest gap of the imputation task, as a share of the window."""
FILTER_S = 0.07
"""How far a virtual lead's filter reaches on either side, in s."""
MOST_GAPS = 3
"""Most gaps in a window of the imputation task."""


class Batch(NamedTuple):
    """Windows with a task each."""

    signal_mv: Tensor
    """(batch lead time), in mV."""
    observed: Tensor
    """(batch lead time), True = shown to the network."""
    labels: list[str]
    """Class of each window, ``?`` where hidden."""
    morphologies: list[int]
    """That of each window within its class, -1 where hidden."""
    track: Tensor | None
    """Beats that are told (batch label+1 time); None for models that take no rhythm."""

    def share(self, rows: slice, device: str) -> Batch:
        """Return some of the windows, on a device."""
        return Batch(
            self.signal_mv[rows].to(device),
            self.observed[rows].to(device),
            self.labels[rows],
            self.morphologies[rows],
            None if self.track is None else self.track[rows].to(device),
        )


class BatchSource:
    """Draws batches from windows."""

    def __init__(
        self,
        windows: Windows,
        config: Config,
        counts: Mapping[str, int] | None = None,
        morphologies: Morphologies | None = None,
    ) -> None:
        """Draw from ``windows``.

        Args:
            windows: all of them, or a part of more.
            config: the settings.
            counts: windows of each class in all; None: in ``windows``.
            morphologies: of the classes; None: those of ``windows``.
        """
        self.windows = windows
        self.config = config
        self._label = windows.index["label"].to_numpy(dtype=np.str_)
        of_class = weights(Counter(self._label.tolist()) if counts is None else counts, config)
        weight = np.array([of_class[label] for label in self._label])
        self._cumulative = np.cumsum(weight) / weight.sum()
        self._other_lead = _other_leads(windows.index)
        if morphologies is None:
            most, seed = config.conditions.morphologies, config.training.seed
            morphologies, self._morphology = divide(windows.signal_mv, self._label, config.labels, most, seed)
        else:
            self._morphology = morphologies.of(windows.signal_mv, self._label)
        self.morphologies = morphologies
        if config.conditions.rhythm and "beats" not in windows.index:
            raise DiffecgError("the windows do not tell their beats; prepare them again")

    def batch(self, rng: np.random.Generator, size: int) -> Batch:
        """Return ``size`` windows, each with its task."""
        settings = self.config.training
        rows = np.searchsorted(self._cumulative, rng.random(size)).clip(max=len(self._label) - 1)
        signal_mv = self.windows.signal_mv[rows].astype(np.float32)
        observed = draw_masks(rng, size, signal_mv.shape[1], signal_mv.shape[2], settings.tasks)
        shown = np.any(observed, axis=1)
        told = shown.any(axis=1)
        chosen = told & (rng.random(size) < settings.virtual_leads)
        if chosen.any():
            other = self.windows.signal_mv[self._other_lead[rows[chosen]]]
            width = round(FILTER_S * self.windows.fs_hz)
            signal_mv[chosen] = virtual_leads(rng, signal_mv[chosen], other, width, settings.filter)
        if settings.gain > 0:
            signal_mv *= np.exp(settings.gain * rng.standard_normal((size, 1, 1))).astype(np.float32)
        hidden = rng.random(size) < settings.unknown_label
        labels = np.where(hidden, UNKNOWN, self._label[rows])
        untold = told | (rng.random(size) < settings.unknown_label)
        morphologies = np.where(untold, -1, self._morphology[rows])
        return Batch(
            torch.from_numpy(signal_mv),
            torch.from_numpy(observed),
            labels.tolist(),
            morphologies.tolist(),
            self._track(rng, rows, shown) if self.config.conditions.rhythm else None,
        )

    def _track(self, rng: np.random.Generator, rows: NDArray[np.intp], observed: NDArray[np.bool_]) -> Tensor:
        """Return what is told of the windows' beats: nothing, all, or those where the signal is observed."""
        told = rng.random((len(rows), 1)) < self.config.training.rhythm
        told = told & (observed | (rng.random((len(rows), 1)) < 0.5))
        rhythms = [from_text(text) for text in self.windows.index["beats"].to_numpy()[rows]]
        return torch.from_numpy(rhythm_track(rhythms, observed.shape[1], self.config.conditions.rhythm, told))


def weights(counts: Mapping[str, int], config: Config) -> dict[str, float]:
    """Return how often a window of each class is drawn, beside others: its class's count to -balance."""
    return {label: float(count) ** -config.training.balance for label, count in counts.items()}


def virtual_leads(
    rng: np.random.Generator,
    signal_mv: NDArray[np.float32],
    other_mv: NDArray[np.float32],
    width: int,
    strength: float,
) -> NDArray[np.float32]:
    """Return windows (batch lead time) as leads elsewhere on other bodies would show them.

    Each lead is a random combination of two, cos(a) one + sin(a) other, passed through a random filter of
    its own: a unit impulse plus white noise under a Hann window. Shapes change, rhythm does not.

    Args:
        rng: source of randomness.
        signal_mv: (batch lead time), in mV.
        other_mv: the same stretches in other leads, of the same shape.
        width: of the filter on either side, in samples.
        strength: standard deviation of the noise.
    """
    angle = rng.uniform(0, 2 * np.pi, (*signal_mv.shape[:2], 1))
    mixed = np.cos(angle) * signal_mv + np.sin(angle) * other_mv
    window = np.hanning(2 * width + 3)[1:-1]
    taps = strength * window * rng.standard_normal((*signal_mv.shape[:2], 2 * width + 1))
    taps[..., width] += 1
    padded = np.pad(mixed, ((0, 0), (0, 0), (width, width)), mode="edge")
    filtered: NDArray[np.float32] = fftconvolve(padded, taps, mode="valid", axes=-1).astype(np.float32)
    return filtered


def _other_leads(index: pd.DataFrame) -> NDArray[np.intp]:
    """Return for each window the row of the same stretch in other leads; its own where there is none.

    Windows of two leads are there in both orders, so that each is the other's.
    """
    places = pd.Series(np.arange(len(index)))
    stretch = [index["record"].to_numpy(), index["sample"].to_numpy()]
    first, last = (places.groupby(stretch).transform(end).to_numpy() for end in ("first", "last"))
    return np.where(first == places, last, first)


def draw_masks(
    rng: np.random.Generator, size: int, leads: int, length: int, tasks: tuple[float, float, float]
) -> NDArray[np.bool_]:
    """Return a random mask (batch lead time), True = observed, for each of ``size`` samples.

    Of several leads, a third of the samples hide the same of all, a third something of one lead only (all
    of it, where the task is generation: a lead to be drawn from the others), a third something else of each.

    Args:
        rng: source of randomness.
        size: number of samples.
        leads: leads of a sample.
        length: samples in a window.
        tasks: shares of generation (nothing observed), imputation (all but one to three gaps, their
            lengths log-uniform) and forecasting (the first part, its length uniform).
    """
    if leads > 1:
        flat = draw_masks(rng, size * leads, 1, length, tasks)
        each = flat.reshape(size, leads, length)
        kind, only = rng.integers(3, size=(size, 1, 1)), rng.integers(leads, size=(size, 1, 1))
        elsewhere = np.arange(leads)[:, None] != only
        return np.select([kind == 0, kind == 1], [each[:, :1], each | elsewhere], each)
    task = np.searchsorted(np.cumsum(tasks) / sum(tasks), rng.random(size), side="right")
    time = np.arange(length)
    shortest = min(4, length)
    gaps = np.exp(rng.uniform(np.log(shortest), np.log(LONGEST_GAP * length), (size, MOST_GAPS)))
    number = rng.integers(1, MOST_GAPS + 1, size)
    start = rng.uniform(-gaps / 2, length - gaps / 2)
    inside = (time >= start[..., None]) & (time < (start + np.maximum(gaps, 1))[..., None])
    missing = (inside & (np.arange(MOST_GAPS) < number[:, None])[..., None]).any(axis=1)
    cut = rng.integers(max(length // 10, 1), length, size)
    past = time < cut[:, None]
    mask: NDArray[np.bool_] = np.select([(task == 1)[:, None], (task == 2)[:, None]], [~missing, past], False)
    return mask[:, None]
