"""Synthetic windows as a PyTorch dataset."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, overload

import torch
from jaxtyping import Float32
from torch import Tensor
from torch.utils.data import Dataset

from diffecg.errors import DiffecgError
from diffecg.inference.checks import check_integer, check_labels, check_sampler
from diffecg.inference.loading import load
from diffecg.inference.model import Model
from diffecg.inference.sampling import check_options
from diffecg.inference.seeds import RandomState, derive_seed, root_seed

UNLABELLED = -1
"""Class of the windows of a model without labels."""


class SyntheticWindows(Dataset[tuple[Tensor, int]]):
    """A dataset whose windows are generated on access.

    Items are (signal in mV, axes (lead, time); index of the label in the model's ``labels``, -1 if it has
    none). Chunks of neighbouring items are generated together, so that access in order is fast and shuffling
    is slow. Each worker of a DataLoader loads the model. A slice is a dataset of the same items.

    Example:
        >>> import diffecg
        >>> data = diffecg.SyntheticWindows(count=1000, labels=("S", "F"), chunk=2, steps=2)
        >>> len(data), len(data[:10])
        (1000, 10)
        >>> signal_mv, label = data[0]
        >>> tuple(signal_mv.shape), label
        ((1, 256), 1)
    """

    def __init__(
        self,
        model: str | Path | Model = "mitbih-beat-fast",
        *,
        count: int,
        labels: Sequence[str] | None = None,
        seed: RandomState = 0,
        chunk: int = 256,
        sampler: str | None = None,
        steps: int | None = None,
        batch_size: int = 64,
        device: str | None = None,
        engine: str | None = None,
    ) -> None:
        """Create the dataset; windows are generated on access.

        Args:
            model: a bundled model, a model folder, or a loaded model.
            count: number of windows.
            labels: labels, which alternate from window to window; None: all labels of the model.
            seed: an integer, a generator of NumPy, or None (unpredictable). Windows have independent noise,
                and different seeds share none.
            chunk: number of windows that are generated together and cached.
            sampler: as for :meth:`Model.generate`.
            steps: as for :meth:`Model.generate`.
            batch_size: as for :meth:`Model.generate`.
            device: as for :func:`diffecg.load`.
            engine: as for :func:`diffecg.load`.

        Raises:
            DiffecgError: an unknown label, sampler, device or engine; count, seed, steps or batch size out of
                range.
        """
        self.source, self.device, self.engine = model, device, engine
        self.count = check_integer("count", count)
        """Number of windows, also of a slice's origin."""
        self.rows = range(self.count)
        """Numbers of the items; a slice has some of them."""
        self.chunk = check_integer("chunk", chunk)
        self.seed = root_seed(seed)
        """Seed of the dataset; see :meth:`item_seed`."""
        loaded = load(model, device, engine=engine)
        self.options = check_options(loaded.denoiser, check_sampler(sampler, steps, batch_size))
        if isinstance(labels, str) or (labels is not None and not len(labels)):
            raise DiffecgError(
                f"labels {labels!r} are not a sequence of labels; None stands for all of the model"
            )
        known = loaded.labels
        asked: Sequence[str | None] = labels or known or (None,)
        self.labels = tuple(check_labels(asked, len(asked), known, loaded.name))
        """Labels, which alternate; None for a model without labels."""
        self.classes = [UNLABELLED if label is None else known.index(label) for label in self.labels]
        self._model: Model | None = loaded
        self._cache: tuple[int, Tensor] | None = None

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> tuple[Tensor, int]: ...
    @overload
    def __getitem__(self, index: slice) -> SyntheticWindows: ...
    def __getitem__(self, index: int | slice) -> tuple[Tensor, int] | SyntheticWindows:
        """Return a window and the index of its label, or the dataset of a slice of the items."""
        if isinstance(index, slice):
            part = copy.copy(self)
            part.rows, part._model = self.rows[index], self._model
            return part
        number = self.rows[index]
        chunk, position = divmod(number, self.chunk)
        if self._cache is None or self._cache[0] != chunk:
            self._cache = chunk, self._generate(chunk * self.chunk)
        return self._cache[1][position], self.classes[number % len(self.labels)]

    def item_seed(self, index: int) -> int:
        """Return the seed of an item, with which :meth:`Model.generate` makes the same window."""
        return derive_seed(self.seed, self.rows[index])

    def __getstate__(self) -> dict[str, Any]:
        """Exclude model and cache from the copy for a worker."""
        return {**self.__dict__, "_model": None, "_cache": None}

    def _generate(self, first: int) -> Float32[Tensor, "window lead time"]:
        self._model = self._model or load(self.source, self.device, engine=self.engine)
        numbers = range(first, min(first + self.chunk, self.count))
        windows = self._model.generate(
            [self.labels[number % len(self.labels)] for number in numbers],
            len(numbers),
            [derive_seed(self.seed, number) for number in numbers],
            **self.options.sampling(),
        )
        return torch.from_numpy(windows.signal_mv)
