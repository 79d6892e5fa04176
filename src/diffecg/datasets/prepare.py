"""Preparing a database: from recordings to labelled, partitioned windows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float32

from diffecg.config.schema import WindowConfig
from diffecg.datasets.cutting import Cut, Dropped, WindowCutter, prepared_windows
from diffecg.datasets.databases import SUBJECTS
from diffecg.datasets.labels import AAMI_LABELS, UNKNOWN, label_map
from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.datasets.subjects import make_split, subjects_of
from diffecg.datasets.windows import PARTITIONS, Windows
from diffecg.errors import DiffecgError
from diffecg.formats.registry import read_recording
from diffecg.formats.wfdb_annotations import read_beats

EXCLUDED = "excluded"
"""Partition of beats of excluded recordings in the table of dropped windows."""

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


def prepare(
    folder: str | Path,
    window: WindowConfig,
    *,
    split_name: str = "strict",
    label_map_name: str = "aami",
    subjects: dict[str, str] | None = None,
    info: dict[str, str] | None = None,
    progress: Progress | None = None,
) -> Prepared:
    """Cut the recordings of a database into labelled windows, partitioned into training, validation and test.

    Args:
        folder: folder of the recordings, on any file system that fsspec supports.
        window: the windows to cut.
        split_name: ``strict``, ``classic``, ``development``, ``svdb`` or ``subjects``.
        label_map_name: ``aami`` or ``aami-escape-s``.
        subjects: the recordings to use, each with its subject, for the split ``subjects``; None: all
            recordings, each of a different subject.
        info: provenance of the database: name, version, licence, citation.
        progress: called before each recording.

    Raises:
        DiffecgError: a recording is missing, damaged or without the leads of the window; no window remains.
    """
    labels, recordings = label_map(label_map_name), RecordingFolder(folder)
    subjects = subjects_of(recordings, split_name, subjects)
    split = make_split(split_name, subjects)
    included = [name for name in subjects if split.includes(name)]
    if not included:
        raise DiffecgError(
            f"{folder} has none of the recordings of the split {split_name!r}; choose another --split"
        )

    def report(index: int, name: str) -> None:
        if progress is not None:
            progress(index, len(subjects), f"recording {name}")

    cutter = WindowCutter(window=window, split=split, labels=labels)
    cut = cut_recordings(recordings, list(subjects), cutter, on_start=report)
    if cut.index.empty:
        reasons = (
            ", ".join(sorted({reason for _, _, reason in cut.dropped})) or "the recordings are too short"
        )
        raise DiffecgError(
            f"no window of {window.length} samples is left ({reasons}); choose another --length"
        )
    counts = counts_of(cut.index)
    dropped = pd.DataFrame(
        [(*key, count) for key, count in sorted(cut.dropped.items())],
        columns=["partition", "label", "reason", "count"],
    )
    provenance = {
        **(info or {}),
        "split": split_name,
        "label_map": label_map_name,
        "window": asdict(window),
        "recordings": included,
        "excluded": split.excluded,
        "counts": counts.to_dict(orient="index"),
        "dropped": dropped.to_dict(orient="records"),
    }
    windows = prepared_windows(cut.signal_mv, window, cut.index, provenance)
    return Prepared(windows=windows, counts=counts, dropped=dropped)


def cut_recordings(
    folder: RecordingFolder,
    names: Sequence[str],
    cutter: WindowCutter,
    *,
    on_start: Callable[[int, str], None] = lambda index, name: None,
    failed: dict[str, str] | None = None,
) -> Cut:
    """Return the windows of several recordings; beats of excluded recordings are counted as dropped.

    Args:
        folder: folder of the recordings.
        names: names of the recordings.
        cutter: windows, split and labels.
        on_start: called with the index and the name of each recording.
        failed: receives the recordings that cannot be cut, each with the reason; None: the first one raises.

    Raises:
        DiffecgError: a recording is missing, damaged or without the leads or annotations of the windows.
    """
    cuts, dropped = list[Cut](), Dropped()
    for index, name in enumerate(names):
        on_start(index, name)
        try:
            if cutter.split.includes(name):
                cuts.append(_cut_recording(folder, name, cutter))
            elif cutter.window.kind == "beat" and name in cutter.split.excluded:
                dropped += _count_excluded(folder, name, cutter)
        except DiffecgError as error:
            if failed is None:
                raise
            failed[name] = str(error)
    return Cut(
        signal_mv=np.concatenate([_no_windows(cutter.window), *(cut.signal_mv for cut in cuts)]),
        index=pd.concat([cut.index for cut in cuts], ignore_index=True) if cuts else pd.DataFrame(),
        dropped=sum((cut.dropped for cut in cuts), dropped),
    )


def _no_windows(window: WindowConfig) -> Float32[np.ndarray, "0 lead time"]:
    return np.empty((0, len(window.leads), window.length), dtype=np.float32)


def _cut_recording(folder: RecordingFolder, name: str, cutter: WindowCutter) -> Cut:
    """Return the windows of a recording."""
    with folder.local_copy(name) as path:
        recording = replace(read_recording(path), name=name)
        # All recordings of the known databases have annotations; a missing file is an error there.
        if cutter.split.name != SUBJECTS or path.with_name(f"{path.name}.atr").is_file():
            beats = read_beats(path, length=recording.samples)
        else:
            beats = recording.beats()
        if cutter.window.kind == "beat" and not beats.sample.size:
            raise DiffecgError(
                f"recording {name} has no annotated beats; annotate it, or cut strips with --preset strip"
            )
        return cutter.cut(recording, beats)


def _count_excluded(folder: RecordingFolder, name: str, cutter: WindowCutter) -> Dropped:
    """Return the number of beats of an excluded recording; empty if it is not annotated."""
    with folder.local_copy(name) as path:
        if not path.with_name(f"{path.name}.atr").is_file():
            return Dropped()
        symbols = read_beats(path).symbol
    reason = cutter.split.excluded[name]
    return Dropped((EXCLUDED, cutter.labels.get(symbol, UNKNOWN), reason) for symbol in symbols)


def counts_of(index: pd.DataFrame) -> pd.DataFrame:
    """Return the number of windows: one row for each partition, one column for each label."""
    present = set(index["label"])
    labels = [label for label in (*AAMI_LABELS, UNKNOWN) if label in present]
    table = pd.crosstab(index["partition"], index["label"])
    return table.reindex(index=list(PARTITIONS), columns=labels, fill_value=0)
