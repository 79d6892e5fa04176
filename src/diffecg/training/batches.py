"""Training batches: windows with an observation mask, a label and a morphology.

A batch follows from the random generator that it is drawn with, so that a resumed run sees the batches that
an uninterrupted one would have seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from diffecg.config.schema import Config
from diffecg.datasets.labels import UNKNOWN
from diffecg.datasets.morphologies import Morphologies, cluster_morphologies
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.training.masks import draw_masks


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

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.labels)

    def select(self, rows: slice, device: str | torch.device) -> Batch:
        """Return some of the windows, on a device."""
        return Batch(
            signal_mv=self.signal_mv[rows].to(device),
            observed=self.observed[rows].to(device),
            labels=self.labels[rows],
            morphologies=self.morphologies[rows],
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
            DiffecgError: Windows have several labels each.
        """
        if "labels" in windows.index:
            raise DiffecgError(
                "the windows have several labels each, and a model is trained on one; keep one in the column "
                "'label' and remove the column 'labels' (Windows.drop_columns)"
            )
        self.windows = windows
        self.config = config
        self._labels = windows.labels
        weights = label_weights(Counter(self._labels.tolist()) if counts is None else counts, config)
        weight = np.array([weights[label] for label in self._labels])
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
        observed = draw_masks(rng, size, signal_mv.shape[1], signal_mv.shape[2], training.tasks)
        is_generation = ~np.any(observed, axis=(1, 2))
        if training.gain_log_std > 0:
            log_gain = training.gain_log_std * rng.standard_normal((size, 1, 1))
            signal_mv *= np.exp(log_gain).astype(np.float32)
        label_dropped = rng.random(size) < training.label_dropout
        morphology_dropped = ~is_generation | (rng.random(size) < training.label_dropout)
        return Batch(
            signal_mv=torch.from_numpy(signal_mv),
            observed=torch.from_numpy(observed),
            labels=np.where(label_dropped, UNKNOWN, self._labels[rows]).tolist(),
            morphologies=np.where(morphology_dropped, -1, self.morphology[rows]).tolist(),
        )


def label_weights(counts: Mapping[str, int], config: Config) -> dict[str, float]:
    """Return the sampling weight of a window of each label: the label's count to the power -balance."""
    return {label: float(count) ** -config.training.balance for label, count in counts.items()}
