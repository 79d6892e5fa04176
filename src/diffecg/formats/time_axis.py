"""Time columns of tables: sampling rate, start and missing samples."""

from __future__ import annotations

import re
import warnings
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diffecg.errors import DiffecgError

TIME_COLUMN = re.compile(
    r"(?i)^(time|timestamp|datetime|t|seconds|elapsed)(?:[ _]*[\[(]?(s|ms|us|sec|seconds)[\])]?)?$"
)

_SECONDS = {"ms": 1e-3, "us": 1e-6}

_STEP = (0.5, 1.5)
"""Between these multiples of the usual step, times are rounded; above, samples are missing."""

_MOST_MISSING = 100
"""At most so many times as many samples as rows: more says that the column is no time."""

_SHORTEST_S, _LONGEST_S = 1e-9, 1e18
"""Times within which all is that is taken for one."""


def column_seconds(
    column: pd.Series[Any], name: str, path: Path
) -> tuple[NDArray[np.float64], datetime | None]:
    """Return times in seconds after the first, and the first one where they are dates."""
    if pd.api.types.is_numeric_dtype(column):
        match = TIME_COLUMN.match(name)
        unit = ((match and match[2]) or "s").lower()
        seconds = column.to_numpy(dtype=np.float64, na_value=np.nan) * _SECONDS.get(unit, 1.0)
        first = None
    else:
        seconds, first = _dates(column, name, path)
    is_time = np.abs(seconds) < _LONGEST_S
    if not is_time.all():
        row = int(np.argmin(is_time))
        given = str(column.iloc[row])
        raise DiffecgError(f"{path}, row {row + 1}: {given!r} in column {name!r} is no time")
    steps = np.diff(seconds)
    if (steps < 0).any() or seconds[-1] - seconds[0] < _SHORTEST_S:
        row = int(np.argmin(steps))
        raise DiffecgError(f"{path}: time does not rise from row {row + 1} to row {row + 2} of {name!r}")
    return seconds - seconds[0], first


def _dates(column: pd.Series[Any], name: str, path: Path) -> tuple[NDArray[np.float64], datetime | None]:
    """Return dates in seconds after the first, NaN where there is none, and the first."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # pandas only warns of dates in several time zones
            dates = pd.to_datetime(column, errors="coerce", format="ISO8601")
            seconds = np.asarray((dates - dates.iloc[0]).dt.total_seconds(), dtype=np.float64)
    except Exception as error:  # pandas raises whatever it ran into: lists, durations, mixed time zones
        raise DiffecgError(f"{path}: column {name!r} holds no times ({error})") from error
    first = dates.iloc[0]
    return seconds, None if pd.isna(first) else first.to_pydatetime(warn=False)


def sample_grid(
    seconds: NDArray[np.float64], path: Path, name: str, fs_hz: float | None
) -> tuple[NDArray[np.int64], float]:
    """Return each row's place on an even grid, and the grid's rate in Hz; a longer step is a gap."""
    rows, steps = np.arange(len(seconds)), np.diff(seconds)
    usual, even = float(np.median(steps)), (len(seconds) - 1) / seconds[-1]
    breaks = np.flatnonzero(steps > _STEP[1] * usual) + 1
    if not len(breaks) and np.abs(seconds * even - rows).max() < 1:  # whatever the times are rounded to
        return rows, fs_hz or _whole(even, len(seconds))
    bounds = [0, *breaks.tolist(), len(seconds)]
    parts = [seconds[first:last] for first, last in zip(bounds[:-1], bounds[1:], strict=True)]
    longest = max(parts, key=len)
    if (steps > _STEP[0] * usual).all() and len(longest) > 1 and usual > _SHORTEST_S:
        rate = fs_hz or _whole((len(longest) - 1) / (longest[-1] - longest[0]), len(longest))
        if seconds[-1] * rate < _MOST_MISSING * len(seconds):
            place = np.concatenate([round(part[0] * rate) + np.arange(len(part)) for part in parts])
            if (np.diff(place) > 0).all():
                return place, rate
    raise DiffecgError(
        f"{path}: the times in {name!r} are not those of an even rate (steps of {steps.min():.3g} to "
        f"{steps.max():.3g} s); resample them, or drop the column and give the rate with --fs"
    )


def _whole(rate: float, samples: int) -> float:
    """Return the whole rate if so many rounded times cannot tell ``rate`` from it."""
    near = round(rate)
    return float(near) if near and abs(near / rate - 1) * samples < 1 else round(rate, 6)
