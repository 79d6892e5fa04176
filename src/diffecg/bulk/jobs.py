"""A set made shard by shard: what is there stays, what is lacking is made, what fails is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from diffecg.bulk.engines import check, run
from diffecg.bulk.options import EngineOptions
from diffecg.datasets.shards import Shard, Store

Progress = Callable[[int, int], None]
"""Called with how much of the set is done, and all of it."""


@dataclass(frozen=True)
class Completed:
    """What came of a run."""

    shards: int
    """In the set."""
    there: int
    """Shards that were there."""
    marks: list[dict[str, Any]]
    """What is noted of each shard that is there now."""
    failed: dict[str, str]
    """Shards that could not be made, each with its reason."""

    @property
    def made(self) -> int:
        """Shards made by this run."""
        return len(self.marks) - self.there

    @property
    def windows(self) -> int:
        """Windows that are there now."""
        return sum(mark["windows"] for mark in self.marks)


class Task(Protocol):
    """What a worker is given: all that it takes to make a shard."""

    @property
    def shard(self) -> Shard:
        """Which one."""


def complete(
    url: str,
    about: Mapping[str, Any],
    make: Callable[[Any], dict[str, Any]],
    tasks: Sequence[Task],
    running: EngineOptions,
    progress: Progress,
    *,
    again: Callable[[Mapping[str, Any]], bool] = lambda mark: False,
) -> Completed:
    """Make the shards that ``url`` lacks; return what came of it.

    Args:
        url: a folder, on any file system that fsspec knows and every worker can reach.
        about: what the set is.
        make: makes the shard of a task and returns its mark; at the top of a module.
        tasks: one for each shard, in order.
        running: where and how.
        progress: called as shards are done.
        again: tells of the mark of a shard that is there whether to make it again.

    Raises:
        DiffecgError: ``url`` holds another set; an unknown engine, or no worker.
    """
    check(running)  # before anything is written
    store, shards = Store(url), [task.shard for task in tasks]
    store.begin(about)
    found = ((shard, store.finished(shard, verify=running.verify)) for shard in shards)
    marks = {shard: mark for shard, mark in found if mark is not None and not again(mark)}
    there, failed = len(marks), dict[str, str]()
    done, total = sum(shard.count for shard in marks), sum(shard.count for shard in shards)
    progress(done, total)
    lacking = [task for task in tasks if task.shard not in marks]
    for task, outcome in run(make, lacking, running):
        if isinstance(outcome, str):
            failed[task.shard.name] = outcome
            continue
        marks[task.shard] = outcome
        done += task.shard.count
        progress(done, total)
    if not failed:
        store.close([marks[shard] for shard in shards])
    return Completed(len(shards), there, [marks[shard] for shard in shards if shard in marks], failed)
