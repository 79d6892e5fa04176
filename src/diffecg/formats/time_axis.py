"""Time columns of tables: sampling rate, start and missing samples."""

from __future__ import annotations

import re
import warnings
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from diffecg.errors import DiffecgError, one_line

TIME_COLUMN = re.compile(
    r"(?i)^(time|timestamp|datetime|t|seconds|elapsed)(?:[ _]*[\[(]?(s|ms|us|sec|seconds)[\])]?)?$"
)
"""Names of time columns, with an optional unit."""

_SECONDS_PER_UNIT = {"ms": 1e-3, "us": 1e-6}

_STEP_RANGE = (0.5, 1.5)
"""Steps within these multiples of the median are rounding; longer ones are gaps, shorter ones an error."""

_MAX_SAMPLES_PER_ROW = 100
"""Largest ratio of samples to rows; with more missing samples, the column is not one of times."""

_MIN_DURATION_S, _MAX_ABS_TIME_S = 1e-9, 1e18


def column_seconds(
    column: pd.Series[Any], name: str, path: Path
) -> tuple[Float[np.ndarray, " row"], datetime | None]:
    """Return the times of a column in seconds after the first, and the first one if they are dates.

    Raises:
        DiffecgError: a value is not a time; times decrease.
    """
    if pd.api.types.is_numeric_dtype(column):
        match = TIME_COLUMN.match(name)
        unit = ((match and match[2]) or "s").lower()
        seconds = column.to_numpy(dtype=np.float64, na_value=np.nan) * _SECONDS_PER_UNIT.get(unit, 1.0)
        first = None
    else:
        seconds, first = _date_seconds(column, name, path)
    is_time = np.abs(seconds) < _MAX_ABS_TIME_S
    if not is_time.all():
        row = int(np.argmin(is_time))
        value = str(column.iloc[row])
        raise DiffecgError(f"{path}, row {row + 1}: {value!r} in column {name!r} is not a time")
    steps = np.diff(seconds)
    if (steps < 0).any() or seconds[-1] - seconds[0] < _MIN_DURATION_S:
        row = int(np.argmin(steps))
        raise DiffecgError(f"{path}: time does not increase from row {row + 1} to row {row + 2} of {name!r}")
    return seconds - seconds[0], first


def _date_seconds(
    column: pd.Series[Any], name: str, path: Path
) -> tuple[Float[np.ndarray, " row"], datetime | None]:
    """Return dates in seconds after the first, NaN where a value is not a date, and the first."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # pandas only warns of dates in several time zones
            dates = pd.to_datetime(column, errors="coerce", format="ISO8601")
            seconds = np.asarray((dates - dates.iloc[0]).dt.total_seconds(), dtype=np.float64)
    except Exception as error:  # lists, durations, mixed time zones: pandas raises many types
        raise DiffecgError(f"{path}: column {name!r} is not a column of times ({one_line(error)})") from error
    first = dates.iloc[0]
    return seconds, None if pd.isna(first) else first.to_pydatetime(warn=False)


def sample_grid(
    seconds: Float[np.ndarray, " row"], path: Path, name: str, fs_hz: float | None
) -> tuple[Int[np.ndarray, " row"], float]:
    """Return the sample number of each row on an even grid, and the grid's rate in Hz; long steps are gaps.

    Raises:
        DiffecgError: the times do not lie on an even grid.
    """
    rows, steps = np.arange(len(seconds)), np.diff(seconds)
    median, mean_rate = float(np.median(steps)), (len(seconds) - 1) / seconds[-1]
    gaps = np.flatnonzero(steps > _STEP_RANGE[1] * median) + 1
    if not len(gaps) and np.abs(seconds * mean_rate - rows).max() < 1:  # whatever the times are rounded to
        return rows, fs_hz or _round_rate(mean_rate, len(seconds))
    bounds = [0, *gaps.tolist(), len(seconds)]
    segments = [seconds[first:last] for first, last in zip(bounds[:-1], bounds[1:], strict=True)]
    longest = max(segments, key=len)
    if (steps > _STEP_RANGE[0] * median).all() and len(longest) > 1 and median > _MIN_DURATION_S:
        rate = fs_hz or _round_rate((len(longest) - 1) / (longest[-1] - longest[0]), len(longest))
        if seconds[-1] * rate < _MAX_SAMPLES_PER_ROW * len(seconds):
            samples = np.concatenate(
                [round(segment[0] * rate) + np.arange(len(segment)) for segment in segments]
            )
            if (np.diff(samples) > 0).all():
                return samples, rate
    raise DiffecgError(
        f"{path}: the times in {name!r} are not evenly spaced (steps of {steps.min():.3g} to "
        f"{steps.max():.3g} s); resample them, or drop the column and give the rate with --fs"
    )


def _round_rate(rate: float, samples: int) -> float:
    """Return the nearest integer if it agrees with ``rate`` to within one of ``samples`` samples."""
    nearest = round(rate)
    return float(nearest) if nearest and abs(nearest / rate - 1) * samples < 1 else round(rate, 6)
