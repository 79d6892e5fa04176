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
from diffecg.service.expansion import check_expansion
from diffecg.service.schemas import Interpretation, InterpretationRequest, LeadInfo
from diffecg.service.signal_store import write_signal
from diffecg.service.tasks import RecordingFile
from diffecg.signal.channels import make_channels


@dataclass(frozen=True, kw_only=True)
class ImportedRecording:
    """What was read of a recording."""

    fs_hz: float
    samples: int
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
    stated = InterpretationRequest(fs_hz=file.fs_hz, unit=file.unit, leads=dict(file.leads))
    return import_recording(read_file(file), folder, stated)


def read_file(file: RecordingFile) -> Recording:
    """Read an uploaded recording, as the user corrected how it is interpreted.

    Raises:
        DiffecgError: it is not a readable recording.
    """
    recording = read_recording(file.path, fs_hz=file.fs_hz, unit=file.unit)
    names = dict(file.leads)
    channels = tuple(
        make_channels([names[old.name]], [old.unit])[0] if old.name in names else old
        for old in recording.channels
    )
    return replace(recording, name=file.name or recording.name, channels=channels)


def import_recording(
    recording: Recording, folder: Path, stated: InterpretationRequest | None = None
) -> ImportedRecording:
    """Write the signal of a recording into a folder, and return what is known of the recording.

    Raises:
        DiffecgError: no channel is an ECG.
    """
    default = recording.default_lead()
    shown = recording.select(recording.same_rate(default))
    missing = write_signal(folder, shown)
    beats = tuple(
        (round(annotation.time_s, 4), annotation.symbol)
        for annotation in recording.annotations
        if annotation.symbol in BEAT_SYMBOLS
    )
    return ImportedRecording(
        fs_hz=shown.fs_hz,
        samples=shown.samples,
        start=_start(recording),
        leads=tuple(
            LeadInfo(
                name=channel.name,
                unit=channel.unit,
                fs_hz=shown.fs_hz,
                missing_s=round(count / shown.fs_hz, 3),
            )
            for channel, count in zip(shown.channels, missing, strict=True)
        ),
        lead=recording.channel_names[default],
        beats=beats,
        warnings=(*recording.warnings, *channel_warnings(recording, default)),
        interpretation=_interpretation(recording, shown.fs_hz, stated),
    )


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
