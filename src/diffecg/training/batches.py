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
from torch import Tensor

from diffecg.config.schema import Config
from diffecg.datasets.labels import UNKNOWN
from diffecg.datasets.morphologies import Morphologies, cluster_morphologies
from diffecg.datasets.rhythm import encode_beats, parse_beats
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.training.masks import draw_masks
from diffecg.training.virtual_leads import virtual_leads

FILTER_S = 0.07
"""How far a virtual lead's filter reaches on either side, in s."""


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
            morphologies, self._morphology = cluster_morphologies(
                windows.signal_mv, self._label, config.labels, most, seed
            )
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
            signal_mv[chosen] = virtual_leads(
                rng, signal_mv[chosen], other, width, settings.virtual_lead_filter
            )
        if settings.gain > 0:
            signal_mv *= np.exp(settings.gain * rng.standard_normal((size, 1, 1))).astype(np.float32)
        hidden = rng.random(size) < settings.label_dropout
        labels = np.where(hidden, UNKNOWN, self._label[rows])
        untold = told | (rng.random(size) < settings.label_dropout)
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
        told = rng.random((len(rows), 1)) < self.config.training.rhythm_share
        told = told & (observed | (rng.random((len(rows), 1)) < 0.5))
        rhythms = [parse_beats(text) for text in self.windows.index["beats"].to_numpy()[rows]]
        return torch.from_numpy(encode_beats(rhythms, observed.shape[1], self.config.conditions.rhythm, told))


def weights(counts: Mapping[str, int], config: Config) -> dict[str, float]:
    """Return how often a window of each class is drawn, beside others: its class's count to -balance."""
    return {label: float(count) ** -config.training.balance for label, count in counts.items()}


def _other_leads(index: pd.DataFrame) -> NDArray[np.intp]:
    """Return for each window the row of the same stretch in other leads; its own where there is none.

    Windows of two leads are there in both orders, so that each is the other's.
    """
    places = pd.Series(np.arange(len(index)))
    stretch = [index["recording"].to_numpy(), index["sample"].to_numpy()]
    first, last = (places.groupby(stretch).transform(end).to_numpy() for end in ("first", "last"))
    return np.where(first == places, last, first)
