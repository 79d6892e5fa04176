"""Labels as weights of the rows of an embedding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int

from diffecg.config.schema import Config
from diffecg.datasets.labels import SEPARATOR

Labels = str | Sequence[str] | None
"""The labels of a window: one label, or several as in ``MI+AFIB``, of which nothing else is known; a sequence
of all labels; None: nothing is known."""


@dataclass(frozen=True, kw_only=True)
class LabelCode:
    """The rows of an embedding of labels.

    Row 0 stands for "there may be other labels". Each label has a row, followed by those of its morphologies.
    """

    labels: tuple[str, ...]
    morphologies: int = 0
    """Number of morphologies of each label."""
    several: bool = False
    """Whether a window has any number of labels; else it has one, which is all."""

    @classmethod
    def of(cls, config: Config) -> LabelCode:
        """Return the code of a model's labels."""
        conditions = config.conditions
        return cls(
            labels=config.labels, morphologies=conditions.morphologies, several=conditions.several_labels
        )

    @property
    def rows(self) -> int:
        """Number of rows."""
        return 1 + len(self.labels) * (1 + self.morphologies)

    def row(self, label: str) -> int:
        """Return the row of a label."""
        return 1 + self.labels.index(label) * (1 + self.morphologies)

    def encode(
        self, labels: Sequence[Labels], morphologies: Sequence[int] | None = None
    ) -> Float32[np.ndarray, "window {self.rows}"]:
        """Return the weight of each row for each window: 1 for what it has, 0 else.

        Labels that the code does not have count as unknown.

        Args:
            labels: labels of each window.
            morphologies: morphology of each window within its label; -1 if unknown; None: all unknown.
        """
        weights = np.zeros((len(labels), self.rows), dtype=np.float32)
        if not self.several:
            weights[np.arange(len(labels)), self._single_rows(labels, morphologies)] = 1
            return weights
        first = {label: self.row(label) for label in self.labels}
        for row, label in zip(weights, labels, strict=True):
            names = label.split(SEPARATOR) if isinstance(label, str) else label or ()
            row[[first[name] for name in names if name in first]] = 1
            row[0] = label is None or isinstance(label, str)
        return weights

    def _single_rows(
        self, labels: Sequence[Labels], morphologies: Sequence[int] | None
    ) -> Int[np.ndarray, " window"]:
        first = {label: self.row(label) for label in self.labels}
        pairs = zip(labels, morphologies or [-1] * len(labels), strict=True)
        return np.array(
            [first[label] + 1 + m if isinstance(label, str) and label in first else 0 for label, m in pairs],
            dtype=np.int64,
        )
