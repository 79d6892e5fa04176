"""Conversion to and from MNE Raw objects."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from diffecg.extras import require
from diffecg.formats.annotations import Annotation, from_text, to_text
from diffecg.formats.file_time import FileTime
from diffecg.formats.recording import Recording
from diffecg.formats.scaling import in_millivolts
from diffecg.signal.runs import true_runs

if TYPE_CHECKING:
    import mne

_MV_PER_V = 1000.0
_VOLTAGE_TYPES = ("ecg", "eeg", "bio", "emg")
"""Channel types of MNE whose unit is the volt."""
_GAP = "BAD_missing"
"""Description of the annotations of missing samples; MNE rejects segments that begin with BAD."""


def to_mne(recording: Recording) -> mne.io.RawArray:
    """Convert a recording to an MNE Raw object.

    Voltages become ``ecg`` channels in volts, others ``misc`` channels in their own units. Gaps are annotated
    as ``BAD_missing``.

    >>> import diffecg, numpy as np
    >>> raw = diffecg.to_mne(diffecg.as_recording(np.zeros((2, 1000)), 250))
    >>> raw.ch_names
    ['lead 1', 'lead 2']

    Raises:
        MissingDependencyError: MNE is not installed.
    """
    mne = require("mne", "mne")
    types = ["ecg" if channel.is_voltage else "misc" for channel in recording.channels]
    signal, units = in_millivolts(recording)
    scale = np.array([_MV_PER_V if unit == "mV" else 1.0 for unit in units])
    info = mne.create_info(list(recording.channel_names), recording.fs_hz, types)
    raw = mne.io.RawArray(signal / scale[:, None], info, verbose="error")
    day, clock = recording.start
    if day is not None and clock is not None:
        raw.set_meas_date(datetime.combine(day, clock, tzinfo=UTC))
    annotations = mne.Annotations([], [], [], orig_time=raw.info["meas_date"])
    for note in recording.annotations:
        annotations.append(note.time_s, note.duration_s, to_text(note))
    for lead, missing in zip(recording.channel_names, recording.missing, strict=True):
        for first, stop in true_runs(missing):
            duration_s = (stop - first) / recording.fs_hz
            annotations.append(first / recording.fs_hz, duration_s, _GAP, ch_names=[[lead]])
    raw.set_annotations(annotations)
    return raw


def from_mne(raw: Any, name: str) -> Recording:
    """Convert an MNE Raw object to a recording.

    Args:
        raw: the Raw object; ECG, EEG, EMG and bio channels become voltages.
        name: name of the recording.
    """
    is_voltage = np.array([kind in _VOLTAGE_TYPES for kind in raw.get_channel_types()])
    recording = Recording.from_arrays(
        raw.get_data(verbose="error") * np.where(is_voltage, _MV_PER_V, 1.0)[:, None],
        raw.info["sfreq"],
        channel_names=raw.ch_names,
        units=["mV" if voltage else "NU" for voltage in is_voltage],
        name=name,
        annotations=_annotations(raw),
    )
    start = raw.info["meas_date"]
    if start is None:
        return recording
    first = start + timedelta(seconds=float(raw.first_time))  # meas_date is that before cropping
    return replace(recording, time=FileTime.from_datetime(first.replace(tzinfo=None)))


def _annotations(raw: Any) -> list[Annotation]:
    """Return the annotations of a Raw object, whose onsets count from before it was cropped."""
    notes = zip(raw.annotations.onset, raw.annotations.duration, raw.annotations.description, strict=True)
    return [
        from_text(str(description), round(float(onset_s - raw.first_time), 6), float(duration_s))
        for onset_s, duration_s, description in notes
        if not description.startswith("BAD")
    ]
