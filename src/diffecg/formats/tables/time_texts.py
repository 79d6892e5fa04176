"""Clocks and dates in the cells of a table, as microseconds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int

NO_TIME = int(np.iinfo(np.int64).min)
"""Value of a cell that holds no time."""

DATE = re.compile(r"(?P<first>\d{1,4})[-/.](?P<second>\d{1,2})[-/.](?P<third>\d{1,4})")
"""A date of numbers, in any order."""

_ANY_DATE = r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}"
_ANY_ZONE = r"(?:Z|UTC|[+-]\d{2}:?\d{2})$"
_ZONE = re.compile(rf"\s*({_ANY_ZONE})")
_ISO = r"^\d{4}-\d{2}-\d{2}"
_SAMPLE = 1000
"""Rows from which the kind and order of dates is found."""


def parse_times(texts: pd.Series[Any], day_first: bool) -> Int[np.ndarray, " row"]:
    """Return dates in microseconds since 1970, in UTC where they have a zone; clocks since midnight.

    Args:
        texts: cells of a column of clocks or dates.
        day_first: whether the day stands before the month in dates that do not begin with the year.
    """
    texts = texts.astype(str).str.strip(" \t\"'[]").str.replace(r"(?<=\d),(?=\d)", ".", regex=True)
    head = texts.iloc[:_SAMPLE]
    return _parse_dates(texts, day_first) if head.str.contains(_ANY_DATE).any() else _parse_clocks(texts)


def _parse_clocks(texts: pd.Series[Any]) -> Int[np.ndarray, " row"]:
    """Return times of day, ``hh:mm:ss``, ``mm:ss.f`` or ``hh:mm``, in microseconds since midnight."""
    found = texts.str.extract(r"^(\d{1,6}):(\d{2})(?::(\d{2}))?(\.\d{1,12})?\s*([AaPp])?\.?[Mm]?\.?$")
    first, second, third, fraction = (
        pd.to_numeric(found[group], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        for group in range(4)
    )
    has_fractions = bool(found[3].notna().any())  # mm:ss.f, as PhysioNet writes, else hh:mm
    of_two = 60 * first + second if has_fractions else 3600 * first + 60 * second
    seconds = np.where(np.isnan(third), of_two, 3600 * first + 60 * second + third)
    half = found[4].str.lower().fillna("").to_numpy()
    seconds = np.where(half == "", seconds, seconds % 43_200 + 43_200 * (half == "p"))
    return _whole((seconds + np.nan_to_num(fraction)) * 1e6)


def _whole(values: Any) -> Int[np.ndarray, " row"]:
    """Return rounded integers, :data:`NO_TIME` instead of NaN."""
    valid = np.isfinite(values)
    result = np.full(len(values), NO_TIME, dtype=np.int64)
    result[valid] = np.rint(values[valid]).astype(np.int64)
    return result


def _parse_dates(texts: pd.Series[Any], day_first: bool) -> Int[np.ndarray, " row"]:
    """Return dates, in any usual order, in microseconds since 1970."""
    iso = texts if texts.str.match(_ISO).all() else _iso(texts, day_first)
    iso = iso.str.replace(_ZONE, r"\1", regex=True).str.replace("UTC", "Z")
    zoned = bool(iso.str.contains(_ANY_ZONE).any())
    dates = pd.to_datetime(iso, errors="coerce", format="ISO8601", utc=zoned)
    if dates.isna().all():  # years beyond those of pandas
        return np.array([_microseconds(text) for text in iso], dtype=np.int64)
    dates = dates.dt.tz_localize(None) if zoned else dates
    return dates.to_numpy().astype("datetime64[us]").astype(np.int64)


def _microseconds(text: str) -> int:
    """Return an ISO date in microseconds since 1970, :data:`NO_TIME` if it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return NO_TIME
    start = datetime(1970, 1, 1, tzinfo=UTC if moment.tzinfo else None)
    return (moment - start) // timedelta(microseconds=1)


def _iso(texts: pd.Series[Any], day_first: bool) -> pd.Series[Any]:
    """Return dates in ISO 8601: year, month, day, then a clock of 24 hours."""
    texts = texts.str.replace(r"^(\d{1,2}:[\d:.]+)\s+(\S+)", r"\2 \1", regex=True)  # clock before date
    order = ("d", "m") if day_first else ("m", "d")
    pattern = (
        rf"^(?:(?P<y>\d{{4}})[-/.](?P<ym>\d{{1,2}})[-/.](?P<yd>\d{{1,2}})|"
        rf"(?P<{order[0]}>\d{{1,2}})[-/.](?P<{order[1]}>\d{{1,2}})[-/.](?P<dy>\d{{4}}))"
        r"(?:[T\s]+(?P<hour>\d{1,2}):(?P<rest>\d{2}(?::\d{2})?(?:\.\d+)?))?\s*(?P<half>[AaPp])?\.?[Mm]?\.?"
        r"\s*(?P<zone>Z|UTC|[+-]\d{2}:?\d{2})?$"
    )
    found = texts.str.extract(pattern)
    year = found["y"].fillna(found["dy"])
    month, day = found["ym"].fillna(found["m"]), found["yd"].fillna(found["d"])
    hour = pd.to_numeric(found["hour"]).fillna(0).astype(int)
    half = found["half"].str.lower()
    hour = hour.where(half.isna(), hour % 12 + 12 * (half == "p"))
    return (
        year.fillna("") + "-" + month.fillna("").str.zfill(2) + "-" + day.fillna("").str.zfill(2)
        + "T" + hour.astype(str).str.zfill(2) + ":" + found["rest"].fillna("00") + found["zone"].fillna("")
    )  # fmt: skip


def day_is_first(dates: Sequence[str]) -> bool:
    """Return whether the day stands before the month, which a number above 12, AM or PM tells."""
    found = [match for text in dates if (match := DATE.search(text))]
    if any(int(match["second"]) > 12 for match in found):
        return False
    if any(12 < int(match["first"]) < 32 for match in found):
        return True
    return not any(text.lower().endswith("m") for text in dates)


def is_ambiguous_date(dates: Sequence[str]) -> bool:
    """Return whether day and month of all dates could be exchanged."""
    found = [match for text in dates if (match := DATE.search(text)) and len(match["first"]) < 3]
    return bool(found) and all(
        int(match["first"]) <= 12 and int(match["second"]) <= 12 and "." not in match[0] for match in found
    )


def zone_of(text: str) -> tzinfo | None:
    """Return the time zone at the end of a date, None if it has none."""
    match = _ZONE.search(text.strip(" \t\"'[]"))
    if match is None:
        return None
    return UTC if match[1] in ("Z", "UTC") else datetime.strptime(match[1], "%z").tzinfo
