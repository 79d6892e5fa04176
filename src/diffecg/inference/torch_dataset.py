"""Synthetic windows for PyTorch, made as they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from diffecg.errors import DiffecgError
from diffecg.inference.checks import check_integer, seed_range
from diffecg.inference.loading import load
from diffecg.inference.model import Model


class SyntheticWindows(Dataset[tuple[Tensor, int]]):
    """Windows that a model draws when they are asked for: item i is that of the seed ``seed + i``.

    Items are (signal in mV (lead, time), class as the model's ``labels`` count them). Neighbours are drawn
    together: going in order is quick, shuffling is not. Workers of a DataLoader load the model themselves.

    Example:
        >>> data = SyntheticWindows(count=1000, labels=("S", "F"))
        >>> len(data)
        1000
    """

    def __init__(
        self,
        model: str | Path = "mitbih-beat-fast",
        *,
        count: int,
        labels: Sequence[str] | None = None,
        seed: int = 0,
        chunk: int = 256,
        **settings: Any,
    ) -> None:
        """Describe the set; nothing is drawn yet.

        Args:
            model: a bundled model or a model folder.
            count: number of windows.
            labels: classes, which take turns; None: all that the model knows.
            seed: seed of the first window.
            chunk: windows that are drawn together and kept.
            **settings: as for :meth:`Model.generate`: sampler, steps, …

        Raises:
            DiffecgError: an unknown label; a count or seed out of range.
        """
        self.name, self.settings = model, settings
        self.count: int = check_integer("count", count)
        self.chunk: int = check_integer("chunk", chunk)
        self.seeds = seed_range(seed, self.count)
        known = load(model).labels
        self.labels = tuple(labels or known)
        """Classes that take turns."""
        unknown = [label for label in self.labels if label not in known]
        if unknown or not known:
            raise DiffecgError(
                f"unknown label {unknown[:1]} for the model {model}; choose of {', '.join(known)}"
            )
        self.classes = [known.index(label) for label in self.labels]
        self._model: Model | None = None
        self._kept: tuple[int, Tensor] | None = None

    def __len__(self) -> int:
        """Return the number of windows."""
        return self.count

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """Return a window and its class."""
        if not -self.count <= index < self.count:
            raise IndexError(index)
        index %= self.count
        number = index // self.chunk
        if self._kept is None or self._kept[0] != number:
            self._kept = number, self._drawn(number * self.chunk)
        return self._kept[1][index % self.chunk], self.classes[index % len(self.labels)]

    def __getstate__(self) -> dict[str, Any]:
        """Leave the model and what it drew behind: workers have their own."""
        return {**self.__dict__, "_model": None, "_kept": None}

    def _drawn(self, first: int) -> Tensor:
        self._model = self._model or load(self.name)
        places = range(first, min(first + self.chunk, self.count))
        labels = [self.labels[place % len(self.labels)] for place in places]
        made = self._model.generate(labels, len(labels), self.seeds[first], **self.settings)
        return torch.from_numpy(made.signal_mv)
