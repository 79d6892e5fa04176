"""Recordings to windows in shards, a few records each; a record that cannot be cut does not stop the rest."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import islice
from typing import Any

from diffecg._version import __version__
from diffecg.bulk.jobs import Completed, Progress, complete
from diffecg.bulk.options import LOCAL, Running
from diffecg.config.schema import WindowConfig
from diffecg.datasets.databases import Database
from diffecg.datasets.labels import class_map
from diffecg.datasets.options import Cutting
from diffecg.datasets.parquet import to_parquet
from diffecg.datasets.prepare import counts_of, cut_records
from diffecg.datasets.recording_folder import Recordings
from diffecg.datasets.shards import Shard, Store, plan
from diffecg.datasets.splits import Split
from diffecg.datasets.subjects import parts_of, people_of
from diffecg.errors import DiffecgError

Counts = dict[str, dict[str, int]]


@dataclass(frozen=True)
class _Task:
    shard: Shard
    names: tuple[str, ...]
    source: str
    window: WindowConfig
    parts: Split
    class_map: str
    url: str


def prepare(
    database: Database,
    source: str,
    url: str,
    cutting: Cutting,
    running: Running = LOCAL,
    *,
    people: dict[str, str] | None = None,
    records: int = 20,
    retry: bool = False,
    progress: Progress = lambda *_: None,
) -> Completed:
    """Make the shards that ``url`` lacks; return what came of it.

    Args:
        database: which one.
        source: folder of its recordings, on any file system that fsspec knows and every worker can reach.
        url: folder of the set, likewise.
        cutting: what windows are.
        running: where and how shards are made.
        people: of one's own recordings: those that take part and the person of each.
        records: records a shard.
        retry: make those shards again in which records failed.
        progress: called as shards are done, with records.

    Raises:
        DiffecgError: ``url`` holds another set; settings that do not fit the database; no recording is
            there, or no window in any.
    """
    window, split_name = cutting.window(database), cutting.split_of(database)
    class_map(cutting.class_map)
    records_of = Recordings(source)
    person = people_of(records_of, split_name, people)
    about = {
        **database.about(),
        "split": split_name,
        "class_map": cutting.class_map,
        "window": asdict(window),
        "source": records_of.root,
        "records": len(person),
        "records_sha256": sha256(json.dumps(person).encode()).hexdigest(),
        "shard": records,
        "diffecg": __version__,
    }
    everyone = iter(person.items())
    tasks = []
    for shard in plan(len(person), records):
        some = dict(islice(everyone, shard.count))
        parts = parts_of(split_name, some)
        tasks.append(_Task(shard, tuple(some), source, window, parts, cutting.class_map, url))

    def again(mark: Any) -> bool:
        return retry and bool(mark["failed"])

    completed = complete(url, about, make_shard, tasks, running, progress, again=again)
    if not (completed.windows or completed.failed):
        why = next(iter(failures(completed).values()), "the records are too short, or take no part")
        raise DiffecgError(
            f"no window of {window.length} samples is left ({why}); choose another --out as well"
        )
    return completed


def make_shard(task: _Task) -> dict[str, Any]:
    """Cut the records of a shard and write them; return its mark."""
    failed: dict[str, str] = {}
    labels = dict(class_map(task.class_map))
    signal_mv, index, dropped = cut_records(
        Recordings(task.source), task.names, task.window, task.parts, labels, failed=failed
    )
    counts = {} if index.empty else counts_of(index).to_dict(orient="index")
    return Store(task.url).put(
        task.shard,
        to_parquet(signal_mv, index),
        len(signal_mv),
        counts=counts,
        dropped=[[*reason, count] for reason, count in sorted(dropped.items())],
        failed=failed,
    )


def failures(completed: Completed) -> dict[str, str]:
    """Return the records that could not be cut, each with its reason."""
    return {name: why for mark in completed.marks for name, why in mark["failed"].items()}


def totals(completed: Completed) -> Counts:
    """Return the windows of each class in each part."""
    total = dict[str, Counter[str]]()
    for mark in completed.marks:
        for part, counts in mark["counts"].items():
            total.setdefault(part, Counter()).update(counts)
    return {part: dict(counts) for part, counts in total.items()}
