"""Partitions of windows that have none: by subject, where subjects are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

import numpy as np

from diffecg.datasets.splits import SUBJECT_SHARES
from diffecg.datasets.windows import PARTITIONS, Windows
from diffecg.errors import DiffecgError

BY = ("subject", "recording")
"""Columns of the index by which windows are partitioned, the first that there is."""


def assign_partitions(windows: Windows, shares: Sequence[float] = SUBJECT_SHARES) -> tuple[Windows, str]:
    """Return windows with a column ``partition``, and a note on how they were partitioned.

    All windows of a subject are in one partition; where subjects are unknown, all of a recording, and where
    recordings are unknown, too, windows are partitioned one by one. Subjects are put in the order of the
    SHA-256 of their names and divided by the shares, with at least one in each partition.

    Args:
        windows: windows of any set.
        shares: shares of the subjects for training, validation and testing; a share of 0 leaves a partition
            out.

    Raises:
        DiffecgError: fewer subjects, or windows, than partitions.
    """
    column = next((name for name in BY if name in windows.index), None)
    groups = (
        np.arange(len(windows)).astype(np.str_)
        if column is None
        else windows.index[column].astype(str).to_numpy(dtype=np.str_)
    )
    names = sorted(set(groups.tolist()), key=lambda name: sha256(name.encode()).digest())
    partition = dict(zip(names, _divide(len(names), shares, column or "window"), strict=True))
    index = windows.index.assign(partition=[partition[name] for name in groups.tolist()])
    number = ", ".join(f"{list(partition.values()).count(name)} {name}" for name in PARTITIONS)
    note = f"partitions were assigned by {column or 'window'}: {number}"
    if column is None:
        note += "; windows of one subject may be in several partitions: state subjects to avoid it"
    return replace(windows, index=index), note


def _divide(count: int, shares: Sequence[float], what: str) -> list[str]:
    """Return the partition of each of ``count`` groups, in order."""
    wanted = np.array(shares, dtype=float)
    if count < np.count_nonzero(wanted):
        raise DiffecgError(
            f"{count} {what}(s) cannot be divided into {np.count_nonzero(wanted)} partitions; use windows of "
            "more subjects, or add a column 'partition' with train, validation and test"
        )
    sizes = np.diff(np.round(np.cumsum(wanted) / wanted.sum() * count).astype(int), prepend=0)
    for empty in np.flatnonzero((wanted > 0) & (sizes == 0)):
        sizes[sizes.argmax()] -= 1
        sizes[empty] = 1
    return [name for name, size in zip(PARTITIONS, sizes, strict=True) for _ in range(size)]
