"""Batches that a process draws while the network learns."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

BatchT = TypeVar("BatchT")


@dataclass(frozen=True, kw_only=True, eq=False)
class SeededBatch(Generic[BatchT]):
    """A batch and the seed of its noise."""

    batch: BatchT
    noise_seed: int


@dataclass(frozen=True, kw_only=True, eq=False)
class SeededBatches(Dataset[SeededBatch[BatchT]], Generic[BatchT]):
    """The batches of a run, by the number of samples seen before.

    A batch follows from the seed and that number, so that it is the same in any process.
    """

    draw: Callable[[np.random.Generator, int], BatchT]
    """Draws a batch, given a generator and the number of samples seen."""
    seed: int
    """Seed of the run."""

    def __getitem__(self, seen: int) -> SeededBatch[BatchT]:
        """Return the batch after ``seen`` samples."""
        rng = np.random.default_rng([self.seed, seen])
        batch = self.draw(rng, seen)
        return SeededBatch(batch=batch, noise_seed=int(rng.integers(2**62)))


@contextmanager
def batches_ahead(
    batches: SeededBatches[BatchT], seen: range, *, use_process: bool
) -> Iterator[Iterator[SeededBatch[BatchT]]]:
    """Yield an iterator over the batches of a run, in order.

    Args:
        batches: the batches.
        seen: the numbers of samples seen before each.
        use_process: whether a process draws each batch while the network learns from the one before, where
            PyTorch may use several threads: with one of them less. Processes are forked, so only on Linux.
    """
    threads = torch.get_num_threads()
    workers = int(use_process and threads > 1 and sys.platform == "linux")
    loader = DataLoader(
        batches,
        batch_size=None,
        sampler=seen,
        num_workers=workers,
        multiprocessing_context="fork" if workers else None,
        generator=torch.Generator(),  # its seeds for processes do not come from the global one
    )
    torch.set_num_threads(threads - workers)
    try:
        yield iter(loader)
    finally:
        torch.set_num_threads(threads)
