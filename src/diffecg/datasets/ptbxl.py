"""PTB-XL as released: patients, folds, statements and diagnostic superclasses of its recordings.

Wagner et al. (2020), Scientific Data 7:154. Every recording is there at 100 Hz (``records100``) and at 500 Hz
(``records500``). The authors recommend folds 1 to 8 for training, 9 for validation and 10 for testing; all
recordings of a patient are in one fold.
"""

from __future__ import annotations

import ast
import io
from collections.abc import Sequence

import numpy as np
import pandas as pd

from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.datasets.subject_table import SubjectTable
from diffecg.errors import DiffecgError, one_line

DATABASE, STATEMENTS = "ptbxl_database.csv", "scp_statements.csv"
LABEL_MAP = "ptbxl-superclasses"
"""Name of the labels: each diagnostic superclass of which a recording has a statement, of any likelihood."""

FOLDER_OF_RATE = {100.0: ("records100", "filename_lr"), 500.0: ("records500", "filename_hr")}
"""Folder of the recordings at a sampling rate in Hz, and the column of their names in the table."""

VALIDATION_FOLD, TEST_FOLD = 9, 10

NUMBERS = {"age": "age", "sex": "sex", "height": "height_cm", "weight": "weight_kg"}
"""Columns of the table with numbers, and their names here: age in years, sex (0 male, 1 female), height in cm
and weight in kg."""
OLDEST = 90.0
"""Age in years of those who are older than 89; the table states 300."""


def subject_table(folder: RecordingFolder, fs_hz: float) -> SubjectTable:
    """Return the recordings with their patients, partitions, superclasses, statements and numbers.

    Args:
        folder: the folder of the release; one of ``records100`` and ``records500`` may be missing.
        fs_hz: sampling rate that the recordings are needed at. They are those of the lowest rate that is at
            least this, else those of the highest.

    Raises:
        DiffecgError: a table or both folders of recordings are missing, a table is damaged, or a patient is
            in two partitions.
    """
    folder.check()
    recordings = _read_table(folder, DATABASE)
    column = _column_of_names(folder, fs_hz)
    superclasses = _superclasses(folder)
    try:
        names = recordings[column].tolist()
        subjects = [str(int(float(patient))) for patient in recordings["patient_id"]]
        partitions = [_partition(int(fold)) for fold in recordings["strat_fold"]]
        statements = [tuple(ast.literal_eval(codes)) for codes in recordings["scp_codes"]]
        labels = [_labels(codes, superclasses) for codes in statements]
        numbers = _numbers(recordings)
    except (KeyError, ValueError, SyntaxError) as error:
        raise DiffecgError(
            f"{folder.url}/{DATABASE} is not the table of PTB-XL 1.0.3 ({one_line(error)}); download it again"
        ) from error
    of_subject = dict(zip(subjects, partitions, strict=True))
    for subject, partition in zip(subjects, partitions, strict=True):
        if of_subject[subject] != partition:
            raise DiffecgError(
                f"{folder.url}/{DATABASE} has recordings of patient {subject} in the partitions {partition} "
                f"and {of_subject[subject]}; use the table as released, in which a patient is in one fold"
            )
    return SubjectTable(
        subjects=dict(zip(names, subjects, strict=True)),
        partitions=of_subject,
        labels=dict(zip(names, labels, strict=True)),
        label_map=LABEL_MAP,
        statements={
            name: (*classes, *(code for code in codes if code not in classes))
            for name, classes, codes in zip(names, labels, statements, strict=True)
        },
        numbers=dict(zip(names, numbers, strict=True)),
    )


def _read_table(folder: RecordingFolder, name: str) -> pd.DataFrame:
    """Return a table of the release, its cells as text."""
    try:
        content = folder.filesystem.cat_file(f"{folder.root}/{name}")
        return pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise DiffecgError(
            f"{folder.url} has no {name}; give the folder of PTB-XL 1.0.3 as released with --from, or use "
            "--download"
        ) from None
    except (OSError, ValueError) as error:
        raise DiffecgError(f"{folder.url}/{name} cannot be read as CSV ({one_line(error)})") from error


def _column_of_names(folder: RecordingFolder, fs_hz: float) -> str:
    """Return the column with the names of the recordings that are used."""
    present = {
        rate: column
        for rate, (name, column) in FOLDER_OF_RATE.items()
        if folder.filesystem.isdir(f"{folder.root}/{name}")
    }
    if not present:
        names = " nor ".join(name for name, _ in FOLDER_OF_RATE.values())
        raise DiffecgError(
            f"{folder.url} has neither {names}; give the folder of PTB-XL 1.0.3 as released with --from, or "
            "use --download"
        )
    return present[min((rate for rate in present if rate >= fs_hz), default=max(present))]


def _superclasses(folder: RecordingFolder) -> dict[str, str]:
    """Return the superclass of each diagnostic statement: NORM, MI, STTC, CD or HYP."""
    statements = _read_table(folder, STATEMENTS)
    try:
        diagnostic = statements[statements["diagnostic_class"] != ""]
        return dict(zip(diagnostic.iloc[:, 0], diagnostic["diagnostic_class"], strict=True))
    except KeyError as error:
        raise DiffecgError(
            f"{folder.url}/{STATEMENTS} is not the table of PTB-XL 1.0.3 ({one_line(error)}); download it "
            "again"
        ) from error


def _labels(codes: Sequence[str], superclasses: dict[str, str]) -> tuple[str, ...]:
    """Return the superclasses of the statements of a recording, in alphabetical order."""
    return tuple(sorted({superclasses[code] for code in codes if code in superclasses}))


def _numbers(recordings: pd.DataFrame) -> list[dict[str, float]]:
    """Return the numbers of each recording, NaN where the table has none."""
    columns = {
        name: recordings[column].replace("", "nan").astype(float).to_numpy()
        for column, name in NUMBERS.items()
        if column in recordings
    }
    if "age" in columns:
        columns["age"] = np.minimum(columns["age"], OLDEST)
    return [{name: float(values[row]) for name, values in columns.items()} for row in range(len(recordings))]


def _partition(fold: int) -> str:
    if not 1 <= fold <= TEST_FOLD:
        raise ValueError(f"fold {fold}")
    return {VALIDATION_FOLD: "validation", TEST_FOLD: "test"}.get(fold, "train")
