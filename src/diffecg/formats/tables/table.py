"""The table: evenly sampled columns of numbers, and how the file states their times and units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from diffecg.formats.file_time import FileTime


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """Evenly sampled columns of a table.

    Attributes:
        columns: samples of each channel in its own unit by name; NaN = missing.
        units: unit of each channel, empty where the table states none.
        positions: number of the column of each channel in the file.
        samples: number of the sample of each row.
        fs_hz: sampling rate in Hz, None if it is unknown.
        time: the file's own time axis.
        assumptions: how the table was interpreted where it had to be guessed.
        warnings: what could not be read.
        time_positions: numbers of the columns of times.
    """

    columns: dict[str, Float[np.ndarray, " time"]]
    units: tuple[str, ...]
    positions: tuple[int, ...]
    samples: Int[np.ndarray, " row"]
    fs_hz: float | None
    time: FileTime
    assumptions: Sequence[str] = ()
    warnings: Sequence[str] = ()
    time_positions: tuple[int, ...] = ()
