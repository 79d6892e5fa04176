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
_VOLT = 107
"""Code of the volt in the channel information of MNE (FIFF_UNIT_V)."""
_TYPES = {"eeg": "eeg", "emg": "emg", "eog": "eog"}
"""Channel types of MNE by our kind; other voltages are ``ecg``, other signals ``misc``."""
_GAP = "BAD_missing"
"""Description of the annotations of missing samples; MNE rejects segments that begin with BAD."""
_SKIPPED = "BAD_ACQ_SKIP"
"""Description of intervals that were not recorded, and that MNE fills with zeros."""


def to_mne(recording: Recording) -> mne.io.RawArray:
    """Convert a recording to an MNE Raw object.

    Voltages become ``ecg`` channels in volts (``eeg``, ``emg`` and ``eog`` where their names say so), others
    ``misc`` channels in their own units. Gaps are annotated as ``BAD_missing``.

    >>> import diffecg, numpy as np
    >>> raw = diffecg.to_mne(diffecg.as_recording(np.zeros((2, 1000)), 250))
    >>> raw.ch_names
    ['lead 1', 'lead 2']

    Raises:
        DiffecgError: the channels have several rates, which MNE does not support; select() some first.
        MissingDependencyError: MNE is not installed.
    """
    mne = require("mne", "mne")
    types = [_TYPES.get(c.kind, "ecg") if c.is_voltage else "misc" for c in recording.channels]
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
    is_voltage = np.array([channel["unit"] == _VOLT for channel in raw.info["chs"]])
    signal = raw.get_data(verbose="error") * np.where(is_voltage, _MV_PER_V, 1.0)[:, None]
    for first_s, last_s in _skipped(raw):
        signal[:, round(first_s * raw.info["sfreq"]) : round(last_s * raw.info["sfreq"])] = np.nan
    recording = Recording.from_arrays(
        signal,
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
    """Return the annotations of a Raw object, without those of missing samples."""
    return [
        from_text(description, onset_s, duration_s)
        for onset_s, duration_s, description in _notes(raw)
        if description not in (_GAP, _SKIPPED)
    ]


def _skipped(raw: Any) -> list[tuple[float, float]]:
    """Return the intervals that were not recorded: start and stop, in s."""
    skipped = [(at_s, for_s) for at_s, for_s, description in _notes(raw) if description == _SKIPPED]
    return [(max(at_s, 0.0), max(at_s + for_s, 0.0)) for at_s, for_s in skipped]


def _notes(raw: Any) -> list[tuple[float, float, str]]:
    """Return onset and duration, in s from the first sample, and description of all annotations.

    The onsets of MNE count from the start of the file before cropping.
    """
    notes = zip(raw.annotations.onset, raw.annotations.duration, raw.annotations.description, strict=True)
    return [
        (round(float(onset_s - raw.first_time), 9), float(duration_s), str(description))
        for onset_s, duration_s, description in notes
    ]
