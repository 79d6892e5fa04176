"""Synthetic windows as a PyTorch dataset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float32
from torch import Tensor
from torch.utils.data import Dataset

from diffecg.errors import DiffecgError
from diffecg.inference.checks import check_integer, check_seeds
from diffecg.inference.loading import load
from diffecg.inference.model import Model


class SyntheticWindows(Dataset[tuple[Tensor, int]]):
    """A dataset whose windows are generated on access; item i has the seed ``seed + i``.

    Items are (signal in mV, axes (lead, time); index of the label in the model's ``labels``). Chunks of
    neighbouring items are generated together, so that access in order is fast and shuffling is slow. Each
    worker of a DataLoader loads the model.

    Example:
        >>> import diffecg
        >>> data = diffecg.SyntheticWindows(count=1000, labels=("S", "F"), chunk=2, steps=2)
        >>> len(data)
        1000
        >>> signal_mv, label = data[0]
        >>> tuple(signal_mv.shape), label
        ((1, 256), 1)
    """

    def __init__(
        self,
        model: str | Path = "mitbih-beat-fast",
        *,
        count: int,
        labels: Sequence[str] | None = None,
        seed: int = 0,
        chunk: int = 256,
        sampler: str | None = None,
        steps: int | None = None,
        batch_size: int = 64,
    ) -> None:
        """Create the dataset; windows are generated on access.

        Args:
            model: a bundled model or a model folder.
            count: number of windows.
            labels: labels, which alternate from window to window; None: all labels of the model.
            seed: seed of the first window.
            chunk: number of windows that are generated together and cached.
            sampler: as for :meth:`Model.generate`.
            steps: as for :meth:`Model.generate`.
            batch_size: as for :meth:`Model.generate`.

        Raises:
            DiffecgError: an unknown label; count or seed out of range.
        """
        self.name, self.sampler, self.steps, self.batch_size = model, sampler, steps, batch_size
        self.count = check_integer("count", count)
        self.chunk = check_integer("chunk", chunk)
        self.seeds = check_seeds(seed, self.count)
        known = load(model).labels
        self.labels = tuple(labels or known)
        """Labels, which alternate."""
        unknown = [label for label in self.labels if label not in known]
        if unknown or not known:
            raise DiffecgError(
                f"unknown label {unknown[:1]} for the model {model}; choose from {', '.join(known)}"
            )
        self.classes = [known.index(label) for label in self.labels]
        self._model: Model | None = None
        self._cache: tuple[int, Tensor] | None = None

    def __len__(self) -> int:
        """Return the number of windows."""
        return self.count

    def __getitem__(self, index: int) -> tuple[Float32[Tensor, "lead time"], int]:
        """Return a window and the index of its label."""
        if not -self.count <= index < self.count:
            raise IndexError(index)
        index %= self.count
        number = index // self.chunk
        if self._cache is None or self._cache[0] != number:
            self._cache = number, self._generate(number * self.chunk)
        return self._cache[1][index % self.chunk], self.classes[index % len(self.labels)]

    def __getstate__(self) -> dict[str, Any]:
        """Exclude model and cache from the copy for a worker."""
        return {**self.__dict__, "_model": None, "_cache": None}

    def _generate(self, first: int) -> Float32[Tensor, "window lead time"]:
        self._model = self._model or load(self.name)
        count = min(self.chunk, self.count - first)
        labels = [self.labels[(first + i) % len(self.labels)] for i in range(count)]
        windows = self._model.generate(
            labels,
            count,
            self.seeds[first],
            sampler=self.sampler,
            steps=self.steps,
            batch_size=self.batch_size,
        )
        return torch.from_numpy(windows.signal_mv)
