"""Read and write recordings; the suffix of the path selects the format.

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
    """Module with ``read`` and ``write``, imported on first use."""
    suffixes: tuple[str, ...]
    """Suffixes that are read; the first one is written."""

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
"""All formats."""

_READERS = {suffix: format for format in FORMATS for suffix in format.suffixes}
_WRITERS = {format.suffixes[0]: format for format in FORMATS}

SUFFIXES = tuple(_WRITERS)
"""Suffixes that can be written; the empty one is WFDB."""


def read_recording(path: str | Path, *, fs_hz: float | None = None, unit: str | None = None) -> Recording:
    """Read a recording; the suffix of the path selects the format.

    - no suffix, ``.hea``, ``.dat``, ``.atr``: WFDB;
    - ``.edf``, ``.bdf``: EDF+ and BDF+;
    - ``.csv``, ``.parquet``: one column for each channel, and a time column unless ``fs_hz`` is given;
    - ``.npz``, ``.npy``: arrays with axes (time) or (channel, time).

    Args:
        path: the file.
        fs_hz: sampling rate, in Hz. It overrides the rate of CSV, Parquet and NumPy files, and is required
            where they do not contain one. WFDB, EDF and BDF files state their rate; it is ignored for them.
        unit: unit of the channels of tables and arrays that do not name one; None: mV.

    Raises:
        DiffecgError: the file is missing, truncated, damaged or inconsistent; its sampling rate is unknown;
            an unknown unit.
    """
    path = Path(path)
    if unit is not None and unit not in MV_PER_UNIT:
        raise DiffecgError(f"unknown unit {unit!r}; choose one of {', '.join(MV_PER_UNIT)}")
    return _READERS.get(path.suffix.lower(), _READERS[""]).read(path, fs_hz=fs_hz, unit=unit)


def write_recording(path: str | Path, recording: Recording) -> Path:
    """Write a recording and return its path; the suffix selects the format, no suffix is WFDB.

    Stored integers are written unchanged to WFDB, EDF and BDF, stored floats unchanged to tables and arrays.
    Otherwise samples are converted: integers to the channels' units, floats to integers of the finest
    resolution of the format (WFDB: 10 nV). Tables and arrays keep annotations in ``NAME_annotations.csv``.

    Args:
        path: path without suffix, or with ``.edf``, ``.bdf``, ``.csv``, ``.parquet``, ``.npz`` or ``.npy``.
        recording: the recording.

    Raises:
        DiffecgError: an unknown suffix; samples that are out of range for the format.
    """
    path = Path(path)
    if path.suffix not in _WRITERS:
        choices = ", ".join(suffix or "none (WFDB)" for suffix in SUFFIXES)
        raise DiffecgError(f"unknown suffix {path.suffix!r}; choose one of {choices}")
    _WRITERS[path.suffix].write(path, recording)
    return path


def file_name(recording: Recording, suffix: str) -> str:
    """Return the file name of a recording; WFDB allows only letters, digits, ``-`` and ``_``."""
    return recording.name + suffix if suffix else re.sub(r"[^\w-]", "_", recording.name)
