"""Prepared windows in shards, read as they are needed: more than memory holds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diffecg.config.io import window_config
from diffecg.datasets.cutting import prepared_windows
from diffecg.datasets.parquet import from_parquet
from diffecg.datasets.shards import Store
from diffecg.datasets.windows import Windows, concatenate
from diffecg.errors import DiffecgError

_SHARDS_SAMPLED = 64


class WindowStream:
    """What ``diffecg bulk prepare`` wrote.

    Attributes:
        info: database, split, class map and window settings.
        fingerprint: a number that tells these windows from others.
        marks: what is noted of each shard.
    """

    def __init__(self, url: str) -> None:
        self._store = Store(url)
        about, manifest = self._store.opened()
        if "window" not in about:
            raise DiffecgError(f"{url} holds synthetic windows; prepared ones, of recordings, are needed")
        self.info = about
        self.marks: list[dict[str, object]] = manifest["shards"]
        self.fingerprint: str = manifest["sha256"]
        self.window = window_config(about["window"])
        self._shape = (len(self.window.leads), self.window.length)

    @cached_property
    def counts(self) -> dict[str, pd.DataFrame]:
        """Windows of each part: a row a shard, a column a class."""
        marks: list[dict[str, dict[str, int]]] = [mark["counts"] for mark in self.marks]  # type: ignore[misc]
        parts = sorted({part for counts in marks for part, of in counts.items() if sum(of.values())})
        return {
            part: pd.DataFrame([counts.get(part, {}) for counts in marks]).fillna(0).astype(int)
            for part in parts
        }

    def read(self, places: Sequence[int], partition: str | None = None) -> Windows:
        """Return the windows of some shards, of one part or of all.

        Raises:
            DiffecgError: a shard is missing or spoilt.
        """
        signals, tables = [np.empty((0, *self._shape), np.float32)], []
        for place in places:
            signal_mv, index = from_parquet(self._store.content(self.marks[place]), self._shape)
            rows = (
                np.ones(len(index), bool) if partition is None else index["partition"].to_numpy() == partition
            )
            signals.append(signal_mv[rows])
            tables.append(index[rows])
        index = pd.concat(tables, ignore_index=True)
        return prepared_windows(np.concatenate(signals), self.window, index, self.info)

    def sample(self, partition: str, most: int) -> Windows:
        """Return at most ``most`` windows of a part, evenly from all its shards, or from many of them.

        Raises:
            DiffecgError: there is no window in that part.
        """
        if partition not in self.counts:
            parts = ", ".join(self.counts) or "none at all"
            raise DiffecgError(f"no windows in the partition {partition!r}; there are {parts}")
        places = np.flatnonzero(self.counts[partition].sum(axis=1))
        places = places[_evenly(len(places), _SHARDS_SAMPLED)]
        each = math.ceil(most / len(places))
        return concatenate([self._some(place, partition, each) for place in places.tolist()])

    def _some(self, place: int, partition: str, most: int) -> Windows:
        windows = self.read([place], partition)
        return windows.take(_evenly(len(windows), most))

    def load(self) -> Windows:
        """Return all windows, in memory."""
        return self.read(range(len(self.marks)))


def _evenly(count: int, most: int) -> NDArray[np.intp]:
    """Return at most ``most`` of ``count`` places, at even distances."""
    return np.linspace(0, count - 1, min(most, count)).astype(np.intp)
