"""RecordingFolder from objects of other libraries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from diffecg.errors import DiffecgError
from diffecg.formats.recording import Recording
from diffecg.formats.table import recording_from_frame
from diffecg.integrations.mne import from_mne
from diffecg.integrations.pandas import from_pandas


def as_recording(
    data: Any, fs_hz: float | None = None, *, unit: str = "mV", name: str = "recording"
) -> Recording:
    """Return a recording made of another library's object.

    Args:
        data: an MNE Raw; a pandas DataFrame with a column a lead, NeuroKit's included (``ECG_Raw`` is the
            lead, ``ECG_R_Peaks`` the beats); an array (time) or (lead, time).
        fs_hz: sampling rate in Hz, where ``data`` does not tell it.
        unit: unit of columns and arrays that do not tell theirs.
        name: of the recording.

    Raises:
        DiffecgError: it is none of these, or its rate is unknown.
    """
    if hasattr(data, "ch_names") and hasattr(data, "get_data"):
        return from_mne(data, name)
    if isinstance(data, pd.DataFrame):
        return from_pandas(data, fs_hz, unit, name)
    try:
        signal = np.atleast_2d(np.asarray(data, dtype=np.float64))
    except (TypeError, ValueError):
        raise DiffecgError(f"a {type(data).__name__} is no MNE Raw, DataFrame or array of numbers") from None
    frame = pd.DataFrame(signal.T, columns=[f"lead {i + 1}" for i in range(len(signal))])
    return recording_from_frame(frame, Path(name), fs_hz, unit)
