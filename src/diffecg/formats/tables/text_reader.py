"""Rows of text tables, which pandas reads in chunks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from diffecg.errors import DiffecgError
from diffecg.formats.tables.cells import Marks, clean, to_numbers
from diffecg.formats.tables.raw_columns import RawColumn, concatenated, is_identifier, no_values
from diffecg.formats.tables.separators import WHITESPACE
from diffecg.formats.tables.text_files import open_text
from diffecg.formats.tables.text_layout import TextLayout
from diffecg.formats.tables.time_texts import NO_TIME, day_is_first, parse_times, zone_of

_ROWS_PER_CHUNK = 250_000
_MAX_TEXTS = 1000
"""More different texts of an identifier are not counted."""


def read_columns(layout: TextLayout) -> list[RawColumn]:
    """Read all columns of a text table.

    Raises:
        DiffecgError: a row has more cells than the table has columns.
        Exception: whatever pandas raises for damaged files.
    """
    columns = [_Column(layout=layout, position=position) for position in range(len(layout.headings))]
    row = 0
    for chunk in _chunks(layout):
        overflow = chunk[len(columns)].notna().to_numpy()
        if overflow.any():
            at = row + int(np.argmax(overflow))
            raise _too_long(layout, f"row {at + 1}", len(columns))
        for column in columns:
            column.add(chunk[column.position])
        row += len(chunk)
    return [column.finished() for column in columns]


def _chunks(layout: TextLayout) -> Iterator[pd.DataFrame]:
    """Return the rows of a file in chunks, with one column more for cells that are too many."""
    width = len(layout.headings)
    decimal, thousands = _common_marks(layout)
    texts = [
        position
        for position in range(width)
        if position in layout.times
        or is_identifier(layout.headings[position])
        or layout.marks[position].decimal != decimal
        or layout.marks[position].thousands not in ("", thousands)
    ]
    separator = {WHITESPACE: r"\s+", "": "\x1f"}.get(layout.separator, layout.separator)
    with open_text(layout.path, "r", layout.encoding, newline="") as stream:
        try:
            yield from pd.read_csv(
                stream,
                sep=separator,
                header=None,
                names=list(range(width + 1)),
                index_col=False,
                skiprows=[*range(layout.first), *layout.skipped],
                skip_blank_lines=not layout.blank_is_row,
                skipinitialspace=True,
                decimal=decimal,
                thousands=thousands or None,
                dtype=dict.fromkeys(texts, str),
                float_precision="round_trip",  # the parser of pandas crashes on exponents of many digits
                chunksize=_ROWS_PER_CHUNK,
                low_memory=False,
            )
        except pd.errors.EmptyDataError:
            return
        except pd.errors.ParserError as error:
            match = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
            if match is None:
                raise
            raise _too_long(layout, f"line {match[2]}", width) from error


def _too_long(layout: TextLayout, place: str, width: int) -> DiffecgError:
    hint = ", or decimal points instead of commas" if layout.separator == "," else ""
    return DiffecgError(
        f"{layout.path}, {place}: more cells than the {width} columns of the table; write one heading for "
        f"each cell{hint}"
    )


def _common_marks(layout: TextLayout) -> tuple[str, str]:
    """Return the decimal and thousands marks that pandas can use for all columns."""
    decimals = Counter(marks.decimal for marks in layout.marks)
    decimal = "," if decimals[","] and layout.separator != "," else "."
    thousands = {marks.thousands for marks in layout.marks if marks.thousands and marks.decimal == decimal}
    common = thousands.pop() if len(thousands) == 1 else ""
    return decimal, common if common.isascii() else ""


@dataclass(kw_only=True, eq=False)
class _Column:
    """A column while its chunks are read."""

    layout: TextLayout
    position: int
    parts: list[Float[np.ndarray, " _"] | Int[np.ndarray, " _"]] = field(default_factory=list)
    not_numbers: int = 0
    example: str = ""
    first: str = ""
    texts: set[str] = field(default_factory=set)
    day_first: bool | None = None
    is_whole: bool = True

    @property
    def marks(self) -> Marks:
        """Decimal and thousands marks."""
        return self.layout.marks[self.position]

    @property
    def is_time(self) -> bool:
        """Whether the column holds clocks or dates."""
        return self.position in self.layout.times

    def add(self, cells: pd.Series[Any]) -> None:
        """Add the cells of one chunk."""
        if not self.first and (index := cells.first_valid_index()) is not None:
            self.first = clean(str(cells.loc[index]))
        if is_identifier(self.layout.headings[self.position]) and len(self.texts) < _MAX_TEXTS:
            self.texts.update(map(clean, cells.dropna().astype(str).unique()))
        if self.is_time:
            if self.day_first is None:
                self.day_first = day_is_first(cells.dropna().astype(str).tolist())
            times = parse_times(cells, self.day_first)
            if not self.example and (times == NO_TIME).any():
                self.example = clean(str(cells.iloc[int(np.argmax(times == NO_TIME))]))
            self.parts.append(times)
        elif pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_bool_dtype(cells):
            self._add_numbers(cells.to_numpy() if cells.dtype.kind == "i" else cells.to_numpy(np.float64))
        else:
            self._add_texts(cells)

    def _add_texts(self, cells: pd.Series[Any]) -> None:
        """Add cells of which some are no numbers."""
        numbers = to_numbers(cells, self.marks)
        others = cells.notna().to_numpy() & np.isnan(numbers)
        if others.any():
            self.not_numbers += int(others.sum())
            self.example = self.example or clean(str(cells.iloc[int(np.argmax(others))]))
        self._add_numbers(numbers)

    def _add_numbers(self, numbers: Float[np.ndarray, " part"] | Int[np.ndarray, " part"]) -> None:
        with np.errstate(invalid="ignore"):  # infinite numbers
            self.is_whole = self.is_whole and not (numbers % 1 > 0).any()
        self.parts.append(numbers)

    def finished(self) -> RawColumn:
        """Return the whole column."""
        values = concatenated(self.parts)
        first = self.first.replace(self.marks.thousands, "") if self.marks.thousands else self.first
        return RawColumn(
            heading=self.layout.headings[self.position],
            unit=self.layout.units[self.position],
            numbers=no_values() if self.is_time else values,
            times=values if self.is_time else no_values(),
            first=first if self.is_time else first.replace(",", "."),
            zone=zone_of(first) if self.is_time else None,
            not_numbers=self.not_numbers,
            example=self.example,
            texts=frozenset(self.texts),
            is_whole=self.is_whole and self.first.lstrip("+-").isdigit(),
        )
