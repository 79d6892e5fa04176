"""Tables and arrays in: CSV and Parquet with a column a lead, NumPy files."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diffecg.errors import DiffecgError, one_line
from diffecg.formats.annotation_table import (
    ANNOTATIONS,
    load_csv,
    read_annotation_table,
    write_annotation_table,
)
from diffecg.formats.recording import MAX_ABS_VALUE, Recording
from diffecg.formats.time_axis import TIME_COLUMN, column_seconds, sample_grid
from diffecg.signal.channels import make_channels

_LEAD = re.compile(r"^(?P<name>.*\S)(?:\s*[\[(](?P<unit>[^\])]*)[\])]|_(?P<suffix>mV|mv|uV|uv|V))$")

_NO_VOLTAGE = re.compile(r"(?i)(pleth|ppg|resp|abp|art|spo2|acc|temp|eda|hr|marker|event|label)")
"""Begins the names of what is recorded beside an ECG."""

_UNIT = {"mv": "mV", "uv": "uV"}


def read(path: Path, *, fs_hz: float | None = None, unit: str | None = None) -> Recording:
    """Read a CSV or Parquet file; see :func:`from_frame`.

    Raises:
        DiffecgError: the file is missing or damaged; it holds no numbers; its rate is unknown or times are
            uneven.
    """
    loaders: dict[str, Callable[[Path], pd.DataFrame]] = {".csv": load_csv, ".parquet": pd.read_parquet}
    return from_frame(load_file(path, loaders[path.suffix.lower()]), path, fs_hz, unit or "mV")


def load_file(path: Path, load: Callable[[Path], Any]) -> Any:
    """Return what a library's reader makes of a file.

    Raises:
        DiffecgError: the file is missing, or the reader fails, for whatever reason.
    """
    if not path.is_file():
        raise DiffecgError(f"no file at {path}")
    try:
        return load(path)
    except Exception as error:  # the libraries raise whatever their parsing ran into
        suffix = path.suffix.lower()[1:].upper()
        raise DiffecgError(f"{path} cannot be read as {suffix} ({one_line(error)})") from error


def from_frame(table: pd.DataFrame, path: Path, fs_hz: float | None, unit: str) -> Recording:
    """Return the recording in a table with a column a lead.

    The rate comes from the column of time (``time``, ``t``, ``time_s``, ``time_ms``, …; seconds, or dates)
    unless ``fs_hz`` is given. Times that are left out are missing samples. A lead's unit is told by its
    column: ``II (mV)``, ``II [uV]``, ``II_uV``.

    Args:
        table: the table; columns that hold no numbers are passed over.
        path: what to call it.
        fs_hz: sampling rate in Hz; needed where there is no time.
        unit: unit of leads that do not tell.

    Raises:
        DiffecgError: it holds no numbers; its rate is unknown or times are uneven.
    """
    columns, rate, start = _timed(table, path, fs_hz)
    return recording_from_columns(columns, path, fs_hz or rate, unit, start)


def recording_from_columns(
    columns: dict[str, NDArray[Any]],
    path: Path,
    rate: float | None,
    unit: str,
    start: tuple[date | None, time | None] = (None, None),
) -> Recording:
    if rate is None:
        raise DiffecgError(f"{path} has no column of time and tells no rate; give it in Hz with --fs")
    if not columns or not len(next(iter(columns.values()))):
        raise DiffecgError(f"{path} holds no column of numbers besides time")
    named = [_lead(name, unit) for name in columns]
    leads = tuple(name for name, _ in named)
    if len(set(leads)) < len(leads):
        raise DiffecgError(f"{path} names a lead twice: {', '.join(leads)}")
    with np.errstate(over="ignore"):  # of long doubles
        stored = np.stack([np.asarray(column, dtype=np.float64) for column in columns.values()])
    if (np.abs(stored) > MAX_ABS_VALUE).any():
        raise DiffecgError(
            f"{path} holds infinite samples, or beyond {MAX_ABS_VALUE:g}; leave missing samples empty (NaN)"
        )
    return Recording(
        name=path.stem,
        fs_hz=float(rate),
        channels=make_channels(leads, [unit for _, unit in named]),
        stored=stored,
        gain=(1.0,) * len(leads),
        baseline=(0.0,) * len(leads),
        missing=np.isnan(stored),
        path=path,
        start=start,
        load_annotations=partial(read_annotation_table, path.with_name(path.stem + ANNOTATIONS)),
    )


def _timed(
    table: pd.DataFrame, path: Path, fs_hz: float | None
) -> tuple[dict[str, NDArray[Any]], float | None, tuple[date | None, time | None]]:
    """Return the columns of leads on an even grid, the rate, and the start if the times are dates."""
    table = table.rename(columns=str)
    if table.columns.has_duplicates:
        raise DiffecgError(f"{path} names a column twice: {', '.join(table.columns)}")
    names = [name for name in table.columns if TIME_COLUMN.match(name)]
    leads = [
        name
        for name in table.columns
        if name not in names
        and not name.startswith("Unnamed")
        and pd.api.types.is_numeric_dtype(table[name])
        and not pd.api.types.is_bool_dtype(table[name])
    ]
    columns: dict[str, NDArray[Any]] = {
        name: table[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in leads
    }
    if not names or not leads or len(table) < 2:
        return columns, None, (None, None)
    seconds, first = column_seconds(table[names[0]], names[0], path)
    place, rate = sample_grid(seconds, path, names[0], fs_hz)
    start = (None, None) if first is None else (first.date(), first.time())
    spread: dict[str, NDArray[Any]] = {name: np.full(place[-1] + 1, np.nan) for name in leads}
    for name in leads:
        spread[name][place] = columns[name]
    return spread, rate, start


def _lead(column: str, unit: str) -> tuple[str, str]:
    """Return name and unit of a column of samples."""
    match = _LEAD.match(column.strip())
    if match is None:
        name = column.strip()
        return name, "NU" if _NO_VOLTAGE.match(name) else unit
    found = match["unit"] if match["unit"] is not None else match["suffix"]
    return match["name"], _UNIT.get(found.lower(), found)


def write(path: Path, recording: Recording) -> None:
    """Write a CSV or Parquet file with a time column and one column for each channel."""
    table = _in_units(recording)
    day, moment = recording.start
    seconds = np.arange(len(table)) / recording.fs_hz
    if day is not None and moment is not None:
        table.insert(0, "time", datetime.combine(day, moment) + pd.to_timedelta(seconds, unit="s"))
    else:
        table.insert(0, "time_s", np.round(seconds, 9))
    if path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    else:
        table.to_csv(path, index=False)
    write_annotation_table(path, recording)


def _in_units(recording: Recording) -> pd.DataFrame:
    """Return the leads in their units as columns ``lead (unit)``; NaN = missing."""
    names = [f"{lead} ({unit})" for lead, unit in zip(recording.leads, recording.units, strict=True)]
    return pd.DataFrame(recording.signal.T, columns=names)
