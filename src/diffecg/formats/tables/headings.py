"""Where the rows of a text table begin, and the names and units above them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from diffecg.formats.tables.cells import is_empty, is_missing_mark, is_value
from diffecg.formats.tables.separators import WHITESPACE, split_row
from diffecg.signal.units import is_known_unit

_UNIT_CELL = re.compile(r"(?i)(hh:|m?m:ss|seconds?|samples?|adu|lsb|raw|-|a\.?u\.?|g|%).*")
"""Cells of a row of units that are no known unit."""

_PAIR = re.compile(r"[,;\t]|: |:?=")
"""What separates key and value in lines above a table of one column."""

_ROWS = 200
"""Rows from which the usual width of a row is found."""


@dataclass(frozen=True, kw_only=True)
class Headings:
    """What stands above the rows of a text table.

    Attributes:
        names: heading of each column; empty if the file has none.
        units: unit of each column from a row of units; empty if the file has none.
        first: number of the first row of data among the lines searched.
        above: number of the line that starts the headings, or the data where there are none.
        are_numbers: whether the headings are the numbers 0, 1, 2, …
    """

    names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    first: int
    above: int
    are_numbers: bool = False


def find_headings(lines: Sequence[str], rows: Sequence[str], separator: str, width: int) -> Headings:
    """Return names and units of the columns, and where the data begin.

    The headings are the last line above the data without any value whose cells do not return among the data,
    and which is not a row of units; a line of units may follow them.

    Args:
        lines: the first lines, without comments and empty ones.
        rows: rows of data.
        separator: the separator.
        width: usual number of cells of a row.
    """
    table = [_heading_cells(line, separator, width) for line in lines]
    below = [split_row(row, separator) for row in rows]
    columns = [[row[column] for row in below if column < len(row)] for column in range(width)]
    numeric = [column for column, cells in enumerate(columns) if _holds_values(cells)]
    marks = {cell for column in numeric for cell in columns[column][1:] if not is_value(cell)}
    clean = next((row for row, cells in enumerate(table) if _is_data(cells, numeric, width)), len(table))
    candidates = [row for row in range(clean) if _is_heading(table[row], separator, width, marks)]
    if not candidates:
        is_pair = not separator and _PAIR.search(lines[0]) is not None
        return _numbered_headings(table, clean, width, is_pair)
    heading = candidates[-1]
    has_units = heading > 0 and _is_units(table[heading]) and heading - 1 in candidates
    names = table[heading - 1 if has_units else heading]
    return Headings(
        names=tuple(names),
        units=tuple(table[heading]) if has_units else (),
        first=heading + 1,
        above=heading - has_units,
    )


def _heading_cells(line: str, separator: str, width: int) -> list[str]:
    """Return the cells of a line, whose names may hold single spaces where spaces separate columns."""
    cells = split_row(line, separator)
    if separator == WHITESPACE and len(cells) > width:
        return [cell.strip("\"' ") for cell in re.split(r"\s{2,}|\t", line.strip())]
    return cells


def _holds_values(cells: Sequence[str]) -> bool:
    """Return whether most cells of a column are values, apart from those that are empty."""
    filled = [cell for cell in cells if not is_missing_mark(cell)]
    return sum(map(is_value, filled)) > 0.5 * len(filled)


def _is_data(cells: Sequence[str], numeric: Sequence[int], width: int) -> bool:
    """Return whether a row has values, or marks of missing ones, in all columns of numbers."""
    found = [cells[column] for column in numeric if column < len(cells)]
    return (
        width - 1 <= len(cells) <= width + 1
        and any(map(is_value, found))
        and all(is_value(cell) or is_missing_mark(cell) for cell in found)
    )


def _is_heading(cells: Sequence[str], separator: str, width: int, marks: set[str]) -> bool:
    """Return whether a row holds names: no value, and no text that returns among the data."""
    if not width - 1 <= len(cells) <= width + 1 or (not separator and _PAIR.search(cells[0])):
        return False
    named = [cell for cell in cells if not is_empty(cell)]
    return (
        bool(named)
        and not any(map(is_value, named))
        and not all(cell in marks or is_missing_mark(cell) for cell in named)
    )


def _is_units(cells: Sequence[str]) -> bool:
    """Return whether a row holds units, at least one of them known."""
    named = [cell for cell in cells if cell]
    return any(map(is_known_unit, named)) and all(
        is_known_unit(cell) or _UNIT_CELL.fullmatch(cell.strip("([])")) for cell in named
    )


def _numbered_headings(table: Sequence[Sequence[str]], clean: int, width: int, is_pair: bool) -> Headings:
    """Return headings of a table without names, some of which may be numbers: all may be 0, 1, 2, …."""
    first = table[0] if table else []
    rest = [cell for row in table[1:_ROWS] for cell in row]
    named = list(first[1:] if first and not first[0] else first)
    counts = len(named) > 0 and named == [str(number) for number in range(len(named))]
    if counts and clean == 0 and any("." in cell for cell in rest):
        return Headings(names=tuple(first), first=1, above=0, are_numbers=True)
    is_complete = width <= len(first) <= width + 1 and not is_pair
    names = tuple(first) if is_complete and _is_partly_named(first, table) else ()
    return Headings(names=names, first=clean + bool(names and not clean), above=0 if names else clean)


def _is_partly_named(first: Sequence[str], table: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row has a name above a column of numbers, and numbers above others."""
    for column, cell in enumerate(first):
        below = [row[column] for row in table[1:_ROWS] if column < len(row)]
        is_name = not is_value(cell) and not is_missing_mark(cell) and cell not in below
        if is_name and below and all(is_value(text) or is_missing_mark(text) for text in below):
            return True
    return False
