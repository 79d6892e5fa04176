"""RecordingFolder by format: the suffix of a path selects the reader and the writer."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from diffecg.errors import DiffecgError
from diffecg.formats.arrays import write_array
from diffecg.formats.edf import write_edf
from diffecg.formats.recording import EDF, MV_PER_UNIT, TABLES, Recording
from diffecg.formats.table import write_table
from diffecg.formats.wfdb import write_wfdb_recording


def read_recording(path: str | Path, *, fs_hz: float | None = None, unit: str | None = None) -> Recording:
    """Return the recording at ``path``; its suffix tells the format.

    None, ``.hea``, ``.dat``: WFDB. ``.edf``, ``.bdf``. ``.csv``, ``.parquet``: a column a lead, and one of
    time unless ``fs_hz`` is given. ``.npz``, ``.npy``: arrays (time) or (lead, time).

    Args:
        path: the file.
        fs_hz: sampling rate in Hz, for tables and arrays that do not tell it.
        unit: unit of leads whose unit the file does not tell; None: mV.

    Raises:
        DiffecgError: there is no such file; it is truncated, damaged, or contradicts itself; an unknown
            suffix, rate or unit.
    """
    path = Path(path)
    if unit is not None and unit not in MV_PER_UNIT:
        raise DiffecgError(f"unknown unit {unit!r}; choose one of {', '.join(MV_PER_UNIT)}")
    if path.suffix.lower() in EDF:
        from diffecg.formats.edf import read_edf

        return read_edf(path)
    if path.suffix.lower() in TABLES:
        from diffecg.formats.table import read_table

        return read_table(path, fs_hz, unit or "mV")
    from diffecg.formats.wfdb import read_wfdb

    return read_wfdb(path)


def write_recording(path: str | Path, recording: Recording) -> Path:
    """Write a recording and return the path; its suffix tells the format: none is WFDB.

    What is stored as integers stays the same integers in WFDB and EDF; what is stored as numbers stays the
    same numbers in tables and arrays. Integers become numbers in the leads' units in the one, and numbers
    integers in the other, of steps as fine as the format allows (WFDB 10 nV). Annotations of tables go into
    ``NAME_annotations.csv``.

    Args:
        path: where to: no suffix, ``.edf``, ``.bdf``, ``.csv``, ``.parquet``, ``.npz`` or ``.npy``.
        recording: what to write.

    Raises:
        DiffecgError: an unknown suffix; samples that do not fit into the format.
    """
    path = Path(path)
    if path.suffix not in WRITERS:
        known = ", ".join(name or "none (WFDB)" for name in WRITERS)
        raise DiffecgError(f"unknown suffix {path.suffix!r}; choose one of {known}")
    WRITERS[path.suffix](path, recording)
    return path


def file_name(recording: Recording, suffix: str) -> str:
    """Return the name of a recording's file in a format; WFDB allows but letters, digits, - and _."""
    return recording.name + suffix if suffix else re.sub(r"[^\w-]", "_", recording.name)


WRITERS: dict[str, Callable[[Path, Recording], None]] = {
    "": write_wfdb_recording,
    ".edf": write_edf,
    ".bdf": write_edf,
    ".csv": write_table,
    ".parquet": write_table,
    ".npz": write_array,
    ".npy": write_array,
}
