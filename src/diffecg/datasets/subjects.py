"""Recordings and their subjects."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pandas as pd

from diffecg.datasets.databases import SUBJECTS
from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.datasets.splits import Split, split, split_by_subject
from diffecg.errors import DiffecgError, one_line


def read_subjects(path: Path) -> dict[str, str]:
    """Return the subject of each recording, from a CSV file with the columns recording and subject.

    Raises:
        DiffecgError: the file cannot be read, has an empty cell, or gives a recording two subjects.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise DiffecgError(f"{path} cannot be read as CSV ({one_line(error)})") from error
    if not {"recording", "subject"} <= set(table.columns):
        raise DiffecgError(
            f"{path} has the columns {', '.join(table.columns)}; it needs the columns recording, subject"
        )
    subjects: dict[str, str] = {}
    for line, (recording, subject) in enumerate(zip(table["recording"], table["subject"], strict=True), 2):
        if not (recording.strip() and subject.strip()):
            raise DiffecgError(
                f"{path}, line {line}: recording {recording!r}, subject {subject!r}; both are required"
            )
        name = str(PurePosixPath(recording.strip()))  # ./100 and 100 are the same recording
        if subjects.setdefault(name, subject.strip()) != subject.strip():
            raise DiffecgError(f"{path} lists two subjects of recording {name}; a recording has one")
    if not subjects:
        raise DiffecgError(f"{path} lists no recordings")
    return subjects


def subjects_of(
    folder: RecordingFolder, split_name: str, subjects: dict[str, str] | None = None
) -> dict[str, str]:
    """Return the recordings to use, each with its subject.

    Args:
        folder: the recordings.
        split_name: name of the split.
        subjects: the recordings to use, each with its subject, for the split ``subjects``; None: all
            recordings, each of a different subject.

    Raises:
        DiffecgError: the folder is missing or has no recordings; the split does not take subjects.
    """
    if subjects is None:
        return {name: name for name in folder.names()}
    if split_name != SUBJECTS:
        raise DiffecgError(
            f"the split {split_name!r} defines its own subjects; leave out --subjects, or use the database "
            "own"
        )
    folder.check()
    return subjects


def make_split(split_name: str, subjects: dict[str, str]) -> Split:
    """Return the split with a name; ``subjects`` is made from the subject of each recording.

    Raises:
        DiffecgError: an unknown split.
    """
    return split_by_subject(subjects) if split_name == SUBJECTS else split(split_name)
