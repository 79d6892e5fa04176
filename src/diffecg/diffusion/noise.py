"""Noise that depends on a sample's own seed and on nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


class SeededNoise:
    """A stream of standard normal noise for each of several samples.

    Sample i's stream is a function of ``seeds[i]``: neither the batch that it is in nor its place
    there changes it. The numbers are drawn on the CPU, so that every device gets the same.
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        # Philox takes the whole seed as its key; torch's generator would drop all but 32 bits.
        self._generators = [np.random.Generator(np.random.Philox(key=int(seed))) for seed in seeds]

    def __call__(self, like: Tensor) -> Tensor:
        """Return fresh noise with the shape, type and device of ``like`` (batch …)."""
        noise = np.empty(like.shape, dtype=np.float32)
        for generator, row in zip(self._generators, noise, strict=True):
            generator.standard_normal(out=row, dtype=np.float32)
        return torch.from_numpy(noise).to(like)
