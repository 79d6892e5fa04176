"""Cells of text tables: numbers with decimal and thousands marks, clocks and dates."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

_EXPONENT = r"([eE][+-]?\d+)?"
_NUMBER = re.compile(rf"[+-]?(\d+([.,]\d*)?|[.,]\d+){_EXPONENT}|[+-]?\d{{1,3}}([.,]\d{{3}})+([.,]\d*)?")
_GROUPS = {mark: re.compile(rf"[+-]?[1-9]\d{{0,2}}({re.escape(mark)}\d{{3}})+") for mark in ".,"}
"""Numbers in which a mark can separate thousands."""

_GROUP_MARKS = "'\u2019\u00a0\u202f"
"""Apostrophes and spaces that separate thousands and nothing else, as in Switzerland and France."""
_GROUPED = re.compile(rf"(?<=\d)[{_GROUP_MARKS}](?=\d{{3}}(?!\d))")

_CLOCK = r"\d{1,3}:\d{2}(:\d{2})?([.,]\d+)?(\s*[AaPp]\.?[Mm]\.?)?"
_DATE = r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}"
TIME = re.compile(
    rf"(({_DATE})([T\s]+({_CLOCK}))?|({_CLOCK})([T\s]+({_DATE}))?)\s*(Z|UTC|[+-]\d{{2}}:?\d{{2}})?"
)
"""Clocks and dates, with or without a time zone."""

_PLAIN_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?[iI]nf(?:inity)?"

_EMPTY = ("", "nan", "na", "n/a", "null", "none", "#n/a", "<na>", "-nan")
_MISSING = re.compile(r"[-–—.*?x#]+|.*\b(off|error|err|invalid|lost|fail(ed|ure)?|missing|overflow|sat)\b.*")
"""What devices write instead of a number."""

_LARGEST_WITHOUT_GROUPS = 1000


@dataclass(frozen=True, kw_only=True)
class Marks:
    """Decimal and thousands marks of a column.

    Attributes:
        decimal: ``.`` or ``,``.
        thousands: ``,``, ``.``, an apostrophe, a space that does not break lines, or empty.
        is_certain: whether the cells allow no other reading.
    """

    decimal: str = "."
    thousands: str = ""
    is_certain: bool = True


def clean(cell: str) -> str:
    """Return a cell without spaces and quotation marks around it."""
    return cell.strip().strip("\"'").strip()


def is_empty(cell: str) -> bool:
    """Return whether a cell is empty or one of the usual marks for no value."""
    return cell.lower() in _EMPTY


def is_missing_mark(cell: str) -> bool:
    """Return whether a cell is what devices write instead of a number, such as ``-`` and ``LEAD OFF``."""
    return is_empty(cell) or _MISSING.fullmatch(cell.lower()) is not None


def is_number(cell: str) -> bool:
    """Return whether a cell is a number, whatever its decimal and thousands marks."""
    return _NUMBER.fullmatch(_GROUPED.sub("", cell.replace("\N{MINUS SIGN}", "-"))) is not None


def is_time(cell: str) -> bool:
    """Return whether a cell is a time of day or a date."""
    return TIME.fullmatch(cell.strip("[]")) is not None


def is_value(cell: str) -> bool:
    """Return whether a cell is a number, a time of day or a date."""
    return is_number(cell) or is_time(cell)


def only_numbers(cells: Iterable[str]) -> list[str]:
    """Return the cells that are numbers, without signs and spaces around them."""
    found = (cell.strip().lstrip("+-\N{MINUS SIGN}") for cell in cells)
    return [cell for cell in found if is_number(cell)]


def only_times(cells: Iterable[str]) -> list[str]:
    """Return the cells that are times of day or dates."""
    return [cell for cell in cells if TIME.fullmatch(cell.strip("[]"))]


def detect_marks(cells: Iterable[str], file_has_decimal_commas: bool = False) -> Marks:
    """Return the decimal and thousands marks of the cells of a column.

    A mark that always stands before exactly three digits separates thousands if numbers below 1000 lack it.

    Args:
        cells: cells of the column, without spaces around them.
        file_has_decimal_commas: whether another column has decimal commas, so that points may separate
            thousands.
    """
    numbers = only_numbers(cells)
    grouped = next((mark[0] for number in numbers if (mark := _GROUPED.search(number))), "")
    if grouped:
        decimals = detect_marks(_GROUPED.sub("", number) for number in numbers)
        return replace(decimals, thousands=grouped)
    with_commas = [number for number in numbers if "," in number]
    with_points = [number for number in numbers if "." in number]
    for number in with_commas:
        if "." in number:
            is_point = number.rindex(".") > number.rindex(",")
            return Marks(thousands=",") if is_point else Marks(decimal=",", thousands=".")
    if with_commas and not with_points:
        return _marks_of(numbers, with_commas, ",")
    if with_commas:  # each cell has one of the marks
        return Marks(thousands=",") if all(map(_GROUPS[","].fullmatch, with_commas)) else Marks()
    if with_points and file_has_decimal_commas:
        marks = _marks_of(numbers, with_points, ".")
        return Marks(decimal=",", thousands=".") if marks.thousands else marks
    return Marks()


def _marks_of(numbers: list[str], marked: list[str], mark: str) -> Marks:
    """Return the marks of numbers that have no other mark than ``mark``."""
    if any(number.count(mark) > 1 for number in marked):
        return Marks(decimal="." if mark == "," else ",", thousands=mark)
    if not all(map(_GROUPS[mark].fullmatch, marked)):
        return Marks(decimal=mark)
    plain = [number for number in numbers if mark not in number]
    if plain and all(number.isdigit() and int(number) < _LARGEST_WITHOUT_GROUPS for number in plain):
        return Marks(decimal="." if mark == "," else ",", thousands=mark)
    return Marks(decimal=mark, is_certain=False)


def to_numbers(texts: pd.Series[Any], marks: Marks) -> Float[np.ndarray, " row"]:
    """Return the numbers in a column of text, NaN where a cell holds none.

    Args:
        texts: cells; NaN where they are empty.
        marks: decimal and thousands marks.
    """
    texts = texts.astype(str).str.strip(" \t\"'").str.replace("\N{MINUS SIGN}", "-")
    if marks.thousands:
        grouped = texts.str.match(rf"[+-]?\d{{1,3}}(\{marks.thousands}\d{{3}})+(\{marks.decimal}\d*)?$")
        texts = texts.where(~grouped, texts.str.replace(marks.thousands, ""))
    if marks.decimal == ",":
        texts = texts.where(~texts.str.contains(".", regex=False), "").str.replace(",", ".")
    numbers = np.full(len(texts), np.nan)
    is_number = texts.str.fullmatch(_PLAIN_NUMBER).to_numpy(dtype=bool)
    # Python's float parser; the one of pandas crashes on exponents of many digits
    numbers[is_number] = [float(text) for text in texts.to_numpy()[is_number]]
    return numbers
