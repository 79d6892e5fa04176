"""Who takes which part: the split of a database, or of one's own subjects."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pandas as pd

from diffecg.datasets.databases import SUBJECTS
from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.datasets.splits import Split, split, split_by_subject
from diffecg.errors import DiffecgError


def read_subjects(path: Path) -> dict[str, str]:
    """Return the recordings that take part and the subject of each, from a CSV file with these columns.

    Raises:
        DiffecgError: it is no such file, tells two subjects of a recording, or leaves a cell empty.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise DiffecgError(f"{path} cannot be read as CSV ({' '.join(str(error).split())})") from error
    if not {"recording", "subject"} <= set(table.columns):
        raise DiffecgError(
            f"{path} has the columns {', '.join(table.columns)}; recording, subject are needed"
        )
    subjects: dict[str, str] = {}
    for row, (recording, subject) in enumerate(zip(table["recording"], table["subject"], strict=True), 2):
        name = str(PurePosixPath(recording.strip()))  # one spelling, or a recording might be two subjects's
        if not (recording.strip() and subject.strip()):
            raise DiffecgError(
                f"{path}, line {row}: recording {recording!r}, subject {subject!r}; both are needed"
            )
        if subjects.setdefault(name, subject.strip()) != subject.strip():
            raise DiffecgError(f"{path} tells two subjects of recording {name}")
    if not subjects:
        raise DiffecgError(f"{path} is empty")
    return subjects


def included_recordings(
    source: RecordingFolder, split_name: str, subjects: dict[str, str] | None = None
) -> dict[str, str]:
    """Return the recordings to cut, and the subject of each.

    Args:
        source: where they are.
        split_name: one of ``data/splits.py``.
        subjects: of one's own: the recordings that take part and the subject of each; None: all recordings, each
            of a subject of its own.

    Raises:
        DiffecgError: there is no folder, or no recording in it; subjects are told where the split knows them.
    """
    if subjects is not None and split_name != SUBJECTS:
        raise DiffecgError(
            f"the split {split_name!r} knows its subjects; they are told of one's own recordings only"
        )
    if subjects is None:
        return {name: name for name in source.names()}
    source.check()
    return subjects


def split_for(split_name: str, subjects: dict[str, str]) -> Split:
    """Return the part that each recording plays.

    Raises:
        DiffecgError: an unknown split.
    """
    return split_by_subject(subjects) if split_name == SUBJECTS else split(split_name)
