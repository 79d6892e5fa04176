"""The layout of a text table: encoding, separator, headings, decimal marks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from diffecg.errors import DiffecgError
from diffecg.formats.tables.cell_formats import NumberFormat
from diffecg.formats.tables.cells import (
    Marks,
    detect_marks,
    is_missing_mark,
    is_time,
    is_value,
    only_numbers,
    only_times,
)
from diffecg.formats.tables.headings import Headings, find_headings
from diffecg.formats.tables.preamble import Preamble, read_preamble
from diffecg.formats.tables.separators import detect_separator, split_row
from diffecg.formats.tables.text_sample import COMMENTS, TextSample, is_comment, sample_text

MAX_COLUMNS = 128
"""More columns without headings are windows, one in each row."""

_SEARCHED = 200
"""Lines in which the headings are searched, and rows from which the separator is found."""
_MAX_BLANK_SHARE = 0.25
"""With more empty lines than this share, they separate rows."""
_STARTS_WITH_NUMBER = re.compile(r"\s*[\"'\[]*[+-]?[.,]?\d")


@dataclass(frozen=True, kw_only=True, eq=False)
class TextLayout:
    """How a text table is written.

    Attributes:
        path: the file.
        encoding: its encoding.
        separator: separator of cells; empty for one column, a space for any number of spaces.
        headings: heading of each column; empty texts where there are none.
        units: unit of each column from a row of units; empty texts where there are none.
        first: number of the first line of data.
        skipped: numbers of the lines of data that are comments or hold only spaces.
        blank_is_row: whether an empty line is a row with a missing sample.
        marks: decimal and thousands marks of each column.
        formats: how the numbers of each column are written.
        times: numbers of the columns of clocks and dates.
        preamble: what the lines above the data say.
        is_editable: whether each row is one line, so that its cells can be replaced.
        has_headings: whether the file has headings.
        assumptions: how the file was interpreted where it had to be guessed.
    """

    path: Path
    encoding: str
    separator: str
    headings: tuple[str, ...]
    units: tuple[str, ...]
    first: int
    skipped: frozenset[int]
    blank_is_row: bool
    marks: tuple[Marks, ...]
    formats: tuple[NumberFormat, ...]
    times: frozenset[int]
    preamble: Preamble
    is_editable: bool
    has_headings: bool
    assumptions: tuple[str, ...] = field(default=())


def find_layout(path: Path) -> TextLayout:
    """Find the layout of a text table.

    Raises:
        DiffecgError: the file has no rows; its rows are windows.
    """
    sample = sample_text(path)
    numbers = [number for number, line in enumerate(sample.lines) if line.strip() and not is_comment(line)]
    lines = [sample.lines[number] for number in numbers]
    if not lines:
        raise DiffecgError(f"{path} has no rows of numbers")
    rows = _rows(lines)
    separator = detect_separator(rows)
    table = [split_row(row, separator) for row in rows]
    width = _usual_width(table)
    found = find_headings(lines[:_SEARCHED], rows, separator, width)
    _check_width(path, found, lines, separator, width)
    above = [
        line for number, line in enumerate(sample.lines[: numbers[min(found.above, len(numbers) - 1)]])
        if line.strip()
    ]  # fmt: skip
    preamble = read_preamble(above)
    names = found.names or _names_in_comments(above, preamble, separator, width)
    columns = _columns([*table, *(split_row(row, separator) for row in sample.body[found.first :])], width)
    marks = _marks(columns)
    first = numbers[found.first] if found.first < len(numbers) else sample.count
    blank_is_row = width == 1 and _has_blank_rows(sample, first)
    return TextLayout(
        path=path,
        encoding=sample.encoding,
        separator=separator,
        headings=_fitted(names, width),
        units=_fitted(found.units, width),
        first=first,
        skipped=_skipped(sample, first, blank_is_row),
        blank_is_row=blank_is_row,
        marks=marks,
        formats=tuple(
            NumberFormat.of_cells([] if _are_times(cells) else cells, mark)
            for cells, mark in zip(columns, marks, strict=True)
        ),
        times=frozenset(column for column, cells in enumerate(columns) if _are_times(cells)),
        preamble=preamble,
        is_editable=not sample.has_open_quotes,
        has_headings=bool(names),
        assumptions=_assumptions(sample, separator, marks, found),
    )


def _rows(lines: list[str]) -> list[str]:
    """Return rows of data after the one line above them."""
    starts = [_STARTS_WITH_NUMBER.match(line) is not None for line in lines]
    for row in range(len(lines)):
        following = starts[row : row + 20]
        if starts[row] and sum(following) >= 0.8 * len(following):
            return lines[max(row - 1, 0) : row + _SEARCHED]
    return lines[:_SEARCHED]


def _usual_width(table: list[list[str]]) -> int:
    """Return the usual number of cells of a row, without empty ones at the end of all rows."""
    counts = [len(cells) for cells in table]
    width = max(set(counts), key=lambda count: (counts.count(count), count))
    while width > 1 and all(len(cells) < width or not cells[width - 1] for cells in table):
        width -= 1
    return width


def _check_width(path: Path, found: Headings, lines: list[str], separator: str, width: int) -> None:
    """Check that headings and rows have the same number of cells, and that a row is not a window.

    Raises:
        DiffecgError: they differ; there are too many columns without headings.
    """
    if (not found.names or found.are_numbers) and width > MAX_COLUMNS:
        kind = ", as in Kaggle's heartbeat files (187 samples and a class)" if width == 188 else ""
        raise DiffecgError(
            f"{path} has {width} columns of numbers without headings: one window in each row{kind}; these "
            "are windows, not a recording; evaluate takes windows; a recording has one column for each lead"
        )
    if found.names or not lines:
        return
    heading = split_row(lines[0], separator)
    if not any(is_value(cell) or is_missing_mark(cell) for cell in heading) and len(heading) < width:
        hint = " (are its commas decimal marks?)" if separator == "," else ""
        raise DiffecgError(
            f"{path}, row 2: {width} cells below {len(heading)} headings{hint}; write one heading for each "
            "cell"
        )


def _names_in_comments(above: list[str], preamble: Preamble, separator: str, width: int) -> tuple[str, ...]:
    """Return the headings that stand in a comment above the data; none if there are none."""
    if len(preamble.names) == width:
        return tuple(_sensor(name, preamble) for name in preamble.names)
    if above and above[-1].lstrip().startswith(COMMENTS) and width > 1:
        cells = split_row(above[-1].lstrip("#%/ \t"), separator)
        if len(cells) == width and not any(map(is_value, cells)):
            return tuple(cells)
    return ()


def _sensor(name: str, preamble: Preamble) -> str:
    """Return the sensor instead of the name of its input."""
    sensor = preamble.sensors.get(name, "")
    is_only = list(preamble.sensors.values()).count(sensor) == 1
    return sensor if sensor and is_only else f"{sensor} {name}".strip()


def _fitted(texts: tuple[str, ...], width: int) -> tuple[str, ...]:
    """Return a text for each column; a heading less than columns belongs to all but the first."""
    padded = ("", *texts) if len(texts) == width - 1 else texts
    return (*padded, *[""] * width)[:width]


def _columns(table: list[list[str]], width: int) -> list[list[str]]:
    """Return the cells of each column: its clocks and dates if most are, else its numbers."""
    columns = []
    for column in range(width):
        cells = [row[column] for row in table if column < len(row)]
        numbers, times = only_numbers(cells), only_times(cells)
        columns.append(times if len(times) > len(numbers) else numbers)
    return columns


def _are_times(cells: list[str]) -> bool:
    return bool(cells) and is_time(cells[0])


def _marks(columns: list[list[str]]) -> tuple[Marks, ...]:
    """Return the marks of each column."""
    numbers = [[] if _are_times(cells) else cells for cells in columns]
    marks = [detect_marks(cells) for cells in numbers]
    if any(mark.decimal == "," and mark.is_certain for mark in marks):
        return tuple(detect_marks(cells, file_has_decimal_commas=True) for cells in numbers)
    return tuple(marks)


def _skipped(sample: TextSample, first: int, blank_is_row: bool) -> frozenset[int]:
    """Return the lines from ``first`` that hold no row: comments, and empty ones unless these are rows."""
    blank = sample.blank
    if blank_is_row:
        blank = [number for number in blank if number > _last_row(sample)]
    return frozenset(number for number in (*sample.comments, *blank) if number >= first)


def _has_blank_rows(sample: TextSample, first: int) -> bool:
    """Return whether empty lines between rows of one column are missing samples, because they are few."""
    last = _last_row(sample)
    blank = sum(first <= number < last for number in sample.blank)
    return 0 < blank < _MAX_BLANK_SHARE * (last - first)


def _last_row(sample: TextSample) -> int:
    """Return the number of the last line that is not empty."""
    blank, last = set(sample.blank), sample.count - 1
    while last in blank:
        last -= 1
    return last


def _assumptions(
    sample: TextSample, separator: str, marks: tuple[Marks, ...], found: Headings
) -> tuple[str, ...]:
    """Return how the file was interpreted where it had to be guessed."""
    assumptions = []
    if sample.encoding in ("cp1252", "latin-1"):
        assumptions.append("text that is not UTF-8 is read as Western European (Windows-1252)")
    if any(not mark.is_certain for mark in marks):
        assumptions.append("marks before three digits are read as decimal marks: 1,234 is 1.234")
    if found.are_numbers:
        assumptions.append("the first row, 0, 1, 2, …, is read as headings")
    return tuple(assumptions)
