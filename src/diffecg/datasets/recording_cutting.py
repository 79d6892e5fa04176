"""Cutting the recordings of a folder, and what is remarkable about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from diffecg.datasets.cutting import WindowCutter
from diffecg.datasets.databases import SUBJECTS
from diffecg.datasets.label_maps import LabelMap
from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.datasets.splits import Split
from diffecg.datasets.window_grid import Cut, Dropped
from diffecg.errors import DiffecgError
from diffecg.formats.recording import Recording
from diffecg.formats.registry import read_recording
from diffecg.signal.channels import ecg_rows

EXCLUDED = "excluded"
"""Partition of beats of excluded recordings in the table of dropped windows."""

Reader = Callable[[Path], Recording]
"""Reads a recording."""


def cut_recordings(
    folder: RecordingFolder,
    names: Sequence[str],
    cutter: WindowCutter,
    *,
    read: Reader = read_recording,
    on_start: Callable[[int, str], None] = lambda index, name: None,
    failed: dict[str, str] | None = None,
    remarks: dict[str, list[str]] | None = None,
) -> Iterator[Cut]:
    """Yield the windows of several recordings; beats of excluded recordings are counted as dropped.

    Args:
        folder: folder of the recordings.
        names: names of the recordings.
        cutter: windows, split and labels.
        read: reads a recording.
        on_start: called with the index and the name of each recording.
        failed: receives the recordings that cannot be cut, each with the reason; None: the first one raises.
        remarks: receives what was assumed about a recording, and what of it could not be read.

    Raises:
        DiffecgError: a recording is missing, damaged or without the leads or annotations of the windows.
    """
    remarks = {} if remarks is None else remarks
    for index, name in enumerate(names):
        on_start(index, name)
        try:
            if cutter.split.includes(name):
                cuts = _cut_recording(folder, name, cutter, read, remarks)
                yield from cuts if failed is None else list(cuts)
            elif name in cutter.split.excluded:
                yield _count_excluded(folder, name, cutter)
        except DiffecgError as error:
            if failed is None:
                raise with_way_out(error, cutter.split) from error
            failed[name] = str(error)


def with_way_out(error: DiffecgError, split: Split) -> DiffecgError:
    """Return the error of a recording; a user's recordings can be left out."""
    if split.name != SUBJECTS:
        return error
    return DiffecgError(f"{error}; to leave it out, list the others in a file RECORDS or with --subjects")


def _cut_recording(
    folder: RecordingFolder,
    name: str,
    cutter: WindowCutter,
    read: Reader,
    remarks: dict[str, list[str]],
) -> Iterator[Cut]:
    """Yield the windows of a recording."""
    with folder.local_copy(name) as path:
        recording = replace(read(path), name=name)
        _check_annotations(recording, cutter.labels)
        if found := remarks_of(recording, by_name=True):
            remarks[name] = found
        yield from cutter.cuts(recording)


def _check_annotations(recording: Recording, labels: LabelMap) -> None:
    """Check that a recording has the annotations that its windows need.

    Raises:
        DiffecgError: there are none, or they are those of a longer recording.
    """
    symbols = labels.beat_symbols
    beats = [annotation for annotation in recording.annotations if annotation.symbol in symbols]
    if not beats:
        raise DiffecgError(
            f"recording {recording.name} has no annotated beats; annotate it, or write whole recordings with "
            "--preset imputation"
        )
    # One sample past the end is where some annotators stop, as in svdb/860; more is another recording.
    last_s = max((beat.time_s for beat in beats), default=0.0)
    if last_s > recording.duration_s + 0.5 / min(recording.source.rates_hz):
        raise DiffecgError(
            f"recording {recording.name} has a beat at {last_s:g} s, but lasts {recording.duration_s:g} s; "
            "are annotations and signal of the same recording?"
        )


def _count_excluded(folder: RecordingFolder, name: str, cutter: WindowCutter) -> Cut:
    """Return the beats of an excluded recording as dropped; none if it is not annotated."""
    with folder.local_copy(name) as path:
        recording = read_recording(path)
        first = recording.select([0])
        labels = cutter.labels.labels(first, cutter.labels.beats(first))
    reason, window = cutter.split.excluded[name], cutter.window
    return Cut(
        signal_mv=np.empty((0, len(window.leads), window.length), dtype=np.float32),
        index=pd.DataFrame(),
        dropped=Dropped((EXCLUDED, label, reason) for label in labels.tolist()),
    )


def remarks_of(recording: Recording, *, by_name: bool) -> list[str]:
    """Return what was assumed about a recording, and what of it could not be read.

    Args:
        recording: the recording.
        by_name: its leads are named by the user or the window, so that none was assumed to be an ECG.
    """
    _, assumption = ecg_rows(recording.channels)
    assumptions = [] if by_name or assumption is None else [assumption]
    return [*recording.assumptions, *assumptions, *recording.warnings]


def remark_notes(remarks: Mapping[str, Sequence[str]]) -> list[str]:
    """Return each remark once, with the recordings that it concerns.

    Args:
        remarks: what was assumed about each recording, or could not be read.
    """
    names: dict[str, list[str]] = {}
    for name, texts in remarks.items():
        for text in texts:
            names.setdefault(text, []).append(name)
    return [
        f"{text} ({found[0] if len(found) == 1 else f'{len(found)} recordings, the first is {found[0]}'})"
        for text, found in names.items()
    ]
