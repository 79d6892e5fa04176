"""The separator of a text table, from its rows."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence

from diffecg.formats.tables.cells import clean, is_empty, is_value

WHITESPACE = " "
"""Separator of tables whose columns are separated by any number of spaces."""

_CANDIDATES = (";", "\t", ",", "|", WHITESPACE)
_MIN_CONSISTENCY = 0.8
"""Share of rows that must have the same number of cells."""


def split_row(line: str, separator: str) -> list[str]:
    """Return the cells of a row without quotation marks and spaces around them.

    Args:
        line: the row.
        separator: the separator; empty: the row is one cell.
    """
    if not separator:
        return [clean(line)]
    if separator == WHITESPACE:
        return [clean(cell) for cell in line.split()]
    quote = '"' if '"' in line else "'"
    if quote not in line:
        return [cell.strip() for cell in line.split(separator)]
    row = next(csv.reader([line], delimiter=separator, quotechar=quote, skipinitialspace=True), [])
    return [clean(cell) for cell in row]


def detect_separator(rows: Sequence[str]) -> str:
    """Return the separator that divides rows into most numbers, dates and clocks; empty for one column.

    Args:
        rows: rows of data; headings may be among them.
    """
    if _are_decimal_commas(rows):
        return ""
    best, highest = "", _share_of_values([[clean(row)] for row in rows])
    for separator in _CANDIDATES:
        table = [split_row(row, separator) for row in rows]
        counts = Counter(map(len, table)), Counter(map(_filled_width, table))
        width, count = max((widths.most_common(1)[0] for widths in counts), key=lambda pair: pair[1])
        if width < 2 or count < _MIN_CONSISTENCY * len(rows):
            continue
        score = (
            _share_of_values([cells[:width] for cells in table if len(cells) >= width]) * count / len(rows)
        )
        if score > highest or (not best and score == highest):
            best, highest = separator, score
    return best


def _filled_width(cells: Sequence[str]) -> int:
    """Return the number of cells without empty ones at the end."""
    return max((number + 1 for number, cell in enumerate(cells) if cell), default=0)


def _share_of_values(table: Sequence[Sequence[str]]) -> float:
    """Return the share of numbers, dates and clocks among the cells that are not empty."""
    cells = [cell for row in table for cell in row if not is_empty(cell)]
    return sum(map(is_value, cells)) / max(len(cells), 1)


def _are_decimal_commas(rows: Sequence[str]) -> bool:
    """Return whether the comma in each row is the decimal mark of its only number.

    Such rows have one comma between two whole numbers, and a heading of one cell or digits that no whole
    number has: zeros in front, or a minus before a zero.
    """
    pairs = [row.strip().split(",") for row in rows]
    if not all(len(pair) <= 2 for pair in pairs):
        return False
    numbers = [pair for pair in pairs if len(pair) == 2 and _is_whole(pair[0]) and pair[1].isdigit()]
    if len(numbers) < _MIN_CONSISTENCY * len(rows):
        return False
    has_one_heading = len(pairs[0]) == 1 and not is_value(pairs[0][0])
    return has_one_heading or any(
        before == "-0" or (len(after) > 1 and after[0] == "0") for before, after in numbers
    )


def _is_whole(cell: str) -> bool:
    return cell.removeprefix("-").isdigit()
