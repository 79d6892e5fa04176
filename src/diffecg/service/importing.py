"""Read a recording and store what the page shows of it; runs in a limited child process, or in the worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from diffecg.datasets.formats.registry import read_windows
from diffecg.formats.annotations import BEAT_SYMBOLS
from diffecg.formats.description import channel_warnings
from diffecg.formats.recording import Recording
from diffecg.formats.registry import read_recording
from diffecg.formats.tables.text_writer import KeptText
from diffecg.inference.kind_signals import default_signal, imputed_unit, imputed_units
from diffecg.service.expansion import check_expansion
from diffecg.service.schemas import Interpretation, InterpretationRequest, LeadInfo
from diffecg.service.signal_store import write_signal
from diffecg.service.tasks import RecordingFile
from diffecg.signal.channels import make_channels
from diffecg.signal.kinds import KINDS


@dataclass(frozen=True, kw_only=True)
class ImportedRecording:
    """What was read of a recording."""

    fs_hz: float
    """Sampling rate of the lead to show first, in Hz."""
    samples: int
    """Number of its samples."""
    duration_s: float
    start: str | None
    """Date and time of the first sample, ISO."""
    leads: tuple[LeadInfo, ...]
    lead: str
    """The lead to show first."""
    beats: tuple[tuple[float, str], ...]
    warnings: tuple[str, ...]
    interpretation: Interpretation


def import_file(file: RecordingFile, folder: Path, max_bytes: float) -> ImportedRecording:
    """Read an uploaded file and write its signal into a folder.

    Raises:
        DiffecgError: it is not a readable recording, or expands to more than ``max_bytes``.
    """
    if file.path.is_file():
        check_expansion(file.path, max_bytes)
    stated = InterpretationRequest(
        fs_hz=file.fs_hz, unit=file.unit, units=dict(file.units), leads=dict(file.leads)
    )
    return import_recording(read_file(file), folder, stated)


def read_file(file: RecordingFile) -> Recording:
    """Read an uploaded recording, as the user corrected how it is interpreted.

    Raises:
        DiffecgError: it is not a readable recording.
    """
    units = {**({} if file.unit is None else {"": file.unit}), **dict(file.units)}
    recording = read_recording(file.path, fs_hz=file.fs_hz, unit=units)
    names = dict(file.leads)
    channels = tuple(
        make_channels([names[old.name]], [old.unit])[0] if old.name in names else old
        for old in recording.channels
    )
    return replace(recording, name=file.name or recording.name, channels=channels)


def import_recording(
    recording: Recording, folder: Path, stated: InterpretationRequest | None = None
) -> ImportedRecording:
    """Write the signals of a recording into a folder, and return what is known of the recording.

    Raises:
        DiffecgError: no channel is of a known kind.
    """
    rows, default = shown_rows(recording), _first_row(recording)
    shown = recording.select(rows)
    units = imputed_units(recording, rows)
    missing = write_signal(folder, shown, units)
    lengths, rates = recording.source.lengths, recording.source.rates_hz
    beats = tuple(
        (round(annotation.time_s, 4), annotation.symbol)
        for annotation in recording.annotations
        if annotation.symbol in BEAT_SYMBOLS
    )
    return ImportedRecording(
        fs_hz=rates[default],
        samples=lengths[default],
        duration_s=shown.duration_s,
        start=_start(recording),
        leads=tuple(
            LeadInfo(
                name=recording.channel_names[row],
                kind=recording.channels[row].signal_kind,
                unit=unit,
                fs_hz=rates[row],
                samples=lengths[row],
                missing_s=round(count / rates[row], 3),
            )
            for row, unit, count in zip(rows, units, missing, strict=True)
        ),
        lead=recording.channel_names[default],
        beats=beats,
        warnings=(*recording.warnings, *_channel_warnings(recording, rows, default)),
        interpretation=_interpretation(recording, rates[default], stated),
    )


def shown_rows(recording: Recording) -> list[int]:
    """Return the channels that are shown: signals of a known kind, and other voltages."""
    return [
        row
        for row, channel in enumerate(recording.channels)
        if channel.signal_kind in KINDS or channel.is_voltage
    ]


def _first_row(recording: Recording) -> int:
    """Return the channel to show first: the usual lead of an ECG, else the first that can be imputed.

    Raises:
        DiffecgError: there is none.
    """
    rows = [row for row, channel in enumerate(recording.channels) if imputed_unit(channel) is not None]
    return default_signal(recording, rows)


def _channel_warnings(recording: Recording, rows: Sequence[int], default: int) -> list[str]:
    """Return the warnings of the lead to show first, and of signals other than an ECG."""
    judged = [row for row in rows if row == default or recording.channels[row].signal_kind != "ecg"]
    return [warning for row in judged for warning in channel_warnings(recording, row)]


def count_windows(path: Path, fs_hz: float | None, max_bytes: float) -> tuple[float, dict[str, int]]:
    """Return the sampling rate of an uploaded set of windows, and the number of windows of each label.

    Raises:
        DiffecgError: it is not a readable set, or expands to more than ``max_bytes``.
    """
    for file in path.rglob("*") if path.is_dir() else (path,):
        if file.is_file():
            check_expansion(file, max_bytes)
    windows = read_windows(path, fs_hz=fs_hz)
    return float(windows.fs_hz), windows.counts()


def _start(recording: Recording) -> str | None:
    """Return the date and time of the first sample, as much of it as is known."""
    moment = recording.time.start_datetime
    if moment is not None:
        return moment.isoformat()
    return next((part.isoformat() for part in recording.start[::-1] if part is not None), None)


def _interpretation(
    recording: Recording, fs_hz: float, stated: InterpretationRequest | None
) -> Interpretation:
    layout = recording.layout
    columns: Sequence[str] = recording.channel_names
    separator = decimal = None
    if isinstance(layout, KeptText):
        text = layout.layout
        columns, separator = text.headings, text.separator
        decimal = next((mark.decimal for i, mark in enumerate(text.marks) if i in layout.positions), None)
    return Interpretation(
        format=recording.format,
        separator=separator,
        decimal=decimal,
        columns=list(columns),
        fs_hz=fs_hz,
        units={channel.name: channel.unit for channel in recording.channels},
        assumptions=list(recording.assumptions),
        stated=stated or InterpretationRequest(),
    )
