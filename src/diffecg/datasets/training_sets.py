"""Opening one or several sets of windows for training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from diffecg.datasets.concatenation import concatenate
from diffecg.datasets.formats.registry import read_windows
from diffecg.datasets.loading import open_dataset
from diffecg.datasets.partitioning import assign_partitions
from diffecg.datasets.shards import is_sharded
from diffecg.datasets.stream import WindowStream
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError

SET = "set"
"""Column of the index of several sets: the number of the set that a window is of, from 0."""


def open_training_sets(paths: Sequence[str]) -> tuple[Windows | WindowStream, list[str]]:
    """Return the windows of one or several folders, files or sets of shards, and notes.

    Several sets are trained together: their leads correspond in order and are named as those of the first,
    and the column :data:`SET` of the index has the number of the set. Shards are streamed, and cannot be
    trained together with other sets.

    Raises:
        DiffecgError: a set cannot be read; the sets differ in rate, length, number of leads or R peak.
    """
    if len(paths) == 1:
        return _open(paths[0]), []
    sets, notes = list[Windows](), list[str]()
    for number, path in enumerate(paths):
        windows = _open(path)
        if isinstance(windows, WindowStream):
            raise DiffecgError(f"{path} is a set of shards, which is trained alone; give one --data")
        if windows.partitions is None:
            windows, note = assign_partitions(windows)
            notes.append(f"{path}: {note}")
        sets.append(replace(windows, index=windows.index.assign(**{SET: float(number)})))
    first = sets[0].channels
    for path, windows in zip(paths[1:], sets[1:], strict=True):
        names = [channel.name for channel in first]
        if len(windows.channels) == len(first) and list(windows.channel_names) != names:
            notes.append(
                f"the leads {', '.join(windows.channel_names)} of {path} are trained as {', '.join(names)}"
            )
    same = [
        replace(windows, channels=first) if len(windows.channels) == len(first) else windows
        for windows in sets
    ]
    return concatenate(same), notes


def _open(path: str) -> Windows | WindowStream:
    """Return the windows of a folder or file, or a stream of those of shards."""
    if "://" in path or is_sharded(path) or Path(path).is_dir() or not Path(path).exists():
        return open_dataset(path)
    return read_windows(path)
