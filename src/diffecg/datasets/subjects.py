"""Which recordings are used, and in which partition: a user's table of subjects, or that of a database."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pandas as pd

from diffecg.datasets import cinc2015, ptbxl
from diffecg.datasets.databases import FOLDS, RECORDINGS, SUBJECTS
from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.datasets.splits import Split, split, split_by_partition, split_by_subject
from diffecg.datasets.subject_table import SubjectTable
from diffecg.datasets.windows import PARTITIONS
from diffecg.errors import DiffecgError, one_line

COLUMNS = {
    "recording": ("recording", "record"),
    "subject": ("subject", "person", "patient"),
    "partition": ("partition", "split"),
}
"""Columns of a table of subjects, each with the names under which it is found; the partition is optional."""
LABELS, LABEL_SEPARATOR = "labels", ";"
"""Column of the labels of a recording, and what separates them."""


def read_subjects(path: Path) -> SubjectTable:
    """Return the subjects of a CSV file with the columns recording and subject, and optionally partition.

    A column ``labels`` holds the labels of each recording, separated by semicolons. Other columns in which
    every cell is a number or empty are numbers that describe the recordings, such as ``age``.

    Raises:
        DiffecgError: the file cannot be read, has an empty cell or an unknown partition, or gives a recording
            two subjects or a subject two partitions.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            first = file.readline()
        separator = max(",;\t", key=first.count)
        table = pd.read_csv(path, dtype=str, keep_default_na=False, sep=separator, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise DiffecgError(f"{path} cannot be read as CSV ({one_line(error)})") from error
    columns = _columns(path, table)
    subjects: dict[str, str] = {}
    partitions: dict[str, str] = {}
    for line, cells in enumerate(zip(*(table[name] for name in columns.values()), strict=True), 2):
        recording, subject, *partition = (cell.strip() for cell in cells)
        if not (recording and subject):
            raise DiffecgError(
                f"{path}, line {line}: recording {recording!r}, subject {subject!r}; both are required"
            )
        name = str(PurePosixPath(recording))  # ./100 and 100 are the same recording
        if subjects.setdefault(name, subject) != subject:
            raise DiffecgError(f"{path} lists two subjects of recording {name}; a recording has one")
        if not partition:
            continue
        if partition[0] not in PARTITIONS:
            raise DiffecgError(
                f"{path}, line {line}: unknown partition {partition[0]!r}; choose one of "
                f"{', '.join(PARTITIONS)}"
            )
        if partitions.setdefault(subject, partition[0]) != partition[0]:
            raise DiffecgError(
                f"{path}, line {line}: subject {subject} is in the partitions {partitions[subject]} and "
                f"{partition[0]}; all recordings of a subject must be in one"
            )
    if not subjects:
        raise DiffecgError(f"{path} lists no recordings")
    names = [str(PurePosixPath(cell.strip())) for cell in table[columns["recording"]]]
    return SubjectTable(
        subjects=subjects,
        partitions=partitions,
        statements=_statements(table, names),
        numbers=_numbers(table.drop(columns=list(columns.values())), names),
    )


def _statements(table: pd.DataFrame, names: list[str]) -> dict[str, tuple[str, ...]]:
    """Return the labels of each recording, if the table has them."""
    column = next((name for name in table.columns if str(name).strip().lower() == LABELS), None)
    if column is None:
        return {}
    cells = [[label.strip() for label in cell.split(LABEL_SEPARATOR)] for cell in table[column]]
    return {name: tuple(filter(None, labels)) for name, labels in zip(names, cells, strict=True)}


def _numbers(table: pd.DataFrame, names: list[str]) -> dict[str, dict[str, float]]:
    """Return the numbers of each recording: those of the columns that hold nothing else; NaN = unknown."""
    columns = {
        str(name).strip().lower(): pd.to_numeric(cells.str.strip().replace("", "nan"), errors="coerce")
        for name, cells in table.items()
    }
    filled = {str(name).strip().lower(): cells.str.strip().ne("").sum() for name, cells in table.items()}
    numeric = {name: cells for name, cells in columns.items() if cells.notna().sum() == filled[name] > 0}
    return {
        recording: {name: float(cells.iloc[row]) for name, cells in numeric.items()}
        for row, recording in enumerate(names)
    }


def _columns(path: Path, table: pd.DataFrame) -> dict[str, str]:
    """Return the column of the recording, the subject and, if there is one, the partition."""
    names = {str(name).strip().lower(): str(name) for name in table.columns}
    found = {
        column: names[alias]
        for column, aliases in COLUMNS.items()
        for alias in aliases[::-1]
        if alias in names
    }
    if not {"recording", "subject"} <= set(found):
        raise DiffecgError(
            f"{path} has the columns {', '.join(map(str, table.columns))}; it needs the columns recording, "
            "subject, and optionally partition"
        )
    return found


def subjects_of(
    folder: RecordingFolder,
    split_name: str,
    subjects: SubjectTable | None = None,
    *,
    fs_hz: float,
) -> SubjectTable:
    """Return the recordings to use, with their subjects.

    Args:
        folder: the recordings.
        split_name: name of the split.
        subjects: the recordings to use, with their subjects, for the split ``subjects``; None: all
            recordings, each of a different subject.
        fs_hz: sampling rate that the recordings are needed at; databases may have them at several.

    Raises:
        DiffecgError: the folder is missing or has no recordings; the split does not take subjects.
    """
    if subjects is None and split_name == FOLDS:
        return ptbxl.subject_table(folder, fs_hz)
    if subjects is None and split_name == RECORDINGS:
        return cinc2015.subject_table(folder)
    if subjects is None:
        return SubjectTable.of_recordings(folder.names())
    if split_name != SUBJECTS:
        raise DiffecgError(
            f"the split {split_name!r} defines its own subjects; leave out --subjects, or use the database "
            "own"
        )
    folder.check()
    return subjects


def make_split(split_name: str, table: SubjectTable) -> Split:
    """Return the split with a name; ``subjects``, ``recordings`` and ``folds`` are made from the table.

    If no subject is in the partition validation, it consists of the ends of the rounds of the training
    recordings, as in the split ``strict``.

    Raises:
        DiffecgError: an unknown split.
    """
    if split_name not in (SUBJECTS, RECORDINGS, FOLDS):
        return split(split_name)
    if not table.partitions:
        return split_by_subject(table.subjects, split_name).with_validation()
    assigned = {recording: table.partitions[subject] for recording, subject in table.subjects.items()}
    return split_by_partition(assigned, split_name).with_validation()
