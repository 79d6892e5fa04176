"""Recordings to windows in shards of a few recordings; recordings that cannot be cut are reported."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from hashlib import sha256
from itertools import islice
from typing import Any

from diffecg._version import __version__
from diffecg.bulk.jobs import BulkJob, BulkResult, Progress
from diffecg.bulk.options import LOCAL, EngineOptions
from diffecg.datasets.cutting import WindowCutter, concatenate_cuts
from diffecg.datasets.databases import SUBJECTS, Database
from diffecg.datasets.label_maps import LabelMap
from diffecg.datasets.labels import sort_labels
from diffecg.datasets.options import PrepareOptions
from diffecg.datasets.parquet import to_parquet
from diffecg.datasets.prepare import counts_of
from diffecg.datasets.recording_cutting import cut_recordings, remark_notes
from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.datasets.shards import Entry, Shard, ShardStore, plan_shards
from diffecg.datasets.splits import Split, partition_notes
from diffecg.datasets.subject_table import SubjectTable
from diffecg.datasets.subjects import make_split, subjects_of
from diffecg.errors import DiffecgError
from diffecg.formats.registry import read_recording


@dataclass(frozen=True, kw_only=True)
class BulkPrepareOptions:
    """A set of prepared windows."""

    windows: PrepareOptions = field(default_factory=PrepareOptions)
    """Windows, split and labels."""
    subjects: SubjectTable | None = None
    """The recordings to use, with their subjects, for the split ``subjects``; None: all recordings, each of a
    different subject."""
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
    reading: Mapping[str, Any]
    """Arguments of ``read_recording``."""
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
    labels, folder = options.windows.labels, RecordingFolder(source)
    table = subjects_of(folder, split_name, options.subjects, fs_hz=window.fs_hz)
    subjects, split = table.subjects, make_split(split_name, table)
    settings = {
        **database.provenance(),
        "split": split_name,
        **labels.provenance(),
        "window": asdict(window),
        "source": folder.root,
        "recordings": len(subjects),
        "recordings_sha256": _digest(subjects),
        "shard_size": options.shard_size,
        "diffecg": __version__,
        **_settings_of_own(options.windows, table, split),
    }
    remaining, tasks = iter(subjects), list[_Task]()
    for shard in plan_shards(len(subjects), options.shard_size):
        names = tuple(islice(remaining, shard.count))
        cutter = WindowCutter(
            window=window,
            split=split.restricted(names),
            labels=labels,
        )
        tasks.append(
            _Task(
                shard=shard,
                names=names,
                source=source,
                cutter=cutter,
                reading=options.windows.reading,
                url=url,
            )
        )
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
    return replace(result, notes=_notes(result, split, labels))


def write_shard(task: _Task) -> Entry:
    """Cut the recordings of a shard and write their windows; return its entry."""
    failed, remarks = dict[str, str](), dict[str, list[str]]()
    read = partial(read_recording, **task.reading)
    cuts = cut_recordings(
        RecordingFolder(task.source), task.names, task.cutter, read=read, failed=failed, remarks=remarks
    )
    cut = concatenate_cuts(list(cuts), task.cutter.window)
    counts = {} if cut.index.empty else counts_of(cut.index).to_dict(orient="index")
    keys = ("partition", "label", "reason", "count")
    return ShardStore(task.url).write(
        task.shard,
        to_parquet(cut.signal_mv, cut.index),
        len(cut.signal_mv),
        partitions=counts,
        dropped=[dict(zip(keys, (*key, count), strict=True)) for key, count in sorted(cut.dropped.items())],
        failed=failed,
        remarks=remarks,
    )


def _settings_of_own(options: PrepareOptions, table: SubjectTable, split: Split) -> dict[str, Any]:
    """Return the settings that only some sets have."""
    settings: dict[str, Any] = dict(options.reading)
    if table.partitions:
        settings["partitions_sha256"] = _digest(table.partitions)
    if split.name == SUBJECTS and split.validates_by_time:
        settings["validation"] = "by time"
    return settings


def _digest(table: Mapping[str, str]) -> str:
    return sha256(json.dumps(dict(table)).encode()).hexdigest()


def _notes(result: BulkResult, split: Split, labels: LabelMap) -> list[str]:
    """Return notes on empty partitions and lacking labels, and on how the recordings were interpreted."""
    partitions = partition_counts(result)
    counts = {name: sum(of_labels.values()) for name, of_labels in partitions.items()}
    remarks = {name: found for entry in result.entries for name, found in entry.get("remarks", {}).items()}
    found = {label for of_labels in partitions.values() for label in of_labels}
    return [*partition_notes(split, counts), *labels.notes(found), *remark_notes(remarks)]


def failed_recordings(result: BulkResult) -> dict[str, str]:
    """Return the recordings that could not be cut, each with the reason."""
    return {name: reason for entry in result.entries for name, reason in entry["failed"].items()}


def partition_counts(result: BulkResult) -> dict[str, dict[str, int]]:
    """Return the number of windows of each label in each partition, in the order of tables."""
    total = dict[str, Counter[str]]()
    for entry in result.entries:
        for partition, counts in entry["partitions"].items():
            total.setdefault(partition, Counter()).update(counts)
    return {
        partition: {label: counts[label] for label in sort_labels(counts)}
        for partition, counts in total.items()
    }
