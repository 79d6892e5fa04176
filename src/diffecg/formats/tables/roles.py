"""What the columns of a table are: times, counters, rates, identifiers, signals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from diffecg.errors import DiffecgError
from diffecg.formats.tables.raw_columns import RawColumn, is_identifier
from diffecg.formats.tables.time_columns import is_time_name, unit_in_name
from diffecg.signal.channel_kinds import UNKNOWN, channel_kind, is_counter
from diffecg.signal.units import normalise_unit

_RATE_NAME = re.compile(r"(?i)(fs|sampl(ing|e)[ _-]*(rate|freq\w*))[ _-]*(\W?hz\W?)?")
_COUNTER_NAME = re.compile(r"(?i)(sample|index|idx|row|frame|n|no|nr|sample[ _]*(#|no|nr|number|index))\.?|")

_MIN_NUMBERS = 0.5
"""Share of numbers from which a column without the name of a lead is a signal."""
_MAX_STEPS = 100
"""Numbers without a unit that range further are not millivolts."""
_USUAL_PERCENT = (1, 99)
"""Percentiles of an ECG without most artefacts."""
_EVEN = 1e-3
"""Relative deviation of steps up to which a column without a heading counts time."""


def time_columns(columns: Sequence[RawColumn], has_headings: bool) -> list[int]:
    """Return the positions of the columns that are times.

    These are clocks and dates, numbers under the heading of a time, and without headings a first column of
    even steps that is not a counter.
    """
    first = next((at for at, column in enumerate(columns) if not _numbers_rows(column)), 0)
    return [
        position
        for position, column in enumerate(columns)
        if len(column.times)
        or (len(column.numbers) > 1 and _is_time(column))
        or (not has_headings and position == first and len(columns) > first + 1 and _is_ramp(column))
    ]


def _is_time(column: RawColumn) -> bool:
    """Return whether a column of numbers is one of times by its heading."""
    unit = normalise_unit(column.stated_unit)
    named = is_time_name(column.heading) and (not unit or bool(stated_time_unit(column)))
    counts_rows = not stated_time_unit(column) and _numbers_rows(column)
    return named and not counts_rows and not np.isnan(column.numbers).all()


def stated_time_unit(column: RawColumn) -> str:
    """Return the unit of time in the heading or the row of units; empty if the file states none."""
    return unit_in_name(column.unit) or unit_in_name(column.heading)


def _numbers_rows(column: RawColumn) -> bool:
    return is_counter(column.numbers[:1000]) and _steps_by_one(column)


def _steps_by_one(column: RawColumn) -> bool:
    return len(column.numbers) > 1 and float(column.numbers[1] - column.numbers[0]) == 1


def _is_ramp(column: RawColumn) -> bool:
    """Return whether numbers increase evenly and are not a counter of rows."""
    numbers = column.numbers[:1000]
    if len(numbers) < 3 or _steps_by_one(column):
        return False
    steps = np.diff(numbers.astype(np.float64))
    median = float(np.median(steps))
    return median > 0 and bool((np.abs(steps - median) <= max(_EVEN, 0.5) * median).all())


def is_counter_name(heading: str) -> bool:
    """Return whether a heading is that of a column that numbers the samples."""
    return _COUNTER_NAME.fullmatch(heading.strip("'\" ")) is not None


def counter_column(columns: Sequence[RawColumn]) -> int | None:
    """Return the position of the column that numbers the samples, None if there is none."""
    for position, column in enumerate(columns):
        numbers = column.numbers
        if len(numbers) < 2 or not column.is_whole or not is_counter_name(column.name):
            continue
        if not np.isnan(numbers).any() and (np.diff(numbers) >= 1).all():
            return position
    return None


def rate_in_columns(columns: Sequence[RawColumn]) -> tuple[float, str] | None:
    """Return the sampling rate in a column that states it in every row, and the heading of the column."""
    for column in columns:
        if column.heading and _RATE_NAME.fullmatch(column.heading) and len(column.numbers):
            rates = np.unique(column.numbers[~np.isnan(column.numbers)])
            if len(rates) == 1:
                return float(rates[0]), column.heading
    return None


def check_identifiers(columns: Sequence[RawColumn], path: Path) -> None:
    """Check that all rows belong to one lead of one recording.

    Raises:
        DiffecgError: a column identifies several leads, subjects or recordings.
    """
    for column in columns:
        if is_identifier(column.heading) and len(column.texts) > 1:
            some = ", ".join(sorted(column.texts)[:3])
            raise DiffecgError(
                f"{path} has several recordings or leads below each other: {column.heading!r} is {some}, …; "
                "write one file for each recording, with one column for each lead"
            )


def signal_columns(
    columns: Sequence[RawColumn], times: Sequence[int], has_headings: bool, warnings: list[str]
) -> list[int]:
    """Return the positions of the columns that are signals, and add what is left out to ``warnings``."""
    signals = []
    for position, column in enumerate(columns):
        filled = int(np.isfinite(column.numbers).sum()) + column.not_numbers
        numbers = filled - column.not_numbers
        named = channel_kind(column.name, normalise_unit(column.stated_unit)) not in (UNKNOWN, "marker")
        if position in times or column.is_bookkeeping or not len(column.numbers):
            continue
        if re.fullmatch(r"(?i)n?_?seq\w*", column.heading):  # counts modulo 16 or 256
            continue
        if column.heading.startswith("Unnamed") or (has_headings and not column.heading and not numbers):
            continue
        if _is_row_counter(column, len(columns) - len(times)):
            continue
        if named or column.stated_unit or numbers >= max(_MIN_NUMBERS * filled, 1):
            signals.append(position)
        elif numbers:
            warnings.append(f"{column.name} is not read, because {numbers:,} of {filled:,} cells are numbers")
    return signals


def _is_row_counter(column: RawColumn, others: int) -> bool:
    """Return whether a column beside others counts its rows and does not claim to be a signal."""
    unnamed = not column.heading or re.fullmatch(
        r"(?i)(nr|no|n|#|seq|n?seq\w*|column ?\d*)\.?", column.heading
    )
    return bool(unnamed) and others > 1 and is_counter(column.numbers)


def needs_unit(column: RawColumn) -> bool:
    """Return whether numbers without a unit range too far for millivolts; rare ones may be artefacts."""
    numbers = column.numbers[np.isfinite(column.numbers)]
    if column.stated_unit or not len(numbers):
        return False
    low, high = np.percentile(numbers, [0, 100] if is_whole(numbers) else _USUAL_PERCENT)
    return float(high - low) >= _MAX_STEPS


def is_whole(numbers: Float[np.ndarray, " number"] | Int[np.ndarray, " number"]) -> bool:
    """Return whether all numbers that are finite have no decimals."""
    return not (numbers[np.isfinite(numbers)] % 1 != 0).any()
