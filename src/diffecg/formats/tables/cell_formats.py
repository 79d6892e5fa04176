"""Numbers and times written as the other cells of their column are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd

from diffecg.formats.tables.cells import Marks
from diffecg.formats.tables.time_texts import DATE, parse_times

_MAX_DECIMALS = 12
"""Columns of more decimals hold floating-point numbers in full."""
_CLOCK = re.compile(
    r"(?P<hour>\d{1,3}):(?P<minute>\d{2})(:(?P<second>\d{2}))?((?P<mark>[.,])(?P<fraction>\d+))?"
)
_HALF = re.compile(r"(?i)\b([ap])(\.?m)")


@dataclass(frozen=True, kw_only=True)
class NumberFormat:
    """How the numbers of a column are written.

    Attributes:
        marks: decimal and thousands marks.
        decimals: largest number of decimals; None: as many as the number has.
        is_padded: whether all numbers have the same number of decimals.
    """

    marks: Marks
    decimals: int | None
    is_padded: bool

    @classmethod
    def of_cells(cls, cells: Iterable[str], marks: Marks) -> NumberFormat:
        """Return the format of cells that hold numbers."""
        texts = [text.replace(marks.thousands, "") if marks.thousands else text for text in cells]
        if not texts or any("e" in text.lower() for text in texts):
            return cls(marks=marks, decimals=None, is_padded=False)
        counts = {len(text.partition(marks.decimal)[2]) for text in texts}
        decimals = max(counts)
        return cls(
            marks=marks, decimals=None if decimals > _MAX_DECIMALS else decimals, is_padded=len(counts) == 1
        )

    def text(self, value: float | Decimal) -> str:
        """Return a number as a cell."""
        if self.decimals is None:
            text = str(value) if isinstance(value, Decimal) else np.format_float_positional(value, trim="0")
        else:
            text = f"{value:.{self.decimals}f}"
            if self.decimals and not self.is_padded:
                text = text.rstrip("0")
                text += "0" if text.endswith(".") else ""
        if text.lstrip("-0.") == "" and text.startswith("-"):
            text = text[1:]
        return self._marked(text)

    def _marked(self, text: str) -> str:
        """Return a number with the marks of the column instead of a decimal point."""
        whole, _, fraction = text.partition(".")
        if self.marks.thousands:
            whole = f"{int(whole):,}".replace(",", self.marks.thousands)
        return f"{whole}{self.marks.decimal}{fraction}" if fraction else whole


def number_in(cell: str, marks: Marks) -> Decimal | None:
    """Return the number in a cell exactly, None if it holds none."""
    text = cell.replace(marks.thousands, "") if marks.thousands else cell
    try:
        value = Decimal(text.replace(",", "."))
    except ArithmeticError:
        return None
    return value if value.is_finite() else None


def numbers_between(first: Decimal, last: Decimal, count: int) -> list[Decimal]:
    """Return ``count`` numbers evenly spaced between two, both excluded."""
    return [first + (last - first) * step / (count + 1) for step in range(1, count + 1)]


def times_between(first: str, last: str, count: int, day_first: bool) -> list[str] | None:
    """Return ``count`` clocks or dates evenly spaced between two, written as the first of them.

    Returns:
        The texts; None if one of the two is not a time.
    """
    start, stop = parse_times(pd.Series([first, last], dtype=object), day_first).tolist()
    if min(start, stop) < -(10**18):
        return None
    stop += 86_400_000_000 if stop < start and DATE.search(first) is None else 0
    moments = [start + (stop - start) * step // (count + 1) for step in range(1, count + 1)]
    shift = _wall_clock(first, day_first) - start
    return [_like(first, timedelta(microseconds=moment + shift), day_first) for moment in moments]


def _wall_clock(text: str, day_first: bool) -> int:
    """Return the time that a text shows, without its zone, in microseconds."""
    bare = re.sub(r"\s*(Z|UTC|[+-]\d{2}:?\d{2})(?=[\]'\"]*$)", "", text) if DATE.search(text) else text
    return int(parse_times(pd.Series([bare], dtype=object), day_first)[0])


def _like(text: str, elapsed: timedelta, day_first: bool) -> str:
    """Return a time since 1970, or since midnight, written as another one is."""
    moment = datetime(1970, 1, 1) + elapsed
    date = DATE.search(text)
    if date is not None:
        text = f"{text[: date.start()]}{_date_like(date, moment, day_first)}{text[date.end() :]}"
    clock = _CLOCK.search(text, date.end() if date and date.start() == 0 else 0)
    return text if clock is None else text[: clock.start()] + _clock_like(clock, moment, text)


def _date_like(date: re.Match[str], moment: datetime, day_first: bool) -> str:
    """Return a date in the order, with the marks and the zeros in front of another one."""
    year_first = len(date["first"]) == 4
    parts = [moment.year, moment.month, moment.day] if year_first else [moment.month, moment.day, moment.year]
    if day_first and not year_first:
        parts[:2] = parts[1::-1]
    groups = (date["first"], date["second"], date["third"])
    texts = [str(part).zfill(len(group)) for part, group in zip(parts, groups, strict=True)]
    return f"{texts[0]}{date[0][len(groups[0])]}{texts[1]}{date[0][-len(groups[2]) - 1]}{texts[2]}"


def _clock_like(clock: re.Match[str], moment: datetime, text: str) -> str:
    """Return a time of day with the decimals of another one, and what follows it."""
    rest = text[clock.end() :]
    fraction, hour = clock["fraction"], moment.hour
    if fraction is not None:
        ticks = f"{moment.microsecond:06}"[: len(fraction)].ljust(len(fraction), "0")
    if (half := _HALF.search(rest)) is not None:
        letter = "p" if hour >= 12 else "a"
        letter = letter.upper() if half[1].isupper() else letter
        rest, hour = f"{rest[: half.start()]}{letter}{rest[half.start() + 1 :]}", (hour - 1) % 12 + 1
    if clock["second"] is None and fraction is not None:  # mm:ss.f
        first, second, third = hour * 60 + moment.minute, moment.second, None
    else:
        first, second, third = hour, moment.minute, moment.second
    shown = f"{str(first).zfill(len(clock['hour']))}:{second:02}"
    shown += "" if clock["second"] is None or third is None else f":{third:02}"
    return f"{shown}{clock['mark']}{ticks}{rest}" if fraction is not None else shown + rest
