"""Columns of a table before it is known what they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

import numpy as np
from jaxtyping import Float, Int

from diffecg.signal.channel_kinds import is_bookkeeping
from diffecg.signal.column_names import split_column


@dataclass(frozen=True, kw_only=True, eq=False)
class RawColumn:
    """A column of a table: its numbers or times, and what is known about it.

    Attributes:
        heading: heading as the file states it; empty if it has none.
        unit: unit in a row of units, as the file states it; empty if there is none.
        numbers: numbers, NaN where a cell is empty or holds none; empty for times.
        times: clocks or dates in microseconds; empty for numbers. Both are empty for other columns.
        first: text of the first cell that is not empty, with a decimal point.
        zone: time zone of the dates.
        not_numbers: number of cells that hold something else than a number.
        example: one of these cells.
        texts: different texts of a column that identifies a lead, a subject or a recording.
        is_whole: whether all numbers are written without decimals.
    """

    heading: str
    unit: str = ""
    numbers: Float[np.ndarray, " number"] | Int[np.ndarray, " number"]
    times: Int[np.ndarray, " moment"]
    first: str = ""
    zone: tzinfo | None = None
    not_numbers: int = 0
    example: str = ""
    texts: frozenset[str] = frozenset()
    is_whole: bool = False

    @property
    def rows(self) -> int:
        """Number of rows; 0 if the column holds neither numbers nor times."""
        return max(len(self.numbers), len(self.times))

    @property
    def name(self) -> str:
        """Heading without the unit."""
        return split_column(self.heading)[0]

    @property
    def stated_unit(self) -> str:
        """Unit in the heading or in the row of units; empty if the file states none."""
        return split_column(self.heading)[1] or self.unit

    @property
    def is_bookkeeping(self) -> bool:
        """Whether the heading is that of a counter, clock, rate, identifier or label."""
        return bool(self.heading) and is_bookkeeping(self.name)


def is_identifier(heading: str) -> bool:
    """Return whether a column says to which lead, subject or recording a row belongs."""
    return heading.strip().lower() in (
        "lead", "leads", "channel", "patient", "patient_id", "patientid", "subject", "subject_id", "record",
        "record_id", "recording", "recording_id", "record_name", "file", "filename", "person", "participant",
    )  # fmt: skip


def no_values() -> Int[np.ndarray, " row"]:
    """Return a column without rows."""
    return np.array([], dtype=np.int64)


def concatenated(
    parts: Sequence[Float[np.ndarray, " _"] | Int[np.ndarray, " _"]],
) -> Float[np.ndarray, " row"] | Int[np.ndarray, " row"]:
    """Return one column from the parts of it; integers if all parts are integers."""
    return np.concatenate(parts) if parts else no_values()
