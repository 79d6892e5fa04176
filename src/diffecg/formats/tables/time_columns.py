"""Columns of times: which they are, their unit, and the file's own time axis."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal

import numpy as np
from jaxtyping import Float, Int

from diffecg.formats.file_time import FileTime
from diffecg.formats.tables.time_texts import DATE, day_is_first, is_ambiguous_date
from diffecg.signal.resampling import FS_RANGE_HZ

SECONDS = {"h": 3600.0, "min": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
"""Units of numeric times, in seconds."""

_NAME = re.compile(
    r"(?i).*(time|datum|date|zeit|elapsed|clock|epoch|tiempo|temps|tempo|\bhora|heure).*|"
    r"ts?([\W_]*(s|sec|ms|us|µs|ns))?|s|ms|min|h|(milli|micro|nano|)sec(ond)?s?|msec|minutes?|hours?"
)
_SPELLINGS = {
    "h": r"h|hours?", "min": r"min|minutes?", "ms": r"ms|msec|milli_?sec(onds?)?",
    "us": r"us|µs|μs|usec|micro_?sec(onds?)?", "ns": r"ns|nsec|nano_?sec(onds?)?",
    "s": r"s|secs?|seconds?|sekunden|segundos|secondes",
}  # fmt: skip
_UNITS = {unit: re.compile(rf"(?i)(.*[\W_])?({spelled})\W*") for unit, spelled in _SPELLINGS.items()}

_EPOCH_S = (4e8, 5e9)
"""Numbers in this range of seconds count from 1970: the years 1982 to 2128."""
_HALF_DAY_US, _DAY_US = 43_200_000_000, 86_400_000_000
_EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class TimeColumn:
    """Times of all rows of a table.

    Attributes:
        name: heading of the column.
        seconds: seconds after the first row.
        axis: the file's own time axis.
        assumption: how the column was interpreted, where it had to be guessed; empty otherwise.
    """

    name: str
    seconds: Float[np.ndarray, " row"]
    axis: FileTime
    assumption: str = ""


def is_time_name(name: str) -> bool:
    """Return whether a heading is that of a column of times."""
    return _NAME.fullmatch(re.sub(r"[\[(].*[\])]", "", name).strip(" _")) is not None


def unit_in_name(name: str) -> str:
    """Return the unit of time in a heading, ``ms`` for ``timestamp [ms]``; empty if it states none."""
    return next((unit for unit, pattern in _UNITS.items() if pattern.fullmatch(name.strip())), "")


def is_compact_date(value: float) -> bool:
    """Return whether a number is a date of 14 digits, ``20230131100000``, in the years 1900 to 2199."""
    month, day = int(value // 10**8 % 100), int(value // 10**6 % 100)
    return 1.9e13 <= value < 2.2e13 and 1 <= month <= 12 and 1 <= day <= 31


def numeric_times(
    values: Float[np.ndarray, " row"] | Int[np.ndarray, " row"], name: str, unit: str, first: str
) -> TimeColumn:
    """Return the times of a column of numbers.

    Args:
        values: the numbers.
        name: heading of the column.
        unit: unit that the file states; empty: from the size of the numbers or of their steps.
        first: text of the first number, with a decimal point.
    """
    assumption = ""
    if not unit:
        unit, assumption = _assumed_unit(values, name)
    seconds = (values - values[0]).astype(np.float64) * SECONDS[unit]
    origin = Decimal(first)
    if unit in ("h", "min"):
        origin, unit = origin * int(SECONDS[unit]), "s"
    is_epoch = _EPOCH_S[0] < float(values[0]) * SECONDS[unit] < _EPOCH_S[1] and unit != "h"
    axis = FileTime.from_epoch(origin, unit) if is_epoch else FileTime(origin=origin, unit=unit)
    return TimeColumn(name=name, seconds=seconds, axis=axis, assumption=assumption)


def _assumed_unit(values: Float[np.ndarray, " row"] | Int[np.ndarray, " row"], name: str) -> tuple[str, str]:
    """Return the unit in which numbers are epochs or have the steps of a recording, and what is assumed."""
    units = ("s", "ms", "us", "ns")
    for unit in units:
        if _EPOCH_S[0] < float(values[0]) * SECONDS[unit] < _EPOCH_S[1]:
            return unit, f"{name} is read as {unit} since 1970-01-01 in UTC"
    span = float(values[-1]) - float(values[0])
    rate = (len(values) - 1) / span if span > 0 else 0.0
    for unit in units:
        if FS_RANGE_HZ[0] <= rate / SECONDS[unit] <= FS_RANGE_HZ[1]:
            return unit, "" if unit == "s" else f"no unit stated for {name}: {unit} assumed"
    return "s", ""


def dated_times(
    microseconds: Int[np.ndarray, " row"], name: str, first: str, zone: tzinfo | None
) -> TimeColumn:
    """Return the times of a column of dates or clocks; clocks may pass midnight.

    Args:
        microseconds: times as :func:`diffecg.formats.tables.time_texts.parse_times` returns them.
        name: heading of the column.
        first: text of the first cell; without a date, the times are clocks.
        zone: time zone of the file; None if it states none.
    """
    assumption = ""
    if DATE.search(first) is None:
        days = np.concatenate([[0], np.cumsum(np.diff(microseconds) < -_HALF_DAY_US)])
        microseconds = microseconds + days * _DAY_US
        clock = _EPOCH + timedelta(microseconds=int(microseconds[0]) % _DAY_US)
        axis = FileTime(start_time=clock.time())
    else:
        start = _EPOCH + timedelta(microseconds=int(microseconds[0]))
        start = start.replace(tzinfo=UTC).astimezone(zone) if zone else start
        has_clock = ":" in first or "T" in first or bool((microseconds % _DAY_US != 0).any())
        axis = FileTime.from_datetime(start) if has_clock else FileTime(start_date=start.date())
        if is_ambiguous_date([first]):
            order = "day" if day_is_first([first]) else "month"
            assumption = f"{first} in {name} is read with the {order} first"
    return TimeColumn(
        name=name, seconds=(microseconds - microseconds[0]) / 1e6, axis=axis, assumption=assumption
    )
