"""RecordingFolder from and to pandas DataFrames, NeuroKit's included."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from diffecg.errors import DiffecgError
from diffecg.formats.annotations import Annotation
from diffecg.formats.recording import Recording
from diffecg.formats.table import recording_from_frame
from diffecg.signal.channels import MV_PER_UNIT

_NEUROKIT = "ECG_"


def to_frame(recording: Recording) -> pd.DataFrame:
    """Return the voltages in mV as columns, as NeuroKit and pandas take them; NaN = missing."""
    return pd.DataFrame({recording.leads[row]: recording.lead_mv(row) for row in recording.voltages})


def from_pandas(frame: pd.DataFrame, fs_hz: float | None, unit: str, name: str) -> Recording:
    """Return the recording of a DataFrame; NeuroKit's columns are recognised."""
    if unit not in MV_PER_UNIT:
        raise DiffecgError(f"unknown unit {unit!r}; choose one of {', '.join(MV_PER_UNIT)}")
    own = [column for column in frame.columns if str(column).startswith(_NEUROKIT)]
    if not own:
        return recording_from_frame(frame, Path(name), fs_hz, unit)
    lead = next((column for column in ("ECG_Raw", "ECG_Clean") if column in own), own[0])
    recording = recording_from_frame(frame[[lead]].rename(columns={lead: "ECG"}), Path(name), fs_hz, unit)
    peaks = np.flatnonzero(frame["ECG_R_Peaks"]) if "ECG_R_Peaks" in own else np.array([], dtype=int)
    notes = tuple(Annotation(sample=int(peak), symbol="N") for peak in peaks)
    return replace(recording, load_annotations=lambda: notes)
