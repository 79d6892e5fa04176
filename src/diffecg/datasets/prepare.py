"""Preparing a database: from recordings to labelled, partitioned windows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import pandas as pd

from diffecg.config.schema import WindowConfig
from diffecg.datasets.cutting import WindowCutter, prepared_windows
from diffecg.datasets.folder import SIGNAL, read_folder, write_index
from diffecg.datasets.label_maps import AAMI, LabelMap
from diffecg.datasets.labels import sort_labels
from diffecg.datasets.recording_cutting import Reader, cut_recordings, remark_notes
from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.datasets.signal_sink import SignalList, SignalSink, open_signal_file
from diffecg.datasets.splits import partition_notes
from diffecg.datasets.subject_table import SubjectTable
from diffecg.datasets.subjects import make_split, subjects_of
from diffecg.datasets.window_grid import Dropped
from diffecg.datasets.windows import PARTITIONS, Windows
from diffecg.errors import DiffecgError
from diffecg.files import new_folder
from diffecg.formats.registry import read_recording

Progress = Callable[[int, int, str], None]
"""Called with (done, total, current step)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """The windows of a database, with counts of kept and dropped ones."""

    windows: Windows
    counts: pd.DataFrame
    """Number of windows; one row for each partition, one column for each label."""
    dropped: pd.DataFrame
    """Number of dropped windows; one row for each partition, label and reason."""
    notes: list[str] = field(default_factory=list)
    """Notes on empty partitions, and on how the recordings were interpreted."""


def prepare(
    folder: str | Path,
    window: WindowConfig,
    *,
    split_name: str = "strict",
    labels: LabelMap = AAMI,
    subjects: SubjectTable | None = None,
    read: Reader = read_recording,
    info: dict[str, str] | None = None,
    progress: Progress | None = None,
    sink: SignalSink | None = None,
) -> Prepared:
    """Cut the recordings of a database into labelled windows, partitioned into training, validation and test.

    Args:
        folder: folder of the recordings, on any file system that fsspec supports.
        window: the windows to cut.
        split_name: ``strict``, ``classic``, ``development``, ``svdb``, ``folds``, ``recordings`` or
            ``subjects``.
        labels: label of each annotation code (:func:`~diffecg.datasets.label_maps.label_map`).
        subjects: the recordings to use, with their subjects, for the split ``subjects``; None: all
            recordings, each of a different subject.
        read: reads a recording, such as :func:`~diffecg.formats.registry.read_recording` with a unit.
        info: provenance of the database: name, version, licence, citation.
        progress: called before each recording.
        sink: takes the samples; None: they are kept in memory.

    Raises:
        DiffecgError: a recording is missing, damaged or without the leads of the window; no window remains.
    """
    recordings = RecordingFolder(folder)
    table = subjects_of(recordings, split_name, subjects, fs_hz=window.fs_hz)
    names, split = list(table.subjects), make_split(split_name, table)
    included = [name for name in names if split.includes(name)]
    if not included:
        raise DiffecgError(
            f"{folder} has none of the recordings of the split {split_name!r}; choose another --split"
        )

    def report(index: int, name: str) -> None:
        if progress is not None:
            progress(index, len(names), f"recording {name}")

    cutter = WindowCutter(window=window, split=split, labels=labels)
    sink = sink or SignalList((len(window.leads), window.length))
    tables, dropped, remarks = list[pd.DataFrame](), Dropped(), dict[str, list[str]]()
    for cut in cut_recordings(recordings, names, cutter, read=read, on_start=report, remarks=remarks):
        dropped += cut.dropped
        if len(cut.index):
            sink.append(cut.signal_mv)
            tables.append(cut.index)
    if not tables:
        reasons = ", ".join(sorted({reason for _, _, reason in dropped})) or "the recordings are too short"
        raise DiffecgError(
            f"no window of {window.length} samples is left ({reasons}); choose another --length"
        )
    index = pd.concat(tables, ignore_index=True)
    counts = counts_of(index)
    dropped_table = pd.DataFrame(
        [(*key, count) for key, count in sorted(dropped.items())],
        columns=["partition", "label", "reason", "count"],
    )
    number = {str(name): int(row.sum()) for name, row in counts.iterrows()}
    notes = [*partition_notes(split, number), *labels.notes(list(counts.columns)), *remark_notes(remarks)]
    provenance = {
        **(info or {}),
        "split": split_name,
        **labels.provenance(),
        "window": asdict(window),
        "recordings": included,
        "excluded": split.excluded,
        "counts": counts.to_dict(orient="index"),
        "dropped": dropped_table.to_dict(orient="records"),
        "notes": notes,
        "remarks": remarks,
    }
    windows = prepared_windows(sink.signal(), window, index, provenance)
    return Prepared(windows=windows, counts=counts, dropped=dropped_table, notes=notes)


def prepare_folder(
    folder: str | Path,
    out: Path,
    window: WindowConfig,
    *,
    split_name: str = "strict",
    labels: LabelMap = AAMI,
    subjects: SubjectTable | None = None,
    read: Reader = read_recording,
    info: dict[str, str] | None = None,
    progress: Progress | None = None,
    force: bool = False,
) -> Prepared:
    """Cut the recordings of a database as :func:`prepare` does, into a folder of windows.

    The samples are written as they are cut, so that a set may be larger than memory.

    Args:
        folder: folder of the recordings, on any file system that fsspec supports.
        out: the folder to write.
        window: the windows to cut.
        split_name: as for :func:`prepare`.
        labels: as for :func:`prepare`.
        subjects: as for :func:`prepare`.
        read: as for :func:`prepare`.
        info: as for :func:`prepare`.
        progress: as for :func:`prepare`.
        force: replace an older folder.

    Raises:
        DiffecgError: as for :func:`prepare`; ``out`` exists and must not be replaced.
    """
    shape = len(window.leads), window.length
    with new_folder(out, force=force) as partial, open_signal_file(partial / SIGNAL, shape) as sink:
        prepared = prepare(
            folder,
            window,
            split_name=split_name,
            labels=labels,
            subjects=subjects,
            read=read,
            info=info,
            progress=progress,
            sink=sink,
        )
        write_index(prepared.windows, partial)
    return replace(prepared, windows=read_folder(out))


def counts_of(index: pd.DataFrame) -> pd.DataFrame:
    """Return the number of windows: one row for each partition, one column for each label."""
    table = pd.crosstab(index["partition"], index["label"])
    return table.reindex(index=list(PARTITIONS), columns=sort_labels(index["label"]), fill_value=0)
