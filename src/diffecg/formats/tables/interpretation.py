"""From columns of a file to an evenly sampled table: times, names, units, missing samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from diffecg.errors import DiffecgError
from diffecg.formats.tables.context import Context
from diffecg.formats.tables.raw_columns import RawColumn
from diffecg.formats.tables.roles import check_identifiers, signal_columns, time_columns
from diffecg.formats.tables.table import Table
from diffecg.formats.tables.table_names import names_and_units
from diffecg.formats.tables.table_times import sample_grid
from diffecg.formats.tables.time_texts import NO_TIME

MAX_ABS_VALUE = 1e30
"""Largest plausible sample, in its unit; float32 ends at 3e38."""


def interpret(columns: Sequence[RawColumn], context: Context) -> Table:
    """Return the evenly sampled table of the columns of a file.

    Raises:
        DiffecgError: no column is a signal; the times are uneven and no rate is given; samples are infinite;
            the unit of whole numbers is unknown; the rows belong to several recordings.
    """
    check_identifiers(columns, context.path)
    columns = _without_empty_rows(columns)
    assumptions, warnings = list(context.assumptions), list[str]()
    times = time_columns(columns, context.has_headings)
    signals = signal_columns(columns, times, context.has_headings, warnings)
    if not signals or not len(columns[signals[0]].numbers):
        raise DiffecgError(f"{context.path} has no column of numbers besides time")
    grid, axis = sample_grid(columns, times, context, assumptions, warnings)
    if not context.has_headings and not context.preamble.lead:
        clock = f"column {times[0] + 1} is read as times, " if times else ""
        leads = "lead 1" if len(signals) == 1 else f"lead 1 to lead {len(signals)}"
        assumptions.append(f"the file has no headings: {clock}{len(signals)} as {leads}")
    names, units = names_and_units(columns, signals, context, assumptions)
    samples = np.arange(len(columns[signals[0]].numbers)) if grid is None else grid.samples
    on_grid = {}
    for name, position in zip(names, signals, strict=True):
        column = columns[position]
        if column.not_numbers:
            cells = "1 cell" if column.not_numbers == 1 else f"{column.not_numbers:,} cells"
            hold = "holds" if column.not_numbers == 1 else "hold"
            warnings.append(f"{cells} of {name} {hold} no number ({column.example!r}): read as missing")
        on_grid[name] = _placed(column.numbers, samples, context.path)
    return Table(
        columns=on_grid,
        units=units,
        positions=tuple(signals),
        samples=samples,
        fs_hz=context.fs_hz or (grid.fs_hz if grid else None),
        time=axis,
        assumptions=tuple(assumptions),
        warnings=tuple(warnings),
        time_positions=tuple(times),
    )


def _without_empty_rows(columns: Sequence[RawColumn]) -> list[RawColumn]:
    """Return the columns without rows at the end in which all cells are empty."""
    rows = max((column.rows for column in columns), default=0)
    filled = np.zeros(rows, dtype=bool)
    for column in columns:
        if column.rows:
            filled |= column.times != NO_TIME if len(column.times) else ~np.isnan(column.numbers)
    if rows == 0 or filled[-1] or not filled.any() or sum(column.not_numbers for column in columns):
        return list(columns)
    last = rows - int(np.argmax(filled[::-1]))
    if not any(len(column.times) or column.is_bookkeeping for column in columns):
        return list(columns)  # missing samples at the end
    return [replace(column, numbers=column.numbers[:last], times=column.times[:last]) for column in columns]


def _placed(
    numbers: Float[np.ndarray, " row"] | Int[np.ndarray, " row"],
    samples: Int[np.ndarray, " row"],
    path: Path,
) -> Float[np.ndarray, " time"]:
    """Return a column on the grid, NaN where it has no row.

    Raises:
        DiffecgError: a sample is infinite.
    """
    check_values(numbers, path)
    if len(samples) == samples[-1] + 1:
        return numbers.astype(np.float64, copy=False)
    placed = np.full(samples[-1] + 1, np.nan)
    placed[samples] = numbers
    return placed


def check_values(numbers: Float[np.ndarray, "*axes"] | Int[np.ndarray, "*axes"], path: Path) -> None:
    """Check that samples are finite and plausible.

    Raises:
        DiffecgError: a sample is infinite or too large.
    """
    if (np.abs(numbers) > MAX_ABS_VALUE).any():
        raise DiffecgError(
            f"{path} has samples that are infinite or above {MAX_ABS_VALUE:g}; leave missing ones empty (NaN)"
        )
