"""Tables without a header, as Kaggle's heartbeat files: one window in each row, its class in the last column.

https://www.kaggle.com/datasets/shayanfazeli/heartbeat: 187 samples at 125 Hz, scaled to 0 to 1. In the files
``mitbih_*`` the classes 0 to 4 are N, S, V, F and Q of AAMI EC57; in ``ptbdb_*`` 0 is normal and 1 abnormal.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float, Shaped

from diffecg.datasets.formats.content import LABEL, FileContent
from diffecg.datasets.labels import AAMI_LABELS, UNKNOWN
from diffecg.errors import DiffecgError

SAMPLES = 187
"""Samples of a window in Kaggle's files."""
FS_HZ = 125.0
"""Their sampling rate, in Hz."""
AAMI_FILES = "mitbih"
"""First letters of the names of files whose classes are those of AAMI."""


def has_header(path: Path) -> bool:
    """Return whether the first line of a table names its columns; names that are numbers count up from 0."""
    with path.open(encoding="utf-8", errors="replace") as file:
        cells = file.readline().strip().split(",")
    try:
        numbers = [float(cell.strip('" \ufeff')) for cell in cells]
    except ValueError:
        return True
    return numbers == list(range(len(numbers)))


def read_without_header(path: Path) -> FileContent:
    """Read a table without a header, and state how it is interpreted.

    Raises:
        DiffecgError: a cell is not a number; the last column may be a class, or its classes are not those of
            Kaggle's files.
    """
    # Python's float parser: the one of pandas crashes on exponents of many digits.
    table = pd.read_csv(path, header=None, float_precision="round_trip")
    try:
        values = table.to_numpy(dtype=np.float64)
    except ValueError as error:
        raise DiffecgError(
            f"{path} has no header and a cell that is not a number ({error}); name the columns in the "
            "first line"
        ) from None
    samples, last = values[:, :-1], values[:, -1]
    if not _is_class(samples, last):
        note = f"{path.name} has no header: each row is read as a window of {values.shape[1]} samples"
        return FileContent(signal=values, columns={}, assumptions=(note,))
    if samples.shape[1] != SAMPLES:
        raise DiffecgError(
            f"{path} has no header and whole numbers in its last column, which may be a class; name the "
            f"columns in the first line, the class {LABEL[1]!r}"
        )
    labels, note = _labels(path, last)
    notes = [f"{path.name} has no header and is read as Kaggle's heartbeat files: {note}"]
    if samples.min() >= 0 and samples.max() <= 1:
        notes.append(f"the samples of {path.name} are between 0 and 1: probably scaled, and not in mV")
    columns: dict[str, Any] = {LABEL[1]: labels}
    return FileContent(signal=samples, columns=columns, default_fs_hz=FS_HZ, assumptions=tuple(notes))


def _is_class(samples: Float[np.ndarray, "window time"], last: Float[np.ndarray, " window"]) -> bool:
    """Return whether the last column has whole numbers, unlike the samples."""
    return bool((last == np.rint(last)).all() and (last >= 0).all() and (samples != np.rint(samples)).any())


def _labels(path: Path, classes: Float[np.ndarray, " window"]) -> tuple[Shaped[np.ndarray, " window"], str]:
    """Return the label of each window, and how the classes are interpreted."""
    if classes.max() >= len(AAMI_LABELS):
        raise DiffecgError(
            f"{path} has the class {classes.max():.0f} in its last column; the classes of Kaggle's heartbeat "
            f"files are 0 to {len(AAMI_LABELS) - 1}; name the columns in the first line and the classes by "
            "their labels"
        )
    if classes.max() < 2 and not path.name.startswith(AAMI_FILES):
        return (
            np.full(len(classes), UNKNOWN),
            "the classes 0 and 1 may be N and S, or normal and abnormal, so the labels are unknown; name the "
            f"file {AAMI_FILES}… if they are N and S",
        )
    meaning = ", ".join(f"{i} {label}" for i, label in enumerate(AAMI_LABELS))
    return np.array(AAMI_LABELS)[classes.astype(int)], f"the last column is the class ({meaning})"
