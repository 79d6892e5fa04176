"""Recordings in CSV and Parquet tables, one column for each channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float, Shaped

from diffecg.errors import DiffecgError, one_line
from diffecg.formats.annotation_table import (
    ANNOTATIONS,
    read_annotation_table,
    read_csv,
    write_annotation_table,
)
from diffecg.formats.file_time import FileTime
from diffecg.formats.options import ReadOptions
from diffecg.formats.recording import Recording
from diffecg.formats.samples import ArraySource
from diffecg.formats.time_axis import TIME_COLUMN, column_seconds, sample_grid
from diffecg.signal.channel_kinds import channel_kind
from diffecg.signal.channels import make_channels, repeated
from diffecg.signal.column_names import split_column

MAX_ABS_VALUE = 1e30
"""Largest plausible sample, in its unit; float32 ends at 3e38."""

_Start = tuple[date | None, time | None]


def read(path: Path, options: ReadOptions) -> Recording:
    """Read a CSV or Parquet file; see :func:`recording_from_frame`.

    Raises:
        DiffecgError: the file is missing or damaged; it has no numeric column; its sampling rate is unknown
            or its times are uneven.
    """
    loaders: dict[str, Callable[[Path], pd.DataFrame]] = {".csv": read_csv, ".parquet": pd.read_parquet}
    frame = load_file(path, loaders[path.suffix.lower()])
    return recording_from_frame(frame, path, options.fs_hz, "")


def load_file(path: Path, load: Callable[[Path], Any]) -> Any:
    """Load a file with another library's reader and translate its exceptions.

    Raises:
        DiffecgError: the file is missing, or the reader fails for any reason.
    """
    if not path.is_file():
        raise DiffecgError(f"no file at {path}")
    try:
        return load(path)
    except Exception as error:  # the libraries raise exceptions of many types for damaged files
        suffix = path.suffix.lower()[1:].upper()
        raise DiffecgError(f"{path} cannot be read as {suffix} ({one_line(error)})") from error


def recording_from_frame(frame: pd.DataFrame, path: Path, fs_hz: float | None, unit: str) -> Recording:
    """Return the recording in a table with one column for each channel.

    The sampling rate follows from the time column (``time``, ``t``, ``time_s``, ``time_ms``, …; in seconds or
    as dates) unless ``fs_hz`` is given. Rows absent from the time column are missing samples. A column names
    its unit as ``II (mV)``, ``II [uV]`` or ``II_uV``.

    Args:
        frame: the table; columns that are not numeric are ignored.
        path: file of the table, for the name and for messages.
        fs_hz: sampling rate in Hz; required without a time column.
        unit: unit of the columns that do not name one.

    Raises:
        DiffecgError: the table has no numeric column; its sampling rate is unknown or its times are uneven.
    """
    columns, rate, start = _on_sample_grid(frame, path, fs_hz)
    return recording_from_columns(columns, path, fs_hz or rate, unit, start)


def recording_from_columns(
    columns: Mapping[str, Shaped[np.ndarray, " time"]],
    path: Path,
    fs_hz: float | None,
    unit: str,
    start: _Start = (None, None),
) -> Recording:
    """Return a recording of evenly sampled columns; arguments as for :func:`recording_from_frame`.

    Raises:
        DiffecgError: no columns, or two of the same name; an unknown sampling rate; infinite samples.
    """
    if fs_hz is None:
        raise DiffecgError(
            f"{path} has neither a time column nor a sampling rate; give the rate in Hz with --fs"
        )
    if not columns or not len(next(iter(columns.values()))):
        raise DiffecgError(f"{path} has no column of numbers besides time")
    named = [_name_and_unit(column, unit) for column in columns]
    names = tuple(name for name, _ in named)
    if duplicates := repeated(names):
        raise DiffecgError(f"{path} has several channels of the same name, {duplicates}; rename one")
    with np.errstate(over="ignore"):  # long double to double
        stored = np.stack([np.asarray(column, dtype=np.float64) for column in columns.values()])
    if (np.abs(stored) > MAX_ABS_VALUE).any():
        raise DiffecgError(
            f"{path} has samples that are infinite or above {MAX_ABS_VALUE:g}; leave missing ones empty (NaN)"
        )
    return Recording(
        name=path.stem,
        channels=make_channels(names, [unit for _, unit in named]),
        source=ArraySource(stored, fs_hz),
        path=path,
        format=path.suffix[1:].upper(),
        time=FileTime(start_date=start[0], start_time=start[1]),
        load_annotations=partial(
            read_annotation_table, path.with_name(path.stem + ANNOTATIONS), float(fs_hz)
        ),
    )


def _on_sample_grid(
    frame: pd.DataFrame, path: Path, fs_hz: float | None
) -> tuple[dict[str, Float[np.ndarray, " time"]], float | None, _Start]:
    """Return the channels with NaN in absent rows, the sampling rate, and the start if times are dates."""
    frame = frame.rename(columns=str)
    if duplicates := repeated(frame.columns):
        raise DiffecgError(f"{path} has several columns of the same name, {duplicates}; rename one")
    times = [name for name in frame.columns if TIME_COLUMN.match(name)]
    names = [name for name in frame.columns if name not in times and _is_channel(name, frame[name])]
    columns = {name: frame[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in names}
    if not times or not names or len(frame) < 2:
        return columns, None, (None, None)
    seconds, first = column_seconds(frame[times[0]], times[0], path)
    samples, rate = sample_grid(seconds, path, times[0], fs_hz)
    on_grid = {name: np.full(samples[-1] + 1, np.nan) for name in names}
    for name in names:
        on_grid[name][samples] = columns[name]
    return on_grid, rate, (None, None) if first is None else (first.date(), first.time())


def _is_channel(name: str, column: pd.Series[Any]) -> bool:
    """Return whether a column holds numbers and is not an index that pandas wrote."""
    is_number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    return is_number and not name.startswith("Unnamed")


def _name_and_unit(column: str, unit: str) -> tuple[str, str]:
    """Return name and unit of a column; ``unit`` if it names none."""
    name, stated = split_column(column)
    return name, stated or (unit if channel_kind(name, "") in ("ecg", "unknown") else "NU")


def losses(recording: Recording, suffix: str) -> list[str]:
    """Return what a table cannot hold of a recording."""
    return []


def write(path: Path, recording: Recording) -> None:
    """Write a CSV or Parquet file with a time column and one column for each channel."""
    columns = [
        f"{lead} ({unit})" for lead, unit in zip(recording.channel_names, recording.units, strict=True)
    ]
    frame = pd.DataFrame(recording.signal.T, columns=columns)
    seconds = np.arange(len(frame)) / recording.fs_hz
    day, clock = recording.start
    if day is not None and clock is not None:
        frame.insert(0, "time", datetime.combine(day, clock) + pd.to_timedelta(seconds, unit="s"))
    else:
        frame.insert(0, "time_s", np.round(seconds, 9))
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False)
    write_annotation_table(path, recording)
