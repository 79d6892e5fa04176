"""Reading and writing recordings: the suffix of a path selects the format.

A format is a module of this package with two functions, ``read(path, *, fs_hz, unit)`` and ``write(path,
recording)``, and an entry in :data:`FORMATS`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from diffecg.errors import DiffecgError
from diffecg.formats.recording import Recording
from diffecg.signal.channels import MV_PER_UNIT


@dataclass(frozen=True, kw_only=True)
class Format:
    """A file format of recordings."""

    name: str
    """Value of ``--format``."""
    module: str
    """Module with ``read`` and ``write``; imported when it is first used."""
    suffixes: tuple[str, ...]
    """Suffixes of its files; the first is that of written ones."""

    def read(self, path: Path, *, fs_hz: float | None = None, unit: str | None = None) -> Recording:
        """Read a recording; arguments as for :func:`read_recording`."""
        recording: Recording = import_module(self.module).read(path, fs_hz=fs_hz, unit=unit)
        return recording

    def write(self, path: Path, recording: Recording) -> None:
        """Write a recording."""
        import_module(self.module).write(path, recording)


FORMATS = (
    Format(name="wfdb", module="diffecg.formats.wfdb", suffixes=("", ".hea", ".dat", ".atr")),
    Format(name="edf", module="diffecg.formats.edf", suffixes=(".edf",)),
    Format(name="bdf", module="diffecg.formats.edf", suffixes=(".bdf",)),
    Format(name="csv", module="diffecg.formats.table", suffixes=(".csv",)),
    Format(name="parquet", module="diffecg.formats.table", suffixes=(".parquet",)),
    Format(name="npz", module="diffecg.formats.arrays", suffixes=(".npz",)),
    Format(name="npy", module="diffecg.formats.arrays", suffixes=(".npy",)),
)
"""The formats of recordings."""

BY_SUFFIX = {suffix: format for format in FORMATS for suffix in format.suffixes}
"""The format of each suffix."""


def read_recording(path: str | Path, *, fs_hz: float | None = None, unit: str | None = None) -> Recording:
    """Read a recording; the suffix of its path selects the format.

    None, ``.hea``, ``.dat``: WFDB. ``.edf``, ``.bdf``. ``.csv``, ``.parquet``: one column for each lead, and a
    time column unless ``fs_hz`` is given. ``.npz``, ``.npy``: arrays (time) or (lead, time).

    Args:
        path: the file.
        fs_hz: sampling rate in Hz, for tables and arrays that do not contain it.
        unit: unit of leads whose unit is not in the file; None: mV.

    Raises:
        DiffecgError: the file is missing, truncated, damaged or inconsistent; an unknown rate or unit.
    """
    path = Path(path)
    if unit is not None and unit not in MV_PER_UNIT:
        raise DiffecgError(f"unknown unit {unit!r}; choose one of {', '.join(MV_PER_UNIT)}")
    return BY_SUFFIX.get(path.suffix.lower(), BY_SUFFIX[""]).read(path, fs_hz=fs_hz, unit=unit)


def write_recording(path: str | Path, recording: Recording) -> Path:
    """Write a recording and return its path; the suffix selects the format, none is WFDB.

    Stored integers are written unchanged to WFDB and EDF, stored floats unchanged to tables and arrays.
    Otherwise samples are converted: integers to the leads' units, floats to integers of the finest steps that
    the format allows (WFDB: 10 nV). Annotations of tables go into ``NAME_annotations.csv``.

    Args:
        path: no suffix, ``.edf``, ``.bdf``, ``.csv``, ``.parquet``, ``.npz`` or ``.npy``.
        recording: the recording.

    Raises:
        DiffecgError: an unknown suffix; samples that do not fit into the format.
    """
    path = Path(path)
    written = {format.suffixes[0]: format for format in FORMATS}
    if path.suffix not in written:
        known = ", ".join(suffix or "none (WFDB)" for suffix in written)
        raise DiffecgError(f"unknown suffix {path.suffix!r}; choose one of {known}")
    written[path.suffix].write(path, recording)
    return path


def file_name(recording: Recording, suffix: str) -> str:
    """Return the name of a recording's file; WFDB allows only letters, digits, ``-`` and ``_``."""
    return recording.name + suffix if suffix else re.sub(r"[^\w-]", "_", recording.name)
