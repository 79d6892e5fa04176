"""Training batches: windows with an observation mask, labels and numbers.

A batch follows from the random generator that it is drawn with, so that a resumed run sees the batches that
an uninterrupted one would have seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from diffecg.config.schema import Config
from diffecg.datasets.morphologies import Morphologies, cluster_morphologies
from diffecg.datasets.windows import Windows
from diffecg.training.checks import check_number_of_labels
from diffecg.training.conditions import WindowConditions
from diffecg.training.masks import draw_masks


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Training windows and what the network is conditioned on."""

    signal_mv: Float[Tensor, "batch lead time"]
    observed: Bool[Tensor, "batch lead time"]
    """True = shown to the network."""
    labels: Float[Tensor, "batch row"]
    """Labels and morphology of each window, see :class:`~diffecg.datasets.label_code.LabelCode`."""
    numbers: Float[Tensor, "batch number"]
    """Numbers of each window; NaN = unknown."""

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.signal_mv)

    def select(self, rows: slice, device: str | torch.device) -> Batch:
        """Return some of the windows, on a device."""
        return Batch(
            signal_mv=self.signal_mv[rows].to(device),
            observed=self.observed[rows].to(device),
            labels=self.labels[rows].to(device),
            numbers=self.numbers[rows].to(device),
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
            DiffecgError: Windows have several labels each, and the model has one.
        """
        check_number_of_labels(windows, config)
        self.windows = windows
        self.config = config
        self._labels = windows.labels
        self._conditions = WindowConditions.of(windows, config)
        weight = self._conditions.weights(windows.counts() if counts is None else counts, config)
        self._cumulative_weight = np.cumsum(weight) / weight.sum()
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
        observed = draw_masks(
            rng,
            size,
            signal_mv.shape[1],
            signal_mv.shape[2],
            training.tasks,
            lead_reconstruction=training.lead_reconstruction,
        )
        is_generation = ~np.any(observed, axis=(1, 2))
        if training.gain_log_std > 0:
            log_gain = training.gain_log_std * rng.standard_normal((size, 1, 1))
            signal_mv *= np.exp(log_gain).astype(np.float32)
        label_dropped = rng.random(size) < training.label_dropout
        morphology_dropped = ~is_generation | (rng.random(size) < training.label_dropout)
        morphology = np.where(morphology_dropped, -1, self.morphology[rows])
        labels = self._conditions.draw_labels(rng, rows, label_dropped, morphology, training.label_dropout)
        return Batch(
            signal_mv=torch.from_numpy(signal_mv),
            observed=torch.from_numpy(observed),
            labels=torch.from_numpy(labels),
            numbers=torch.from_numpy(self._conditions.draw_numbers(rng, rows, training.label_dropout)),
        )
