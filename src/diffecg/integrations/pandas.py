"""Conversion to and from pandas DataFrames, also those of NeuroKit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from diffecg.choices import choices
from diffecg.errors import DiffecgError
from diffecg.formats.annotations import Annotation
from diffecg.formats.recording import Recording
from diffecg.formats.table import recording_from_frame
from diffecg.signal.units import MV_PER_UNIT

_NEUROKIT = ("ECG_Raw", "ECG_Clean")
"""NeuroKit's columns of the ECG, the preferred one first."""


def to_frame(recording: Recording) -> pd.DataFrame:
    """Return the voltages of a recording in mV, one column for each, as NeuroKit takes them; NaN = missing.

    >>> import diffecg, numpy as np
    >>> diffecg.to_frame(diffecg.as_recording(np.zeros((2, 1000)), 250)).shape
    (1000, 2)
    """
    return pd.DataFrame(
        {recording.channel_names[row]: recording.lead_mv(row) for row in recording.voltage_indices}
    )


def from_pandas(frame: pd.DataFrame, fs_hz: float | None, unit: str, name: str) -> Recording:
    """Convert a DataFrame to a recording; of NeuroKit's columns, the raw ECG and the R peaks are used.

    Args:
        frame: one column for each channel, and a time column unless ``fs_hz`` is given.
        fs_hz: sampling rate, in Hz.
        unit: unit of the columns that do not name one.
        name: name of the recording.

    Raises:
        DiffecgError: an unknown unit or sampling rate; no numeric columns.
    """
    if unit not in MV_PER_UNIT:
        raise DiffecgError(f"unknown unit {unit!r}; {choices(unit, MV_PER_UNIT)}")
    lead = next((column for column in _NEUROKIT if column in frame.columns), None)
    if lead is None:
        return recording_from_frame(frame, Path(name), fs_hz, unit)
    recording = recording_from_frame(frame[[lead]].rename(columns={lead: "ECG"}), Path(name), fs_hz, unit)
    peaks = (
        np.flatnonzero(frame["ECG_R_Peaks"]) if "ECG_R_Peaks" in frame.columns else np.array([], dtype=int)
    )
    annotations = tuple(Annotation(time_s=int(peak) / recording.fs_hz, symbol="N") for peak in peaks)
    return replace(recording, load_annotations=lambda: annotations)
