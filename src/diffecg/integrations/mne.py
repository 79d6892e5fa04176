"""RecordingFolder from and to MNE Raw objects."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from diffecg.formats.annotations import Annotation
from diffecg.formats.recording import Recording
from diffecg.formats.scaling import in_millivolts
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
    kinds = ["ecg" if channel.is_voltage else "misc" for channel in recording.channels]
    signal, units = in_millivolts(recording)
    per_unit = np.array([_MV_PER_V if unit == "mV" else 1.0 for unit in units])
    raw = mne.io.RawArray(
        signal / per_unit[:, None],
        mne.create_info(list(recording.leads), recording.fs_hz, kinds),
        verbose="error",
    )
    day, moment = recording.start
    if day is not None and moment is not None:
        raw.set_meas_date(datetime.combine(day, moment, tzinfo=UTC))
    notes: list[tuple[int, float, str, tuple[str, ...]]] = [
        (note.sample, 0.0, f"{note.symbol} {note.text}".strip(), ()) for note in recording.annotations
    ]
    for lead, row in zip(recording.leads, recording.missing, strict=True):
        notes += [(first, float(last - first), "BAD_missing", (lead,)) for first, last in true_runs(row)]
    onset, length, text, leads = zip(*notes, strict=True) if notes else ((), (), (), ())
    seconds = [np.array(values) / recording.fs_hz for values in (onset, length)]
    raw.set_annotations(mne.Annotations(*seconds, text, orig_time=raw.info["meas_date"], ch_names=leads))
    return raw


def from_mne(raw: Any, name: str) -> Recording:
    """Return the recording of an MNE Raw object."""
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
            notes.append(
                Annotation(sample=sample, symbol=symbol if known else '"', text=rest if known else str(text))
            )
    units = ["mV" if is_voltage else "NU" for is_voltage in voltage]
    recording = Recording.from_arrays(
        signal, raw.info["sfreq"], leads=raw.ch_names, units=units, name=name, annotations=notes
    )
    return recording if date is None else replace(recording, start=(date.date(), date.time()))
