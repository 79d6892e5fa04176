"""RecordingFolder to windows in shards, a few recordings each; a recording that cannot be cut does not stop the rest."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import islice
from typing import Any

from diffecg._version import __version__
from diffecg.bulk.jobs import Completed, Progress, complete
from diffecg.bulk.options import LOCAL, EngineOptions
from diffecg.config.schema import WindowConfig
from diffecg.datasets.databases import Database
from diffecg.datasets.labels import label_map
from diffecg.datasets.options import PrepareOptions
from diffecg.datasets.parquet import to_parquet
from diffecg.datasets.prepare import counts_of, cut_recordings
from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.datasets.shards import Shard, Store, plan
from diffecg.datasets.splits import Split
from diffecg.datasets.subjects import included_recordings, split_for
from diffecg.errors import DiffecgError

Counts = dict[str, dict[str, int]]


@dataclass(frozen=True)
class _Task:
    shard: Shard
    names: tuple[str, ...]
    source: str
    window: WindowConfig
    split: Split
    label_map: str
    url: str


def prepare(
    database: Database,
    source: str,
    url: str,
    cutting: PrepareOptions,
    running: EngineOptions = LOCAL,
    *,
    subjects: dict[str, str] | None = None,
    recordings: int = 20,
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
        subjects: of one's own recordings: those that take part and the subject of each.
        recordings: recordings a shard.
        retry: make those shards again in which recordings failed.
        progress: called as shards are done, with recordings.

    Raises:
        DiffecgError: ``url`` holds another set; settings that do not fit the database; no recording is
            there, or no window in any.
    """
    window, split_name = cutting.window(database), cutting.split_of(database)
    label_map(cutting.label_map)
    recordings_of = RecordingFolder(source)
    subject = included_recordings(recordings_of, split_name, subjects)
    about = {
        **database.about(),
        "split": split_name,
        "label_map": cutting.label_map,
        "window": asdict(window),
        "source": recordings_of.root,
        "recordings": len(subject),
        "recordings_sha256": sha256(json.dumps(subject).encode()).hexdigest(),
        "shard": recordings,
        "diffecg": __version__,
    }
    everyone = iter(subject.items())
    tasks = []
    for shard in plan(len(subject), recordings):
        some = dict(islice(everyone, shard.count))
        split = split_for(split_name, some)
        tasks.append(_Task(shard, tuple(some), source, window, split, cutting.label_map, url))

    def again(mark: Any) -> bool:
        return retry and bool(mark["failed"])

    completed = complete(url, about, make_shard, tasks, running, progress, again=again)
    if not (completed.windows or completed.failed):
        why = next(iter(failures(completed).values()), "the recordings are too short, or take no part")
        raise DiffecgError(
            f"no window of {window.length} samples is left ({why}); choose another --out as well"
        )
    return completed


def make_shard(task: _Task) -> dict[str, Any]:
    """Cut the recordings of a shard and write them; return its mark."""
    failed: dict[str, str] = {}
    labels = dict(label_map(task.label_map))
    signal_mv, index, dropped = cut_recordings(
        RecordingFolder(task.source), task.names, task.window, task.split, labels, failed=failed
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
    """Return the recordings that could not be cut, each with its reason."""
    return {name: why for mark in completed.marks for name, why in mark["failed"].items()}


def totals(completed: Completed) -> Counts:
    """Return the windows of each class in each part."""
    total = dict[str, Counter[str]]()
    for mark in completed.marks:
        for part, counts in mark["counts"].items():
            total.setdefault(part, Counter()).update(counts)
    return {part: dict(counts) for part, counts in total.items()}
