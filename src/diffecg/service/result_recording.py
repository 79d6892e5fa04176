"""Recordings that jobs make: written by the worker into their folder in the project."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from diffecg.formats.recording import Recording
from diffecg.service.importing import ImportedRecording, import_recording
from diffecg.service.schemas import Operation, SyntheticInterval

FILES = "files"
"""Folder of the files of a recording, in its folder."""


@dataclass(frozen=True, kw_only=True)
class MadeRecording:
    """A recording that a job made."""

    id: str
    name: str
    operation: Operation
    main: str
    """Name of its file; of a WFDB record without suffix."""
    imported: ImportedRecording
    synthetic: tuple[SyntheticInterval, ...]
    offset_s: float = 0.0
    """Time of its first sample in the recording that it was made from."""


def store_made(
    folder: Path,
    recording: Recording,
    written: Path,
    operation: Operation,
    synthetic: Sequence[SyntheticInterval],
    *,
    name: str,
    offset_s: float = 0.0,
) -> MadeRecording:
    """Store a recording that a job has written among its results.

    Args:
        folder: folder of the recording in the project; its name is the id.
        recording: the recording.
        written: its file among the results; a WFDB record without suffix.
        operation: what the job did.
        synthetic: intervals that a model wrote.
        name: name to show.
        offset_s: time of its first sample in the recording that it was made from.
    """
    shutil.rmtree(folder, ignore_errors=True)  # of an interrupted job
    (folder / FILES).mkdir(parents=True)
    for path in written.parent.iterdir():
        if path.name == written.name or (path.stem == written.name and written.suffix == ""):
            _link(path, folder / FILES / path.name)
    annotations = written.with_name(f"{written.stem}_annotations.csv")
    if written.suffix and annotations.is_file():
        _link(annotations, folder / FILES / annotations.name)
    return MadeRecording(
        id=folder.name,
        name=name,
        operation=operation,
        main=written.name,
        imported=import_recording(recording, folder),
        synthetic=tuple(synthetic),
        offset_s=offset_s,
    )


def _link(path: Path, target: Path) -> None:
    """Make a file available in another folder, without a copy where the file system can."""
    try:
        os.link(path, target)
    except OSError:
        shutil.copy2(path, target)
