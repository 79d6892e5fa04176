"""Bulk jobs: a set is computed shard by shard; finished shards are kept, failed ones are reported."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from diffecg.bulk.engines import check_engine, run
from diffecg.bulk.options import EngineOptions
from diffecg.datasets.formats.registry import write_windows
from diffecg.datasets.shards import Entry, Shard, ShardStore
from diffecg.datasets.windows import Windows

Progress = Callable[[int, int], None]
"""Called with the number of finished items and of all items."""


@dataclass(frozen=True, kw_only=True)
class BulkResult:
    """The result of a bulk job."""

    shards: int
    """Number of shards in the set."""
    existing: int
    """Number of shards that were finished before the job."""
    entries: list[Entry]
    """Manifest entries of all finished shards."""
    failed: dict[str, str]
    """Shards that could not be written, each with the reason."""
    notes: list[str] = field(default_factory=list)
    """Notes on the content of the set."""

    @property
    def written(self) -> int:
        """Number of shards that the job wrote."""
        return len(self.entries) - self.existing

    @property
    def windows(self) -> int:
        """Number of windows in all finished shards."""
        return sum(entry["windows"] for entry in self.entries)


class ShardTask(Protocol):
    """Everything that a worker needs to write a shard."""

    @property
    def shard(self) -> Shard:
        """The shard."""


@dataclass(frozen=True, kw_only=True)
class BulkJob:
    """A set to write: its settings, and one task for each shard."""

    url: str
    """Folder of the set, on a file system that fsspec supports and every worker can reach."""
    settings: Mapping[str, Any]
    """Everything that the content of the shards depends on."""
    write_shard: Callable[[Any], Entry]
    """Writes the shard of a task and returns its entry; a function of a module, as workers import it."""
    tasks: Sequence[ShardTask]
    """One task for each shard, in order."""
    is_outdated: Callable[[Entry], bool] = lambda entry: False
    """Whether a finished shard is to be written again."""

    def run(self, engine: EngineOptions, progress: Progress) -> BulkResult:
        """Write the missing shards; the manifest is written when all shards are finished.

        Args:
            engine: where shards are computed.
            progress: called as shards finish.

        Raises:
            DiffecgError: the folder holds another set; an unknown engine, or no workers.
        """
        check_engine(engine)  # before anything is written
        store, shards = ShardStore(self.url), [task.shard for task in self.tasks]
        store.start(self.settings)
        found = ((shard, store.entry(shard, verify=engine.verify)) for shard in shards)
        entries = {
            shard: entry for shard, entry in found if entry is not None and not self.is_outdated(entry)
        }
        existing, failed = len(entries), dict[str, str]()
        done, total = sum(shard.count for shard in entries), sum(shard.count for shard in shards)
        progress(done, total)
        missing = [task for task in self.tasks if task.shard not in entries]
        for task, outcome in run(self.write_shard, missing, engine):
            if isinstance(outcome, str):
                failed[task.shard.name] = outcome
                continue
            entries[task.shard] = outcome
            done += task.shard.count
            progress(done, total)
        finished = [entries[shard] for shard in shards if shard in entries]
        if not failed:
            store.write_manifest(finished)
        return BulkResult(shards=len(shards), existing=existing, entries=finished, failed=failed)


def write_windows_shard(windows: Windows | Iterable[Windows], url: str, shard: Shard) -> Entry:
    """Write synthetic windows as a shard, with their data card; return its entry.

    Args:
        windows: the windows of the shard, or chunks of them.
        url: folder of the set.
        shard: the shard.
    """
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / shard.name
        write_windows(windows, path, count=shard.count)
        return ShardStore(url).write(shard, path.read_bytes(), shard.count)
