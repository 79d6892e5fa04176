"""The times of a table: the grid of its samples, and the file's own time axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Int

from diffecg.errors import DiffecgError
from diffecg.formats.file_time import FileTime
from diffecg.formats.tables.context import Context
from diffecg.formats.tables.preamble import Preamble
from diffecg.formats.tables.raw_columns import RawColumn
from diffecg.formats.tables.roles import counter_column, rate_in_columns, stated_time_unit
from diffecg.formats.tables.sample_grid import SampleGrid, find_grid
from diffecg.formats.tables.time_columns import TimeColumn, dated_times, is_compact_date, numeric_times
from diffecg.formats.tables.time_texts import NO_TIME

_WAY_OUT = "correct it, or give the rate with --fs to read all rows as evenly spaced"
_MAX_TIME = 1e19
_SAME_RATE = 0.01
"""Relative deviation of sampling rates that are the same."""


def sample_grid(
    columns: Sequence[RawColumn],
    times: Sequence[int],
    context: Context,
    assumptions: list[str],
    warnings: list[str],
) -> tuple[SampleGrid | None, FileTime]:
    """Return the sample of each row and the file's time axis; no grid if times and rate are unknown."""
    found: list[TimeColumn] = []
    grids: list[tuple[TimeColumn, SampleGrid]] = []
    errors: list[DiffecgError] = []
    for position in times:
        try:
            found.append(_times(columns[position], context.path))
            is_day = found[-1].axis.start_date is not None and found[-1].axis.start_time is None
            if len(found[-1].seconds) > 1 and not is_day:
                grids.append((found[-1], _grid_of(found[-1], context)))
        except DiffecgError as error:
            errors.append(error)
    axis = _axis(found, context.preamble)
    stated, heading = rate_in_columns(columns) or (context.preamble.fs_hz, "the lines above the table")
    if grids:
        column, grid = max(grids, key=lambda pair: len(np.unique(pair[0].seconds)))
        assumptions += [text for text in (*(one.assumption for one in found), grid.assumption) if text]
        others = [other for _, other in grids if abs(other.fs_hz / grid.fs_hz - 1) > _SAME_RATE]
        if others:
            warnings.append(f"columns of times disagree; {column.name} is used ({grid.fs_hz:g} Hz)")
        if context.fs_hz and abs(context.fs_hz / grid.fs_hz - 1) > _SAME_RATE:
            warnings.append(f"{column.name} states {grid.fs_hz:g} Hz; {context.fs_hz:g} Hz is used, as given")
        elif stated and abs(stated / grid.fs_hz - 1) > _SAME_RATE:
            warnings.append(f"{heading} state {stated:g} Hz, {column.name} {grid.fs_hz:g} Hz, which is used")
        return grid, axis.shifted(grid.start_s) if grid.start_s else axis
    if errors and not context.fs_hz:
        raise errors[0]
    if errors:
        names = ", ".join(columns[position].heading or "column 1" for position in times)
        warnings.append(f"uneven times in {names} are not used: rows are read as evenly spaced")
    rate = context.fs_hz or stated
    if rate is None:
        return None, axis
    if not context.fs_hz:
        assumptions.append(f"{rate:g} Hz from {heading}")
    return SampleGrid(samples=_counted_samples(columns), fs_hz=rate), axis


def _grid_of(column: TimeColumn, context: Context) -> SampleGrid:
    """Return the grid of a column of times, at the rate that the user gives if the times agree with it.

    Raises:
        DiffecgError: the times are not evenly spaced.
    """
    grid = find_grid(column.seconds, context.path, column.name)
    if context.fs_hz and 0 < abs(context.fs_hz / grid.fs_hz - 1) <= _SAME_RATE:
        return find_grid(column.seconds, context.path, column.name, context.fs_hz)
    return grid


def _times(column: RawColumn, path: Path) -> TimeColumn:
    """Return the times of a column.

    Raises:
        DiffecgError: a cell holds no time; times decrease or are dates without marks.
    """
    name = column.heading or "column 1"
    is_time = column.times != NO_TIME if len(column.times) else np.abs(column.numbers) < _MAX_TIME
    if not is_time.all():
        row = int(np.argmin(is_time))
        value = column.example or (str(column.numbers[row]) if len(column.numbers) else "")
        raise DiffecgError(f"{path}, row {row + 1}: {value!r} in column {name!r} is not a time; {_WAY_OUT}")
    if not stated_time_unit(column) and len(column.numbers) and is_compact_date(float(column.numbers[0])):
        raise DiffecgError(
            f"{path}: {name!r} holds dates without marks between their parts, such as {column.first}; write "
            "them as 2023-01-31T10:00:00.000, or give the rate with --fs to read all rows as evenly spaced"
        )
    if len(column.times):
        times = dated_times(column.times, name, column.first, column.zone)
    else:
        times = numeric_times(column.numbers, name, stated_time_unit(column), column.first)
    steps = np.diff(times.seconds)
    if (steps < 0).any():
        row = int(np.argmin(steps))
        rows = f"{path}: time does not increase from row {row + 1} to row {row + 2} of {name!r}"
        if row + 1 == len(steps):
            raise DiffecgError(f"{rows}, the last one; delete this row if the file was cut off in it")
        raise DiffecgError(f"{rows}; {_WAY_OUT}")
    return times


def _axis(found: Sequence[TimeColumn], preamble: Preamble) -> FileTime:
    """Return the time axis of a file: its clock or date, and its numbers, the smallest of several."""
    axes = [column.axis for column in found]
    counted = [axis for axis in axes if axis.start == (None, None)]
    clocks = sorted((axis for axis in axes if axis.start_time), key=lambda axis: axis.is_epoch)
    numbers = min(counted, key=lambda axis: abs(axis.origin_s), default=FileTime())
    if not clocks and preamble.start is not None:
        clocks = [FileTime.from_datetime(preamble.start)]
    if not clocks:
        return numbers
    day = next((axis.start_date for axis in (clocks[0], *axes) if axis.start_date), None)
    if clocks[0].is_epoch and not counted:
        return clocks[0]
    return replace(numbers, start_date=day, start_time=clocks[0].start_time)


def _counted_samples(columns: Sequence[RawColumn]) -> Int[np.ndarray, " row"]:
    """Return the number of the sample of each row from a column that counts them, else the row."""
    rows = max(column.rows for column in columns)
    position = counter_column(columns)
    if position is None or rows < 2:
        return np.arange(rows)
    numbers = columns[position].numbers.astype(np.float64)
    steps = np.diff(numbers)
    samples = (numbers - numbers[0]) / np.median(steps)
    whole = np.rint(samples).astype(np.int64)
    is_even = (np.abs(samples - whole) < 1e-6).all() and samples[-1] < 100 * rows
    return whole if is_even else np.arange(rows)
