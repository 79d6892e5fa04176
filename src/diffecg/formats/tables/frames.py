"""Columns of DataFrames and Parquet files."""

from __future__ import annotations

from datetime import datetime, time, timezone, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from jaxtyping import Int

from diffecg.errors import DiffecgError
from diffecg.formats.tables.cells import Marks, detect_marks, is_empty, is_time, to_numbers
from diffecg.formats.tables.raw_columns import RawColumn, is_identifier, no_values
from diffecg.formats.tables.text_layout import MAX_COLUMNS
from diffecg.formats.tables.time_texts import NO_TIME, day_is_first, parse_times, zone_of

_SAMPLE = 1000
"""Cells from which the kind of a column of texts is found."""


def frame_columns(frame: pd.DataFrame) -> list[RawColumn]:
    """Return the columns of a DataFrame; its index comes first if it :func:`is_column_index`.

    Raises:
        DiffecgError: the rows are windows or leads.
        Exception: whatever pandas raises for cells of unusual types.
    """
    if frame.shape[1] > max(MAX_COLUMNS, len(frame)):
        raise DiffecgError(
            f"the table has {frame.shape[1]} columns of {len(frame)} rows; give it one row for each sample "
            "and one column for each lead, transposed with .T if its rows are leads"
        )
    columns = []
    if is_column_index(frame):
        unnamed = "index" if pd.api.types.is_integer_dtype(frame.index) else "time"
        heading = unnamed if frame.index.name is None else str(frame.index.name)
        columns.append(_column(heading, frame.index.to_series().reset_index(drop=True)))
    frame = frame.reset_index(drop=True)
    return columns + [_column(str(name), frame.iloc[:, at]) for at, name in enumerate(frame.columns)]


def is_column_index(frame: pd.DataFrame) -> bool:
    """Return whether the index of a DataFrame is a column: dates, durations, numbers, or with a name."""
    index = frame.index
    if isinstance(index, (pd.DatetimeIndex, pd.TimedeltaIndex)):
        return True
    is_named = index.name is not None or pd.api.types.is_numeric_dtype(index)
    return not isinstance(index, (pd.RangeIndex, pd.MultiIndex)) and is_named


def _column(heading: str, cells: pd.Series[Any]) -> RawColumn:
    """Return one column; cells that are neither numbers, times nor texts are no values."""
    if isinstance(cells.dtype, pd.CategoricalDtype):
        cells = cells.astype(cells.cat.categories.dtype)
    kind = cells.dtype.kind
    if pd.api.types.is_datetime64_any_dtype(cells):
        return _dates(heading, cells)
    if kind == "m":
        return _numbers(heading, cells.dt.total_seconds(), unit="s")
    if pd.api.types.is_bool_dtype(cells) or kind == "c":
        return RawColumn(heading=heading, numbers=no_values(), times=no_values())
    if pd.api.types.is_numeric_dtype(cells):
        return _numbers(heading, cells)
    return _objects(heading, cells)


def _numbers(heading: str, cells: pd.Series[Any], unit: str = "") -> RawColumn:
    """Return a column of numbers; integers stay integers if none is missing."""
    is_whole = pd.api.types.is_integer_dtype(cells)
    with np.errstate(over="ignore"):  # long double to double
        if is_whole and not cells.isna().any() and cells.dtype.kind == "i":
            numbers = cells.to_numpy(dtype=np.int64)
        else:
            numbers = cells.to_numpy(dtype=np.float64, na_value=np.nan)
    first = numbers[~np.isnan(numbers)][:1].tolist()
    return RawColumn(
        heading=heading,
        unit=unit,
        numbers=numbers,
        times=no_values(),
        first=format(Decimal(str(first[0])), "f") if first and np.isfinite(first[0]) else "0",
        is_whole=is_whole,
    )


def _dates(heading: str, cells: pd.Series[Any]) -> RawColumn:
    """Return a column of dates."""
    zone = cells.dt.tz
    first = cells.dropna().iloc[:1].astype(str).tolist()
    utc = cells.dt.tz_convert("UTC").dt.tz_localize(None) if zone is not None else cells
    return RawColumn(
        heading=heading,
        numbers=no_values(),
        times=_microseconds(utc.to_numpy()),
        first=first[0] if first else "",
        zone=None if zone is None else _standard_zone(zone),
    )


def _standard_zone(zone: tzinfo) -> tzinfo:
    """Return a time zone of the standard library instead of one of pytz."""
    name = getattr(zone, "zone", None)
    if name is not None:
        return ZoneInfo(name)
    offset = zone.utcoffset(datetime(2000, 1, 1)) if "pytz" in type(zone).__module__ else None
    return zone if offset is None else timezone(offset)


def _microseconds(dates: Any) -> Int[np.ndarray, " row"]:
    """Return NumPy dates in microseconds since 1970; NaT is the least integer there, too."""
    return dates.astype("datetime64[us]").astype(np.int64)


def _objects(heading: str, cells: pd.Series[Any]) -> RawColumn:
    """Return a column of objects: texts, times of day, dates beyond the years of pandas, decimals."""
    filled = cells.dropna()
    sample = filled.iloc[:_SAMPLE]
    scalars = sample.map(
        lambda cell: isinstance(cell, (str, time, Decimal, int, float)) or hasattr(cell, "year")
    )
    if not scalars.all():
        return RawColumn(heading=heading, numbers=no_values(), times=no_values())
    texts = filled.astype(str).str.strip()
    texts = texts[~texts.map(is_empty)]
    shown = texts.iloc[:_SAMPLE].tolist()
    identifiers = frozenset(texts.unique()[:_SAMPLE]) if is_identifier(heading) else frozenset[str]()
    if sum(map(is_time, shown)) > 0.5 * max(len(shown), 1):
        times = np.full(len(cells), NO_TIME, dtype=np.int64)
        times[cells.index.isin(texts.index)] = parse_times(texts, day_is_first(shown))
        return RawColumn(
            heading=heading, numbers=no_values(), times=times, first=shown[0], zone=zone_of(shown[0])
        )
    marks = detect_marks(shown)
    numbers = to_numbers(cells, marks)
    others = cells.index.isin(texts.index) & np.isnan(numbers)
    example = str(cells.iloc[int(np.argmax(others))]) if others.any() else ""
    return RawColumn(
        heading=heading,
        numbers=numbers,
        times=no_values(),
        first=_first_number(texts, marks),
        not_numbers=int(others.sum()),
        example=example,
        texts=identifiers,
    )


def _first_number(texts: pd.Series[Any], marks: Marks) -> str:
    """Return the first text with a decimal point, ``0`` if there is none."""
    if texts.empty:
        return "0"
    first = str(texts.iloc[0])
    first = first.replace(marks.thousands, "") if marks.thousands else first
    return first.replace(",", ".")
