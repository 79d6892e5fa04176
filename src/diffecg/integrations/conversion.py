"""Recordings from objects of other libraries."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from diffecg.errors import DiffecgError
from diffecg.formats.recording import Recording
from diffecg.formats.table import recording_from_frame
from diffecg.integrations.mne import from_mne
from diffecg.integrations.pandas import from_pandas
from diffecg.signal.arrays import interpret_signal
from diffecg.signal.resampling import check_rate

if TYPE_CHECKING:
    import mne


def as_recording(
    data: ArrayLike | pd.DataFrame | pd.Series[Any] | mne.io.BaseRaw,
    fs_hz: float | None = None,
    *,
    unit: str = "mV",
    name: str = "recording",
    axes: str | None = None,
) -> Recording:
    """Convert an object of another library to a recording.

    >>> import numpy as np
    >>> from diffecg import as_recording
    >>> as_recording(np.zeros((2, 1000)), 250)
    <Recording recording: lead 1 (mV), lead 2 (mV); 4 s at 250 Hz>

    Args:
        data: an MNE Raw; a pandas Series, or a DataFrame with one column for each channel, also of
            NeuroKit (``ECG_Raw`` is the lead, ``ECG_R_Peaks`` the beats); an array with axes (time),
            (channel, time) or (time, channel), whose longer axis is time; NaN, or the mask of a masked array,
            marks missing samples.
        fs_hz: sampling rate in Hz; required if ``data`` does not contain it.
        unit: unit of arrays, and of columns that do not name one.
        name: name of the recording.
        axes: order of the axes of an array where its shape leaves it in doubt: ``"lead time"`` or
            ``"time lead"``.

    Raises:
        DiffecgError: another type of object, axes in doubt, or an unknown sampling rate.
    """
    if fs_hz is not None:
        check_rate(fs_hz)
    if hasattr(data, "ch_names") and hasattr(data, "get_data"):
        return from_mne(data, name)
    if isinstance(data, pd.Series):
        data = data.to_frame("lead 1" if data.name is None else data.name)
    if isinstance(data, pd.DataFrame):
        return from_pandas(data, fs_hz, unit, name)
    try:
        array = interpret_signal(data, axes)
    except DiffecgError as error:
        raise DiffecgError(
            f"cannot convert a {type(data).__name__}; give an MNE Raw, a DataFrame or an array of numbers "
            f"({error})"
        ) from None
    if "window" in array.axes:
        raise DiffecgError("a panel (window, lead, time) is not one recording; convert each window")
    leads = array.windows[0].astype(np.float64)
    frame = pd.DataFrame(leads.T, columns=[f"lead {i + 1}" for i in range(len(leads))])
    return recording_from_frame(frame, Path(name), fs_hz, unit)
