"""Tables and arrays in: CSV and Parquet with a column a lead, NumPy files."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from datetime import date, datetime, time
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diffecg.data.records import LARGEST, Annotation, Record
from diffecg.errors import DiffecgError

ANNOTATIONS = "_annotations.csv"
"""Ends the name of the file with annotations beside a table."""
_TIME = re.compile(
    r"(?i)^(time|timestamp|datetime|t|seconds|elapsed)(?:[ _]*[\[(]?(s|ms|us|sec|seconds)[\])]?)?$"
)
_SECONDS = {"ms": 1e-3, "us": 1e-6}
_LEAD = re.compile(r"^(?P<name>.*\S)(?:\s*[\[(](?P<unit>[^\])]*)[\])]|_(?P<suffix>mV|mv|uV|uv|V))$")
_NO_VOLTAGE = re.compile(r"(?i)(pleth|ppg|resp|abp|art|spo2|acc|temp|eda|hr|marker|event|label)")
"""Begins the names of what is recorded beside an ECG."""
_UNIT = {"mv": "mV", "uv": "uV"}
_STEP = (0.5, 1.5)
"""Between these multiples of the usual step, times are rounded; above, samples are missing."""
_MOST_MISSING = 100
"""At most so many times as many samples as rows: more says that the column is no time."""
_SHORTEST_S, _LONGEST_S = 1e-9, 1e18
"""Times within which all is that is taken for one."""
_FARTHEST = 2**53
"""Largest number of a sample that an annotation may name."""


def read_table(path: Path, fs_hz: float | None, unit: str) -> Record:
    """Return the recording in a CSV, Parquet or NumPy file; see :func:`from_frame`.

    Raises:
        DiffecgError: it is missing or damaged; it holds no numbers; its rate is unknown or times are uneven.
    """
    if not path.is_file():
        raise DiffecgError(f"no file at {path}")
    kind = path.suffix.lower()
    try:
        found = _LOADERS[kind](path)
    except Exception as error:  # the libraries raise whatever their parsing ran into
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DiffecgError(f"{path} cannot be read as {kind[1:].upper()} ({reason})") from error
    if isinstance(found, pd.DataFrame):
        return from_frame(found, path, fs_hz, unit)
    columns, rate = _arrays(found, path)
    return _record(columns, path, fs_hz or rate, unit)


def load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a NumPy file, of ``.npy`` as ``signal_mv``; numpy raises whatever it ran into."""
    if path.suffix.lower() == ".npy":
        return {"signal_mv": np.load(path, allow_pickle=False)}
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return {name: array for name, array in arrays.items() if isinstance(array, np.ndarray)}


def load_csv(path: Path, **how: Any) -> pd.DataFrame:
    """Return a table. Python reads the numbers: pandas' own way crashes on exponents of many digits."""
    table: pd.DataFrame = pd.read_csv(path, float_precision="round_trip", **how)
    return table


_LOADERS: dict[str, Callable[[Path], dict[str, NDArray[Any]] | pd.DataFrame]] = {
    ".npz": load_arrays,
    ".npy": load_arrays,
    ".csv": load_csv,
    ".parquet": pd.read_parquet,
}


def from_frame(table: pd.DataFrame, path: Path, fs_hz: float | None, unit: str) -> Record:
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
    return _record(columns, path, fs_hz or rate, unit, start)


def _record(
    columns: dict[str, NDArray[Any]],
    path: Path,
    rate: float | None,
    unit: str,
    start: tuple[date | None, time | None] = (None, None),
) -> Record:
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
    if (np.abs(stored) > LARGEST).any():
        raise DiffecgError(
            f"{path} holds infinite samples, or beyond {LARGEST:g}; leave missing samples empty (NaN)"
        )
    return Record(
        path.stem,
        float(rate),
        leads,
        tuple(unit for _, unit in named),
        stored,
        (1.0,) * len(leads),
        (0.0,) * len(leads),
        np.isnan(stored),
        path,
        start,
        (),
        cache(partial(_annotations, path.with_name(path.stem + ANNOTATIONS))),
    )


def _arrays(found: dict[str, NDArray[Any]], path: Path) -> tuple[dict[str, NDArray[Any]], float | None]:
    """Return the leads of a NumPy file and its rate, if it tells."""
    if "signal_mv" not in found:
        raise DiffecgError(f"{path} has no array signal_mv; it holds {', '.join(found) or 'nothing'}")
    signal = np.atleast_2d(found["signal_mv"])
    if signal.ndim != 2 or signal.dtype.kind not in "fiu":
        raise DiffecgError(
            f"{path}: signal_mv of shape {found['signal_mv'].shape} and type {signal.dtype} is no array of "
            "numbers with axes (time) or (lead, time)"
        )
    if len(signal) > signal.shape[1]:
        raise DiffecgError(f"{path}: {len(signal)} leads of {signal.shape[1]} samples; are the axes swapped?")
    names = found.get("leads", np.array([f"lead {i + 1}" for i in range(len(signal))]))
    units = found.get("units", np.array([""] * len(signal)))
    if not (names.shape == units.shape == (len(signal),) and names.dtype.kind == units.dtype.kind == "U"):
        raise DiffecgError(f"{path}: leads and units must be {len(signal)} texts, as signal_mv has leads")
    if len(set(names.tolist())) < len(names):
        raise DiffecgError(f"{path} names a lead twice: {', '.join(names)}")
    columns: dict[str, NDArray[Any]] = {
        f"{name} ({unit})" if unit else str(name): row
        for name, unit, row in zip(names, units, signal, strict=True)
    }
    rate = found.get("fs_hz")
    if rate is not None and (rate.size != 1 or rate.dtype.kind not in "fiu"):
        raise DiffecgError(f"{path}: fs_hz of shape {rate.shape} and type {rate.dtype} is not one number")
    return columns, None if rate is None else float(rate.item())


