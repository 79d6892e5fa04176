"""Training batches: windows with an observation mask, a label, a morphology and a rhythm.

A batch follows from the random generator that it is drawn with, so that a resumed run sees the batches that
an uninterrupted one would have seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from diffecg.config.schema import Config
from diffecg.datasets.labels import UNKNOWN
from diffecg.datasets.morphologies import Morphologies, cluster_morphologies
from diffecg.datasets.rhythm import encode_rhythm, parse_beats
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.training.masks import draw_masks
from diffecg.training.virtual_leads import virtual_leads

FILTER_RADIUS_S = 0.07
"""Extent of a virtual lead's filter on either side, in s."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Training windows and what the network is conditioned on."""

    signal_mv: Float[Tensor, "batch lead time"]
    observed: Bool[Tensor, "batch lead time"]
    """True = shown to the network."""
    labels: list[str]
    """Label of each window; ``?`` where it is dropped."""
    morphologies: list[int]
    """Morphology of each window within its label; -1 where it is dropped."""
    rhythm_channels: Float[Tensor, "batch rhythm_channel time"] | None = None
    """Rhythm that the network is conditioned on; None for models without rhythm condition."""

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.labels)

    def select(self, rows: slice, device: str | torch.device) -> Batch:
        """Return some of the windows, on a device."""
        rhythm = self.rhythm_channels
        return Batch(
            signal_mv=self.signal_mv[rows].to(device),
            observed=self.observed[rows].to(device),
            labels=self.labels[rows],
            morphologies=self.morphologies[rows],
            rhythm_channels=None if rhythm is None else rhythm[rows].to(device),
        )


class BatchSource:
    """Draws training batches from windows."""

    def __init__(
        self,
        windows: Windows,
        config: Config,
        counts: Mapping[str, int] | None = None,
        morphologies: Morphologies | None = None,
    ) -> None:
        """Draw from ``windows``.

        Args:
            windows: All training windows, or those of some shards.
            config: The settings.
            counts: Number of windows of each label in the whole training set; None: in ``windows``.
            morphologies: Morphologies of the labels; None: those of ``windows``.

        Raises:
            DiffecgError: The settings need annotated beats, and the windows have none; or windows have
                several labels each.
        """
        if "labels" in windows.index:
            raise DiffecgError(
                "the windows have several labels each, and a model is trained on one; keep one in the column "
                "'label' and remove the column 'labels' (Windows.drop_columns)"
            )
        if config.conditions.rhythm and "beats" not in windows.index:
            raise DiffecgError(
                f"the windows have no column 'beats', which the preset {config.name!r} needs; "
                "prepare them with this version of diffecg"
            )
        self.windows = windows
        self.config = config
        self._labels = windows.labels
        weights = label_weights(Counter(self._labels.tolist()) if counts is None else counts, config)
        weight = np.array([weights[label] for label in self._labels])
        self._cumulative_weight = np.cumsum(weight) / weight.sum()
        self._other_lead = _rows_of_other_leads(windows.index)
        if morphologies is None:
            self.morphologies, self.morphology = cluster_morphologies(
                windows.signal_mv,
                self._labels,
                config.labels,
                config.conditions.morphologies,
                config.training.seed,
            )
        else:
            self.morphologies = morphologies
            self.morphology = morphologies.assign(windows.signal_mv, self._labels)

    def batch(self, rng: np.random.Generator, size: int) -> Batch:
        """Draw ``size`` windows with a mask and conditions for each."""
        # The order of the random draws is part of a run's reproducibility.
        training = self.config.training
        last = len(self.windows) - 1
        rows = np.searchsorted(self._cumulative_weight, rng.random(size)).clip(max=last)
        signal_mv = self.windows.signal_mv[rows].astype(np.float32)
        observed = draw_masks(rng, size, signal_mv.shape[1], signal_mv.shape[2], training.tasks)
        is_generation = ~np.any(observed, axis=(1, 2))
        signal_mv = self._augment(rng, signal_mv, rows, is_generation)
        label_dropped = rng.random(size) < training.label_dropout
        morphology_dropped = ~is_generation | (rng.random(size) < training.label_dropout)
        return Batch(
            signal_mv=torch.from_numpy(signal_mv),
            observed=torch.from_numpy(observed),
            labels=np.where(label_dropped, UNKNOWN, self._labels[rows]).tolist(),
            morphologies=np.where(morphology_dropped, -1, self.morphology[rows]).tolist(),
            rhythm_channels=self._rhythm_channels(rng, rows, observed),
        )

    def _augment(
        self,
        rng: np.random.Generator,
        signal_mv: Float[np.ndarray, "batch lead time"],
        rows: Int[np.ndarray, " batch"],
        is_generation: Bool[np.ndarray, " batch"],
    ) -> Float[np.ndarray, "batch lead time"]:
        """Replace some windows by virtual leads, and apply random gains."""
        training = self.config.training
        is_virtual = ~is_generation & (rng.random(len(rows)) < training.virtual_leads)
        if is_virtual.any():
            signal_mv[is_virtual] = virtual_leads(
                rng,
                signal_mv[is_virtual],
                self.windows.signal_mv[self._other_lead[rows[is_virtual]]],
                radius=round(FILTER_RADIUS_S * self.windows.fs_hz),
                filter_std=training.virtual_lead_filter_std,
            )
        if training.gain_log_std > 0:
            log_gain = training.gain_log_std * rng.standard_normal((len(rows), 1, 1))
            signal_mv *= np.exp(log_gain).astype(np.float32)
        return signal_mv

    def _rhythm_channels(
        self,
        rng: np.random.Generator,
        rows: Int[np.ndarray, " batch"],
        observed: Bool[np.ndarray, "batch lead time"],
    ) -> Float[Tensor, "batch rhythm_channel time"] | None:
        """Encode all beats of some windows, the beats in observed samples of others, and none of the rest."""
        labels = self.config.conditions.rhythm
        if not labels:
            return None
        has_rhythm = rng.random((len(rows), 1)) < self.config.training.rhythm_probability
        in_full = rng.random((len(rows), 1)) < 0.5
        conditioned = has_rhythm & (observed.any(axis=1) | in_full)
        beats = [parse_beats(text) for text in self.windows.index["beats"].to_numpy()[rows]]
        return torch.from_numpy(encode_rhythm(beats, observed.shape[2], labels, conditioned))


def label_weights(counts: Mapping[str, int], config: Config) -> dict[str, float]:
    """Return the sampling weight of a window of each label: the label's count to the power -balance."""
    return {label: float(count) ** -config.training.balance for label, count in counts.items()}


def _rows_of_other_leads(index: pd.DataFrame) -> Int[np.ndarray, " window"]:
    """Return for each window the row with the same interval in another lead, or its own row.

    Windows of two leads occur in both orders; each is then the other's.
    """
    if not {"recording", "sample"} <= set(index):
        return np.arange(len(index))
    rows = pd.Series(np.arange(len(index)))
    interval = [index["recording"].to_numpy(), index["sample"].to_numpy()]
    first, last = (rows.groupby(interval).transform(end).to_numpy() for end in ("first", "last"))
    return np.where(first == rows, last, first)
