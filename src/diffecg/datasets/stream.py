"""Prepared windows in shards, read shard by shard: for sets larger than memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pandas as pd
from jaxtyping import Int

from diffecg.config.io import window_config
from diffecg.datasets.concatenation import concatenate
from diffecg.datasets.cutting import prepared_windows
from diffecg.datasets.parquet import from_parquet
from diffecg.datasets.shards import Entry, ShardStore
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError

_MAX_SAMPLED_SHARDS = 64


class WindowStream:
    """The windows that ``diffecg bulk prepare`` wrote.

    Args:
        url: path or URL of the set.

    Attributes:
        info: provenance: database, split, label map and window settings.
        window: the window settings.
        entries: manifest entry of each shard.
        fingerprint: SHA-256 of all shards, which identifies the set.
    """

    def __init__(self, url: str) -> None:
        self._store = ShardStore(url)
        self.info, manifest = self._store.open()
        if "window" not in self.info:
            raise DiffecgError(
                f"{url} holds synthetic windows; choose a set written by: diffecg bulk prepare"
            )
        self.entries: list[Entry] = manifest["shards"]
        self.fingerprint: str = manifest["sha256"]
        self.window = window_config(self.info["window"])

    @cached_property
    def counts(self) -> dict[str, pd.DataFrame]:
        """Number of windows of each partition: one row for each shard, one column for each label."""
        counts: list[dict[str, dict[str, int]]] = [entry["partitions"] for entry in self.entries]
        partitions = sorted(
            {name for shard in counts for name, labels in shard.items() if sum(labels.values())}
        )
        return {
            name: pd.DataFrame([shard.get(name, {}) for shard in counts]).fillna(0).astype(int)
            for name in partitions
        }

    @property
    def partition_names(self) -> list[str]:
        """Names of the partitions that have windows, sorted."""
        return list(self.counts)

    def label_counts(self, partition: str) -> dict[str, int]:
        """Return the number of windows of each label in a partition."""
        return {str(label): int(count) for label, count in self.counts[partition].sum().items() if count}

    def read(self, shards: Sequence[int], partition: str | None = None) -> Windows:
        """Return the windows of some shards.

        Args:
            shards: numbers of the shards.
            partition: ``train``, ``validation`` or ``test``; None: all.

        Raises:
            DiffecgError: a shard is missing or damaged.
        """
        shape = (len(self.window.leads), self.window.length)
        signals, tables = [np.empty((0, *shape), np.float32)], []
        for entry in (self.entries[shard] for shard in shards):
            path = f"{self._store.url}/{entry['name']}"
            signal_mv, index = from_parquet(self._store.read(entry), shape, path)
            rows = (
                np.ones(len(index), bool)
                if partition is None
                else (index["partition"] == partition).to_numpy()
            )
            signals.append(signal_mv[rows])
            tables.append(index[rows])
        index = pd.concat(tables, ignore_index=True)
        return prepared_windows(np.concatenate(signals), self.window, index, self.info)

    def sample(self, partition: str, count: int) -> Windows:
        """Return at most ``count`` windows of a partition, evenly spaced over (at most 64 of) its shards.

        Raises:
            DiffecgError: the partition is empty.
        """
        if partition not in self.counts:
            partitions = ", ".join(self.counts) or "none"
            raise DiffecgError(f"no windows in the partition {partition!r}; available: {partitions}")
        shards = np.flatnonzero(self.counts[partition].sum(axis=1))
        shards = shards[_evenly_spaced(len(shards), _MAX_SAMPLED_SHARDS)]
        per_shard = math.ceil(count / len(shards))
        return concatenate([self._sample_shard(shard, partition, per_shard) for shard in shards.tolist()])

    def _sample_shard(self, shard: int, partition: str, count: int) -> Windows:
        windows = self.read([shard], partition)
        return windows.take(_evenly_spaced(len(windows), count))

    def load(self) -> Windows:
        """Return all windows, in memory."""
        return self.read(range(len(self.entries)))


def _evenly_spaced(total: int, count: int) -> Int[np.ndarray, " chosen"]:
    """Return at most ``count`` of the numbers 0 to ``total`` - 1, evenly spaced."""
    return np.linspace(0, total - 1, min(count, total)).astype(np.intp)
