r"""Reproducible noise: every sample of a batch has its own stream of random numbers.

Samplers need standard normal noise, :math:`\epsilon \sim \mathcal{N}(0, I)`, for their starting point and, if
they are stochastic, at every step. With a single generator for the whole batch, a sample would depend on the
batch size and on its position in the batch. Here sample :math:`i` has a counter-based generator whose key is
its seed, so that the :math:`k`-th noise tensor of a sample is a function of the seed and of :math:`k` alone.
Generators run on the CPU, which makes the noise identical on all devices.

References:
    | Parallel Random Numbers: As Easy as 1, 2, 3 (Salmon et al., 2011)
    | https://doi.org/10.1145/2063384.2063405
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor


class SeededNoise:
    """Standard normal noise from an independent stream per sample.

    Args:
        seeds: The seed of each sample, non-negative integers below 2**128.
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        # Philox uses the whole seed as its key; torch.Generator keeps only 32 bits of it.
        self._generators = [np.random.Generator(np.random.Philox(key=int(seed))) for seed in seeds]

    def __call__(self, like: Float[Tensor, " batch *shape"]) -> Float[Tensor, " batch *shape"]:
        r"""Draw :math:`\epsilon \sim \mathcal{N}(0, I)` with the shape, dtype and device of ``like``."""
        noise = np.empty(like.shape, dtype=np.float32)
        for generator, sample in zip(self._generators, noise, strict=True):
            generator.standard_normal(out=sample, dtype=np.float32)
        return torch.from_numpy(noise).to(like)
