"""Tables of recordings that were read from other formats: a column of times, and one for each channel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from diffecg.errors import DiffecgError
from diffecg.formats.file_time import FileTime
from diffecg.formats.recording import Recording

_PANDAS_YEARS = (1700, 2260)
"""Years within which pandas holds nanoseconds."""
_TIME_DECIMALS = 9


def plain_frame(recording: Recording) -> pd.DataFrame:
    """Return a table with the times and the samples of a recording, in the channels' units.

    The column ``time_s`` holds seconds on the file's own axis; ``time`` holds dates, or times of day where no
    date is known.

    Raises:
        DiffecgError: the channels have several sampling rates.
    """
    columns = [
        f"{lead} ({unit})" for lead, unit in zip(recording.channel_names, recording.units, strict=True)
    ]
    frame = pd.DataFrame(recording.signal.T, columns=columns)
    seconds = np.arange(len(frame)) / recording.fs_hz
    name, times = _times(recording.time, seconds)
    frame.insert(0, name, times)
    return frame


def _times(axis: FileTime, seconds: Float[np.ndarray, " time"]) -> tuple[str, Any]:
    """Return the heading and the cells of the column of times."""
    start = axis.start_datetime
    if start is not None and _PANDAS_YEARS[0] < start.year < _PANDAS_YEARS[1]:
        return "time", pd.Timestamp(start) + pd.to_timedelta(seconds, unit="s")
    if start is not None:
        begin = start.astimezone(UTC) if start.tzinfo else start
        moments = [begin + timedelta(seconds=float(step)) for step in seconds]
        return "time", [
            moment.astimezone(start.tzinfo).isoformat() if start.tzinfo else _iso(moment)
            for moment in moments
        ]
    if axis.start_time is not None:
        midnight = datetime.combine(datetime(2000, 1, 1), axis.start_time.replace(tzinfo=None))
        moments = [midnight + timedelta(seconds=float(step)) for step in seconds]
        return "time", [moment.time().isoformat(timespec="microseconds") for moment in moments]
    return "time_s", np.round(axis.origin_s + seconds, _TIME_DECIMALS)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


def check_single_rate(recording: Recording) -> None:
    """Check that the channels of a recording fit into one table or array.

    Raises:
        DiffecgError: they have several sampling rates.
    """
    rates = dict.fromkeys(f"{rate:g}" for rate in recording.source.rates_hz)
    if len(rates) > 1:
        listed = ", ".join(rates)
        raise DiffecgError(
            f"the channels of {recording.name} have several sampling rates ({listed} Hz), a table has one; "
            "choose the format wfdb, edf or bdf, or read only channels of one rate"
        )


def plain_losses(recording: Recording) -> list[str]:
    """Return what a plain table cannot hold of a recording.

    Raises:
        DiffecgError: the channels have several sampling rates.
    """
    check_single_rate(recording)
    found = []
    if recording.comments:
        found.append(f"{len(recording.comments)} comments of the header are not kept")
    if recording.time.start_date is not None and recording.time.start_time is None:
        found.append(f"the date {recording.time.start_date} is not kept, as no time of day is known")
    return found
