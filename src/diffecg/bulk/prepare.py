"""Recordings to windows in shards of a few recordings; recordings that cannot be cut are reported."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from itertools import islice

from diffecg._version import __version__
from diffecg.bulk.jobs import BulkJob, BulkResult, Progress
from diffecg.bulk.options import LOCAL, EngineOptions
from diffecg.datasets.cutting import WindowCutter
from diffecg.datasets.databases import Database
from diffecg.datasets.labels import label_map
from diffecg.datasets.options import PrepareOptions
from diffecg.datasets.parquet import to_parquet
from diffecg.datasets.prepare import counts_of, cut_recordings
from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.datasets.shards import Entry, Shard, ShardStore, plan_shards
from diffecg.datasets.subjects import make_split, subjects_of
from diffecg.errors import DiffecgError


@dataclass(frozen=True, kw_only=True)
class BulkPrepareOptions:
    """A set of prepared windows."""

    windows: PrepareOptions = field(default_factory=PrepareOptions)
    """Windows, split and labels."""
    subjects: dict[str, str] | None = None
    """The recordings to use, each with its subject, for the split ``subjects``; None: all recordings, each of
    a different subject."""
    shard_size: int = 20
    """Recordings in a shard."""
    retry: bool = False
    """Write shards with failed recordings again."""


@dataclass(frozen=True, kw_only=True)
class _Task:
    shard: Shard
    names: tuple[str, ...]
    source: str
    cutter: WindowCutter
    url: str


def prepare(
    database: Database,
    source: str,
    url: str,
    options: BulkPrepareOptions,
    engine: EngineOptions = LOCAL,
    *,
    progress: Progress = lambda *_: None,
) -> BulkResult:
    """Cut the recordings of a database into a set of windows; existing shards are kept.

    Args:
        database: the database.
        source: folder of its recordings, on a file system that fsspec supports and every worker can reach.
        url: folder of the set, likewise.
        options: windows, subjects and shards.
        engine: where shards are computed.
        progress: called as shards finish, with numbers of recordings.

    Raises:
        DiffecgError: ``url`` holds another set; options that do not fit the database; no recordings, or no
            window in any of them.
    """
    window, split_name = options.windows.window(database), options.windows.split_name(database)
    labels, folder = label_map(options.windows.label_map), RecordingFolder(source)
    subjects = subjects_of(folder, split_name, options.subjects)
    settings = {
        **database.provenance(),
        "split": split_name,
        "label_map": options.windows.label_map,
        "window": asdict(window),
        "source": folder.root,
        "recordings": len(subjects),
        "recordings_sha256": sha256(json.dumps(subjects).encode()).hexdigest(),
        "shard_size": options.shard_size,
        "diffecg": __version__,
    }
    remaining, tasks = iter(subjects.items()), []
    for shard in plan_shards(len(subjects), options.shard_size):
        in_shard = dict(islice(remaining, shard.count))
        cutter = WindowCutter(window=window, split=make_split(split_name, in_shard), labels=dict(labels))
        tasks.append(_Task(shard=shard, names=tuple(in_shard), source=source, cutter=cutter, url=url))
    job = BulkJob(
        url=url,
        settings=settings,
        write_shard=write_shard,
        tasks=tasks,
        is_outdated=lambda entry: options.retry and bool(entry["failed"]),
    )
    result = job.run(engine, progress)
    if not (result.windows or result.failed):
        reason = next(iter(failed_recordings(result).values()), "the recordings are too short or excluded")
        raise DiffecgError(
            f"no window of {window.length} samples is left ({reason}); choose other options and another --out"
        )
    return result


def write_shard(task: _Task) -> Entry:
    """Cut the recordings of a shard and write their windows; return its entry."""
    failed: dict[str, str] = {}
    cut = cut_recordings(RecordingFolder(task.source), task.names, task.cutter, failed=failed)
    counts = {} if cut.index.empty else counts_of(cut.index).to_dict(orient="index")
    keys = ("partition", "label", "reason", "count")
    return ShardStore(task.url).write(
        task.shard,
        to_parquet(cut.signal_mv, cut.index),
        len(cut.signal_mv),
        partitions=counts,
        dropped=[dict(zip(keys, (*key, count), strict=True)) for key, count in sorted(cut.dropped.items())],
        failed=failed,
    )


def failed_recordings(result: BulkResult) -> dict[str, str]:
    """Return the recordings that could not be cut, each with the reason."""
    return {name: reason for entry in result.entries for name, reason in entry["failed"].items()}


def partition_counts(result: BulkResult) -> dict[str, dict[str, int]]:
    """Return the number of windows of each label in each partition."""
    total = dict[str, Counter[str]]()
    for entry in result.entries:
        for partition, counts in entry["partitions"].items():
            total.setdefault(partition, Counter()).update(counts)
    return {partition: dict(counts) for partition, counts in total.items()}
