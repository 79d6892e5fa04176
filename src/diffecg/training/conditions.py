"""What training windows are conditioned on, and the random dropping of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Float32, Int

from diffecg.config.schema import Config
from diffecg.datasets.label_code import LabelCode
from diffecg.datasets.windows import WEIGHT, Windows

KEPT_SHARE = 0.5
"""Probability of keeping each label of a window of which some labels are dropped."""


@dataclass(frozen=True, kw_only=True, eq=False)
class WindowConditions:
    """Labels and numbers of windows, encoded once for all batches."""

    code: LabelCode
    labels: Float32[np.ndarray, "window row"]
    """Weight of each row of the code for each window, without morphologies."""
    numbers: Float32[np.ndarray, "window number"]
    """Numbers of each window; NaN = unknown."""
    names: list[list[str]]
    """Labels of each window as text."""
    sampling_weight: Float[np.ndarray, " window"]
    """Column ``weight`` of the index: how often a window is drawn relative to others; 1 without it."""

    @classmethod
    def of(cls, windows: Windows, config: Config) -> WindowConditions:
        """Return the conditions of windows."""
        code, columns = LabelCode.of(config), config.conditions.numbers
        names = windows.all_labels
        labels = code.encode(names if code.several else [label for [label] in names])
        numbers = [
            windows.index[name] if name in windows.index else np.full(len(windows), np.nan)
            for name in columns
        ]
        return cls(
            code=code,
            labels=labels,
            numbers=np.array(numbers, dtype=np.float32).reshape(len(columns), len(windows)).T,
            names=names,
            sampling_weight=windows.index.get(WEIGHT, pd.Series(np.ones(len(windows)))).to_numpy(np.float64),
        )

    def weights(self, counts: Mapping[str, int], config: Config) -> Float[np.ndarray, " window"]:
        """Return the sampling weight of each window: the largest of its labels' weights, times its own.

        Args:
            counts: Number of windows of each label in the whole training set.
            config: The settings.
        """
        weights = label_weights(counts, config)
        of_labels = [max((weights[label] for label in labels), default=1.0) for labels in self.names]
        return np.array(of_labels) * self.sampling_weight

    def draw_labels(
        self,
        rng: np.random.Generator,
        rows: Int[np.ndarray, " batch"],
        dropped: Bool[np.ndarray, " batch"],
        morphology: Int[np.ndarray, " batch"],
        partial: float,
    ) -> Float32[np.ndarray, "batch row"]:
        """Return the labels of some windows, after dropping some of them.

        Args:
            rng: Random generator.
            rows: The windows.
            dropped: True where nothing is known of a window's labels.
            morphology: Morphology of each window within its label; -1 if it has none or it is dropped.
            partial: Probability of dropping some of a window's several labels.
        """
        labels = self.labels[rows]
        if self.code.several:
            some = rng.random(len(rows)) < partial
            kept = rng.random(labels.shape) < KEPT_SHARE
            labels = np.where(some[:, None] & ~kept, 0, labels)
            labels[some, 0] = 1
        else:
            index = labels.argmax(axis=1)
            labels = np.zeros_like(labels)
            labels[np.arange(len(rows)), np.where(index > 0, index + 1 + morphology, 0)] = 1
        labels[dropped] = 0
        labels[dropped, 0] = 1
        return labels.astype(np.float32)

    def draw_numbers(
        self, rng: np.random.Generator, rows: Int[np.ndarray, " batch"], dropout: float
    ) -> Float32[np.ndarray, "batch number"]:
        """Return the numbers of some windows; with a probability all of them, or each, are dropped.

        Args:
            rng: Random generator.
            rows: The windows.
            dropout: The probability.
        """
        numbers = self.numbers[rows]
        if not numbers.size:
            return numbers
        lost = (rng.random((len(rows), 1)) < dropout) | (rng.random(numbers.shape) < dropout)
        return np.where(lost, np.nan, numbers).astype(np.float32)


def label_weights(counts: Mapping[str, int], config: Config) -> dict[str, float]:
    """Return the sampling weight of a window of each label: the label's count to the power -balance."""
    return {label: float(count) ** -config.training.balance for label, count in counts.items()}
