"""RecordingFolder from and to MNE Raw objects."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from diffecg.formats.recording import Annotation, Recording
from diffecg.signal.runs import true_runs

if TYPE_CHECKING:
    import mne


_MV_PER_V = 1000.0


def to_mne(recording: Recording) -> mne.io.RawArray:
    """Return the recording as an MNE Raw: volts, ``ecg`` channels, annotations, missing true_runs as ``BAD``.

    Raises:
        ImportError: MNE is not installed.
    """
    try:
        import mne
    except ImportError as error:
        raise ImportError("to_mne needs MNE: pip install 'diffecg[mne]'") from error
    voltage = np.isin(np.arange(len(recording.leads)), recording.voltages)
    kinds = ["ecg" if is_voltage else "misc" for is_voltage in voltage]
    raw = mne.io.RawArray(
        np.where(voltage[:, None], recording.signal_mv / _MV_PER_V, recording.values),
        mne.create_info(list(recording.leads), recording.fs_hz, kinds),
        verbose="error",
    )
    day, moment = recording.start
    if day is not None and moment is not None:
        raw.set_meas_date(datetime.combine(day, moment, tzinfo=UTC))
    notes: list[tuple[int, float, str, tuple[str, ...]]] = [
        (note.sample, 0.0, f"{note.symbol} {note.text}".strip(), ()) for note in recording.annotations()
    ]
    for lead, row in zip(recording.leads, recording.missing, strict=True):
        notes += [(first, float(last - first), "BAD_missing", (lead,)) for first, last in true_runs(row)]
    onset, length, text, leads = zip(*notes, strict=True) if notes else ((), (), (), ())
    seconds = [np.array(values) / recording.fs_hz for values in (onset, length)]
    raw.set_annotations(mne.Annotations(*seconds, text, orig_time=raw.info["meas_date"], ch_names=leads))
    return raw


def from_mne(raw: Any, name: str) -> Recording:
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
    return Recording(
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
