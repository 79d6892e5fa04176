"""Seeds of independent noise, from integers or the random states of NumPy and scikit-learn.

A seed is turned into those of its parts (draws, windows, leads) by hashing. Different seeds, and different
parts of one seed, share nothing; ``seed + i`` would make part 1 of seed 0 part 0 of seed 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import index
from zlib import crc32

import numpy as np
from jaxtyping import Int

from diffecg.errors import DiffecgError

MAX_SEED = 2**63 - 1
"""Seeds are stored as int64."""

RandomState = int | np.random.RandomState | np.random.Generator | None
"""An integer, a generator of NumPy that an integer is drawn from, or None: unpredictable."""

Seeds = RandomState | Iterable[int]
"""A random state, or the seed of each part."""


def derive_seed(seed: int, *part: int) -> int:
    """Return the seed of a part of what a seed determines.

    Args:
        seed: the seed of the whole.
        part: the numbers of the part, such as those of a window and a lead.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=part)
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))


def root_seed(random_state: RandomState, name: str = "seed") -> int:
    """Return an integer seed; a generator is advanced, the global one is never used.

    Args:
        random_state: an integer, a generator of NumPy, or None.
        name: what it is called in messages.

    Raises:
        DiffecgError: another type, or an integer out of range.
    """
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1, np.uint64)[0] >> np.uint64(1))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(MAX_SEED))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(MAX_SEED, dtype=np.int64))
    try:
        seed = index(random_state)
    except TypeError:
        raise DiffecgError(
            f"{name} {random_state!r} is not an integer; give 0 to {MAX_SEED}, a Generator or RandomState of "
            "NumPy, or None"
        ) from None
    if not 0 <= seed <= MAX_SEED:
        raise DiffecgError(f"{name} {seed} must be 0 to {MAX_SEED}")
    return seed


def draw_seeds(seed: Seeds, draws: int) -> tuple[int, ...]:
    """Return the seed of each draw.

    Args:
        seed: a random state, or the seeds themselves, such as :attr:`diffecg.Imputation.seeds`.
        draws: number of draws.

    Raises:
        DiffecgError: a seed is out of range, or there are not ``draws`` of them.
    """
    if isinstance(seed, Iterable) and not isinstance(seed, str):
        seeds = tuple(root_seed(one) for one in seed)
        if len(seeds) != draws:
            raise DiffecgError(f"{len(seeds)} seeds for {draws} draws; give one for each draw")
        return seeds
    root = root_seed(seed)
    return tuple(derive_seed(root, draw) for draw in range(draws))


def spread_seeds(seed: Seeds, draws: int) -> tuple[int, ...]:
    """Return the seed of each draw, evenly spread over all seeds and in random order.

    Where a seed stands for one of n alternatives, as for a gap's analogues, n draws take each of them once.

    Args:
        seed: as for :func:`draw_seeds`; seeds that are given are taken as they are.
        draws: number of draws.

    Raises:
        DiffecgError: as for :func:`draw_seeds`.
    """
    if isinstance(seed, Iterable) and not isinstance(seed, str):
        return draw_seeds(seed, draws)
    rng = np.random.default_rng(root_seed(seed))
    step = (MAX_SEED + 1) // draws
    offset = int(rng.integers(step))
    return tuple(int(place) * step + offset for place in rng.permutation(draws))


def choose_alternatives(seeds: Sequence[int], count: int, key: bytes) -> Int[np.ndarray, " draw"]:
    """Return which of ``count`` alternatives each seed stands for.

    Equal parts of the range of seeds stand for each alternative, in an order that follows from the key, so
    that it differs from gap to gap.
    """
    order = np.random.default_rng(crc32(key)).permutation(count)
    return order[[min(count * seed // (MAX_SEED + 1), count - 1) for seed in seeds]]