def _timed(
    table: pd.DataFrame, path: Path, fs_hz: float | None
) -> tuple[dict[str, NDArray[Any]], float | None, tuple[date | None, time | None]]:
    """Return the columns of leads on an even grid, the rate, and the start if the times are dates."""
    table = table.rename(columns=str)
    if table.columns.has_duplicates:
        raise DiffecgError(f"{path} names a column twice: {', '.join(table.columns)}")
    names = [name for name in table.columns if _TIME.match(name)]
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
    seconds, first = _seconds(table[names[0]], names[0], path)
    place, rate = _even(seconds, path, names[0], fs_hz)
    start = (None, None) if first is None else (first.date(), first.time())
    spread: dict[str, NDArray[Any]] = {name: np.full(place[-1] + 1, np.nan) for name in leads}
    for name in leads:
        spread[name][place] = columns[name]
    return spread, rate, start


def _seconds(column: pd.Series[Any], name: str, path: Path) -> tuple[NDArray[np.float64], datetime | None]:
    """Return times in seconds after the first, and the first one where they are dates."""
    if pd.api.types.is_numeric_dtype(column):
        match = _TIME.match(name)
        unit = ((match and match[2]) or "s").lower()
        seconds = column.to_numpy(dtype=np.float64, na_value=np.nan) * _SECONDS.get(unit, 1.0)
        first = None
    else:
        seconds, first = _dates(column, name, path)
    is_time = np.abs(seconds) < _LONGEST_S
    if not is_time.all():
        row = int(np.argmin(is_time))
        given = str(column.iloc[row])
        raise DiffecgError(f"{path}, row {row + 1}: {given!r} in column {name!r} is no time")
    steps = np.diff(seconds)
    if (steps < 0).any() or seconds[-1] - seconds[0] < _SHORTEST_S:
        row = int(np.argmin(steps))
        raise DiffecgError(f"{path}: time does not rise from row {row + 1} to row {row + 2} of {name!r}")
    return seconds - seconds[0], first


def _dates(column: pd.Series[Any], name: str, path: Path) -> tuple[NDArray[np.float64], datetime | None]:
    """Return dates in seconds after the first, NaN where there is none, and the first."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # pandas only warns of dates in several time zones
            dates = pd.to_datetime(column, errors="coerce", format="ISO8601")
            seconds = np.asarray((dates - dates.iloc[0]).dt.total_seconds(), dtype=np.float64)
    except Exception as error:  # pandas raises whatever it ran into: lists, durations, mixed time zones
        raise DiffecgError(f"{path}: column {name!r} holds no times ({error})") from error
    first = dates.iloc[0]
    return seconds, None if pd.isna(first) else first.to_pydatetime(warn=False)


def _even(
    seconds: NDArray[np.float64], path: Path, name: str, fs_hz: float | None
) -> tuple[NDArray[np.int64], float]:
    """Return each row's place on an even grid, and the grid's rate in Hz; a longer step is a gap."""
    rows, steps = np.arange(len(seconds)), np.diff(seconds)
    usual, even = float(np.median(steps)), (len(seconds) - 1) / seconds[-1]
    breaks = np.flatnonzero(steps > _STEP[1] * usual) + 1
    if not len(breaks) and np.abs(seconds * even - rows).max() < 1:  # whatever the times are rounded to
        return rows, fs_hz or _whole(even, len(seconds))
    bounds = [0, *breaks.tolist(), len(seconds)]
    parts = [seconds[first:last] for first, last in zip(bounds[:-1], bounds[1:], strict=True)]
    longest = max(parts, key=len)
    if (steps > _STEP[0] * usual).all() and len(longest) > 1 and usual > _SHORTEST_S:
        rate = fs_hz or _whole((len(longest) - 1) / (longest[-1] - longest[0]), len(longest))
        if seconds[-1] * rate < _MOST_MISSING * len(seconds):
            place = np.concatenate([round(part[0] * rate) + np.arange(len(part)) for part in parts])
            if (np.diff(place) > 0).all():
                return place, rate
    raise DiffecgError(
        f"{path}: the times in {name!r} are not those of an even rate (steps of {steps.min():.3g} to "
        f"{steps.max():.3g} s); resample them, or drop the column and give the rate with --fs"
    )


def _whole(rate: float, samples: int) -> float:
    """Return the whole rate if so many rounded times cannot tell ``rate`` from it."""
    near = round(rate)
    return float(near) if near and abs(near / rate - 1) * samples < 1 else round(rate, 6)


def _lead(column: str, unit: str) -> tuple[str, str]:
    """Return name and unit of a column of samples."""
    match = _LEAD.match(column.strip())
    if match is None:
        name = column.strip()
        return name, "NU" if _NO_VOLTAGE.match(name) else unit
    found = match["unit"] if match["unit"] is not None else match["suffix"]
    return match["name"], _UNIT.get(found.lower(), found)


def _annotations(path: Path) -> tuple[Annotation, ...]:
    """Return the annotations beside a table, nothing if there are none."""
    if not path.is_file():
        return ()
    try:
        table = load_csv(path, keep_default_na=False)
        if any(abs(int(sample)) > _FARTHEST for sample in table["sample"]):
            raise ValueError(f"a sample beyond {_FARTHEST:,}")
        columns = zip(table["sample"], table["symbol"], table["text"], strict=True)
        return tuple(Annotation(int(sample), str(symbol), str(text)) for sample, symbol, text in columns)
    except (ValueError, KeyError, OverflowError) as error:
        raise DiffecgError(f"{path} needs the columns sample, symbol and text ({error})") from error
