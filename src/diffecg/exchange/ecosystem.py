"""Recordings from and to the objects of other libraries: MNE, pandas (NeuroKit's frames), NumPy."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from diffecg.data.read_table import from_frame
from diffecg.data.records import MV_PER_UNIT, Annotation, Record
from diffecg.data.runs import stretches
from diffecg.errors import DiffecgError

if TYPE_CHECKING:
    import mne

_MV_PER_V = 1000.0
_NEUROKIT = "ECG_"


def as_record(data: Any, fs_hz: float | None = None, *, unit: str = "mV", name: str = "recording") -> Record:
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
        return _from_mne(data, name)
    if isinstance(data, pd.DataFrame):
        return _from_frame(data, fs_hz, unit, name)
    try:
        signal = np.atleast_2d(np.asarray(data, dtype=np.float64))
    except (TypeError, ValueError):
        raise DiffecgError(f"a {type(data).__name__} is no MNE Raw, DataFrame or array of numbers") from None
    frame = pd.DataFrame(signal.T, columns=[f"lead {i + 1}" for i in range(len(signal))])
    return from_frame(frame, Path(name), fs_hz, unit)


def to_mne(record: Record) -> mne.io.RawArray:
    """Return the recording as an MNE Raw: volts, ``ecg`` channels, annotations, missing stretches as ``BAD``.

    Raises:
        ImportError: MNE is not installed.
    """
    try:
        import mne
    except ImportError as error:
        raise ImportError("to_mne needs MNE: pip install 'diffecg[mne]'") from error
    voltage = np.isin(np.arange(len(record.leads)), record.voltages)
    kinds = ["ecg" if is_voltage else "misc" for is_voltage in voltage]
    raw = mne.io.RawArray(
        np.where(voltage[:, None], record.signal_mv / _MV_PER_V, record.values),
        mne.create_info(list(record.leads), record.fs_hz, kinds),
        verbose="error",
    )
    day, moment = record.start
    if day is not None and moment is not None:
        raw.set_meas_date(datetime.combine(day, moment, tzinfo=UTC))
    notes: list[tuple[int, float, str, tuple[str, ...]]] = [
        (note.sample, 0.0, f"{note.symbol} {note.text}".strip(), ()) for note in record.annotations()
    ]
    for lead, row in zip(record.leads, record.missing, strict=True):
        notes += [(first, float(last - first), "BAD_missing", (lead,)) for first, last in stretches(row)]
    onset, length, text, leads = zip(*notes, strict=True) if notes else ((), (), (), ())
    seconds = [np.array(values) / record.fs_hz for values in (onset, length)]
    raw.set_annotations(mne.Annotations(*seconds, text, orig_time=raw.info["meas_date"], ch_names=leads))
    return raw


def to_frame(record: Record) -> pd.DataFrame:
    """Return the voltages in mV as columns, as NeuroKit and pandas take them; NaN = missing."""
    return pd.DataFrame({record.leads[row]: record.signal_mv[row] for row in record.voltages})


def _from_mne(raw: Any, name: str) -> Record:
    kinds = raw.get_channel_types()
    voltage = np.array([kind in ("ecg", "eeg", "bio", "emg") for kind in kinds])
    signal = raw.get_data(verbose="error") * np.where(voltage, _MV_PER_V, 1.0)[:, None]
    date = raw.info["meas_date"]
    first = raw.first_time if raw.annotations.orig_time is not None else 0.0
    notes = []
    for onset, text in zip(raw.annotations.onset, raw.annotations.description, strict=True):
        symbol, _, rest = str(text).partition(" ")
        known = len(symbol) == 1
        if not text.startswith("BAD"):
            sample = round((onset - first) * raw.info["sfreq"])
            notes.append(Annotation(sample, symbol if known else '"', rest if known else str(text)))
    return Record(
        name,
        float(raw.info["sfreq"]),
        tuple(raw.ch_names),
        tuple("mV" if is_voltage else "NU" for is_voltage in voltage),
        signal,
        (1.0,) * len(signal),
        (0.0,) * len(signal),
        np.isnan(signal),
        Path(name),
        (None, None) if date is None else (date.date(), date.time()),
        annotations=lambda: tuple(notes),
    )


def _from_frame(frame: pd.DataFrame, fs_hz: float | None, unit: str, name: str) -> Record:
    if unit not in MV_PER_UNIT:
        raise DiffecgError(f"unknown unit {unit!r}; choose one of {', '.join(MV_PER_UNIT)}")
    own = [column for column in frame.columns if str(column).startswith(_NEUROKIT)]
    if not own:
        return from_frame(frame, Path(name), fs_hz, unit)
    lead = next((column for column in ("ECG_Raw", "ECG_Clean") if column in own), own[0])
    record = from_frame(frame[[lead]].rename(columns={lead: "ECG"}), Path(name), fs_hz, unit)
    peaks = np.flatnonzero(frame["ECG_R_Peaks"]) if "ECG_R_Peaks" in own else np.array([], dtype=int)
    notes = tuple(Annotation(int(peak), "N") for peak in peaks)
    return replace(record, annotations=lambda: notes)
