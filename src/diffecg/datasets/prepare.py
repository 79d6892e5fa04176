"""A database to windows: ``diffecg prepare``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diffecg.config.schema import WindowConfig
from diffecg.datasets.cutting import Cut, Dropped, cut_windows, prepared_windows
from diffecg.datasets.databases import SUBJECTS
from diffecg.datasets.labels import AAMI_LABELS, UNKNOWN, label_map
from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.datasets.splits import Split
from diffecg.datasets.subjects import included_recordings, split_for
from diffecg.datasets.windows import PARTITIONS, Windows
from diffecg.errors import DiffecgError
from diffecg.formats.registry import read_recording
from diffecg.formats.wfdb_annotations import read_beats

Progress = Callable[[int, int, str], None]
"""Called with (done, total, what is being done)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """What was cut from a database."""

    windows: Windows
    counts: pd.DataFrame
    """Windows kept: a row a part (train, validation, test), a column a class."""
    dropped: pd.DataFrame
    """Windows not taken: a row for each part, class and reason."""


def prepare(
    folder: str | Path,
    window: WindowConfig,
    *,
    source: dict[str, str] | None = None,
    split_name: str = "strict",
    label_map_name: str = "aami",
    subjects: dict[str, str] | None = None,
    progress: Progress | None = None,
) -> Prepared:
    """Return the windows of a database's recordings that take part in the split.

    Args:
        folder: where the recordings are, on any file system that fsspec knows.
        window: what a window is.
        source: what to note of the database: name, version, licence, citation.
        split_name: ``strict``, ``classic``, ``development``, ``svdb`` or ``subjects``.
        label_map_name: ``aami`` or ``aami-escape-s``.
        subjects: of the split ``subjects``: the recordings that take part and the subject of each.
        progress: called before each recording.

    Raises:
        DiffecgError: a recording is missing or unreadable, or has not the wanted leads.
    """
    labels, recordings = dict(label_map(label_map_name)), RecordingFolder(folder)
    present = included_recordings(recordings, split_name, subjects)
    split = split_for(split_name, present)
    wanted = [name for name in present if split.includes(name)]
    if not wanted:
        raise DiffecgError(f"none of the recordings of the split {split_name!r} is in {folder}")

    def begin(place: int, name: str) -> None:
        if progress is not None:
            progress(place, len(present), f"recording {name}")

    signal_mv, index, dropped = cut_recordings(recordings, list(present), window, split, labels, begin=begin)
    if index.empty:
        reasons = ", ".join(sorted({reason for _, _, reason in dropped})) or "the recordings are too short"
        raise DiffecgError(
            f"no window of {window.length} samples is left ({reasons}); choose another --length"
        )
    counts = counts_of(index)
    dropped_table = pd.DataFrame(
        [(*key, count) for key, count in sorted(dropped.items())],
        columns=["partition", "label", "reason", "count"],
    )
    info = {
        **(source or {}),
        "split": split_name,
        "label_map": label_map_name,
        "window": asdict(window),
        "recordings": wanted,
        "excluded": split.excluded,
        "counts": counts.to_dict(orient="index"),
        "dropped": dropped_table.to_dict(orient="records"),
    }
    windows = prepared_windows(signal_mv, window, index, info)
    return Prepared(windows=windows, counts=counts, dropped=dropped_table)


def cut_recordings(
    source: RecordingFolder,
    names: Sequence[str],
    window: WindowConfig,
    split: Split,
    labels: dict[str, str],
    *,
    begin: Callable[[int, str], None] = lambda place, name: None,
    failed: dict[str, str] | None = None,
) -> tuple[NDArray[np.float32], pd.DataFrame, Dropped]:
    """Return the windows of several recordings (window lead time), in mV, their index, and what was not taken.

    Args:
        source: where the recordings are.
        names: of the recordings; of those that take no part, beats are counted among what was not taken.
        window: what a window is.
        split: partition of each recording.
        labels: annotation symbol to class.
        begin: called with the place and the name of each recording.
        failed: takes the recordings that cannot be cut, each with its reason; None: the first one raises.

    Raises:
        DiffecgError: a recording is missing or damaged, or has not the leads or annotations that are needed.
    """
    cuts, dropped = list[Cut](), Dropped()
    for place, name in enumerate(names):
        begin(place, name)
        try:
            if split.includes(name):
                cuts.append(_cut_recording(source, name, window, split, labels))
            elif window.kind == "beat" and name in split.excluded:
                dropped += _excluded(source, name, split, labels)
        except DiffecgError as error:
            if failed is None:
                raise
            failed[name] = str(error)
    empty = np.empty((0, len(window.leads), window.length), np.float32)
    signal_mv = np.concatenate([empty, *(cut.signal_mv for cut in cuts)])
    index = pd.concat([cut.index for cut in cuts], ignore_index=True) if cuts else pd.DataFrame()
    return signal_mv, index, sum((cut.dropped for cut in cuts), dropped)


def _cut_recording(
    source: RecordingFolder, name: str, window: WindowConfig, split: Split, labels: dict[str, str]
) -> Cut:
    """Return the windows of a recording.

    Args:
        source: where it is.
        name: of the recording there.
        window: what a window is.
        split: partition of each recording.
        labels: annotation symbol to class.

    Raises:
        DiffecgError: it is missing or damaged, or has not the leads or annotations that are needed.
    """
    with source.local(name) as path:
        recording = replace(read_recording(path), name=name)
        # Databases that we know tell their beats: a strip without them is a file that was lost.
        if split.name != SUBJECTS or path.with_name(f"{path.name}.atr").is_file():
            beats = read_beats(path, length=recording.samples)
        else:
            beats = recording.beats()
        if window.kind == "beat" and not beats.sample.size:
            raise DiffecgError(f"recording {name} has no annotated beats; cut strips, or annotate it")
        return cut_windows(recording, beats, window, split, labels)


def _excluded(source: RecordingFolder, name: str, split: Split, labels: dict[str, str]) -> Dropped:
    """Return the beats of a recording that takes no part; none where they are not told."""
    with source.local(name) as path:
        if not path.with_name(f"{path.name}.atr").is_file():
            return Dropped()
        symbols = read_beats(path).symbol
    return Dropped(("left out", labels.get(symbol, UNKNOWN), split.excluded[name]) for symbol in symbols)


def counts_of(index: pd.DataFrame) -> pd.DataFrame:
    """Return how many windows there are: a row a part, a column a class."""
    present = set(index["label"])
    labels = [label for label in (*AAMI_LABELS, UNKNOWN) if label in present]
    table = pd.crosstab(index["partition"], index["label"])
    return table.reindex(index=list(PARTITIONS), columns=labels, fill_value=0)
