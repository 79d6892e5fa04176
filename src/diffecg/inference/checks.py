"""What users may give to the tasks, checked in one place."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diffecg.errors import DiffecgError
from diffecg.inference.sampling import Sampling

MOST_SEED = 2**63 - 1


def as_signal(signal_mv: ArrayLike) -> NDArray[np.floating]:
    """Return a signal (time) or (lead, time) as floats.

    Raises:
        DiffecgError: it is none.
    """
    try:
        signal = np.asarray(signal_mv)
        if not np.issubdtype(signal.dtype, np.floating):
            signal = signal.astype(np.float64, casting="same_kind")
    except (TypeError, ValueError):
        raise DiffecgError("the signal is no array of numbers (time) or (lead, time), in mV") from None
    if signal.ndim not in (1, 2) or signal.shape[-1] < 1:
        raise DiffecgError(f"a signal of shape {signal.shape} is neither (time) nor (lead, time), in mV")
    return signal


def check_integer(name: str, value: Any, least: int = 1) -> int:
    """Return a value as an integer.

    Raises:
        DiffecgError: it is not an integer, or below ``least``.
    """
    try:
        number = index(value)
    except TypeError:
        raise DiffecgError(f"{name} {value!r} is not an integer") from None
    if number < least:
        raise DiffecgError(f"{name} {number} must be at least {least}")
    return number


def sampling_of(sampler: str | None, steps: int | None, batch_size: int) -> Sampling:
    """Return how to sample.

    Raises:
        DiffecgError: steps or batch size are no whole numbers above zero.
    """
    return Sampling(
        sampler=sampler,
        steps=None if steps is None else check_integer("steps", steps),
        batch_size=check_integer("batch_size", batch_size),
    )


def seed_range(seed: int | Sequence[int], count: int) -> Sequence[int]:
    """Return ``count`` seeds from ``seed`` on, or those that are given.

    Raises:
        DiffecgError: they are out of range, or not as many.
    """
    if isinstance(seed, Sequence):
        if len(seed) != count:
            raise DiffecgError(f"{len(seed)} seeds for a count of {count}; give one a window")
        return [seed_range(one, 1)[0] for one in seed]
    first = check_integer("seed", seed, least=0)
    if first > MOST_SEED - count:
        raise DiffecgError(f"seed {first} must be 0 to {MOST_SEED - count}")
    return range(first, first + count)
