"""Uploaded recordings and sets of windows, stored under ids of the server."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from diffecg.datasets.formats.registry import read_windows
from diffecg.errors import DiffecgError
from diffecg.formats.annotations import BEAT_SYMBOLS
from diffecg.formats.description import lead_warnings
from diffecg.formats.recording import Recording
from diffecg.formats.registry import read_recording
from diffecg.service.schemas import RecordingInfo, WindowsInfo
from diffecg.service.tasks import RecordingFile

_FILE_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9]{1,8})?")
_RECORDING_SUFFIXES = (".hea", ".edf", ".bdf", ".csv", ".parquet", ".npz", ".npy")
_WFDB_SUFFIXES = (".dat", ".atr")
"""Files that accompany a WFDB header."""
_SET_SUFFIXES = (".npz", ".csv", ".parquet")


@dataclass(frozen=True, kw_only=True)
class UploadedFile:
    """A file as the client sent it."""

    name: str
    content: bytes


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredRecording:
    """An uploaded recording."""

    file: RecordingFile
    info: RecordingInfo
    recording: Recording


@dataclass(frozen=True, kw_only=True)
class StoredSet:
    """An uploaded set of windows."""

    path: Path
    info: WindowsInfo


class Uploads:
    """Uploads by id; the oldest are deleted when there are too many.

    Args:
        folder: folder of the server.
        max_uploads: number of recordings, and of sets, that are kept.
    """

    def __init__(self, folder: Path, max_uploads: int) -> None:
        self._folder = folder / "uploads"
        self._max_uploads = max_uploads
        self._recordings: dict[str, StoredRecording] = {}
        self._sets: dict[str, StoredSet] = {}

    @property
    def recordings(self) -> Mapping[str, StoredRecording]:
        """Recordings by id."""
        return self._recordings

    @property
    def sets(self) -> Mapping[str, StoredSet]:
        """Sets of windows by id."""
        return self._sets

    def add_recording(
        self, files: Sequence[UploadedFile], fs_hz: float | None = None, unit: str | None = None
    ) -> StoredRecording:
        """Store a recording.

        Args:
            files: a WFDB header with its signals and annotations, or one file of another format.
            fs_hz: sampling rate in Hz, for formats that do not store it.
            unit: unit of leads whose unit the file does not state.

        Raises:
            DiffecgError: the files are not a readable recording; nothing is stored.
        """
        with self._new_folder() as (key, folder):
            path = _recording_path(_write_files(folder, files))
            return self._store(key, RecordingFile(path=path, fs_hz=fs_hz, unit=unit))

    def add_composed(self, folder: Path, name: str) -> StoredRecording:
        """Store a copy of the WFDB record ``name`` of a folder."""
        with self._new_folder() as (key, copy):
            for file in folder.iterdir():
                if file.stem == name:
                    shutil.copy(file, copy)
            return self._store(key, RecordingFile(path=copy / name, fs_hz=None, unit=None))

    def add_set(self, files: Sequence[UploadedFile], fs_hz: float | None = None) -> StoredSet:
        """Store a set of windows.

        Args:
            files: one file.
            fs_hz: sampling rate in Hz, for formats that do not store it.

        Raises:
            DiffecgError: the file is not a readable set; nothing is stored.
        """
        with self._new_folder() as (key, folder):
            paths = _write_files(folder, files)
            if len(paths) != 1 or paths[0].suffix.lower() not in _SET_SUFFIXES:
                raise DiffecgError(f"a set of windows is one file; choose {', '.join(_SET_SUFFIXES)}")
            windows = read_windows(paths[0], fs_hz=fs_hz)
        info = WindowsInfo(id=key, name=paths[0].name, fs_hz=float(windows.fs_hz), counts=windows.counts())
        self._sets[key] = StoredSet(path=paths[0], info=info)
        self._delete_oldest(self._sets)
        return self._sets[key]

    def delete_recording(self, key: str) -> None:
        """Delete a recording."""
        self._delete(self._recordings, key)

    @contextmanager
    def _new_folder(self) -> Iterator[tuple[str, Path]]:
        """Yield an id and its folder; after an error, delete the folder and hide its path."""
        key = secrets.token_urlsafe(9)
        folder = self._folder / key
        folder.mkdir(parents=True)
        try:
            yield key, folder
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, DiffecgError):
                raise DiffecgError(str(error).replace(f"{folder}/", "").replace(str(folder), "")) from None
            raise

    def _store(self, key: str, file: RecordingFile) -> StoredRecording:
        recording = read_recording(file.path, fs_hz=file.fs_hz, unit=file.unit)
        info = _describe(key, recording)
        self._recordings[key] = StoredRecording(file=file, info=info, recording=recording)
        self._delete_oldest(self._recordings)
        return self._recordings[key]

    def _delete_oldest(self, uploads: dict[str, Any]) -> None:
        while len(uploads) > self._max_uploads:
            self._delete(uploads, next(iter(uploads)))

    def _delete(self, uploads: dict[str, Any], key: str) -> None:
        del uploads[key]
        shutil.rmtree(self._folder / key, ignore_errors=True)


def lead_signal_mv(stored: StoredRecording, lead: str) -> Float32[np.ndarray, " time"]:
    """Return a lead in mV, NaN where missing.

    Raises:
        DiffecgError: unknown lead.
    """
    recording = stored.recording
    return recording.lead_mv(recording.channel_index(lead)).astype(np.float32)


def _describe(key: str, recording: Recording) -> RecordingInfo:
    default = recording.default_lead()
    rows = recording.same_rate(default)
    shown = recording.select(rows)
    missing_s = shown.missing.sum(axis=1) / shown.fs_hz
    beats = [
        (round(annotation.time_s, 4), annotation.symbol)
        for annotation in recording.annotations
        if annotation.symbol in BEAT_SYMBOLS
    ]
    return RecordingInfo(
        id=key,
        name=recording.name,
        fs_hz=shown.fs_hz,
        duration_s=shown.duration_s,
        samples=shown.samples,
        leads=list(shown.channel_names),
        lead=recording.channel_names[default],
        missing_s=dict(zip(shown.channel_names, missing_s.round(3).tolist(), strict=True)),
        beats=beats,
        warnings=lead_warnings(recording, default),
    )


def _write_files(folder: Path, files: Sequence[UploadedFile]) -> list[Path]:
    """Write files under the last part of their names, and return their paths."""
    paths: list[Path] = []
    for file in files:
        name = file.name.replace("\\", "/").rsplit("/", 1)[-1]
        if not _FILE_NAME.fullmatch(name):
            raise DiffecgError(
                f"file name {name[:80]!r} is not allowed; use letters, digits, _ and -, and a suffix"
            )
        if (folder / name).exists():
            raise DiffecgError(f"two files have the name {name!r}; rename one")
        (folder / name).write_bytes(file.content)
        paths.append(folder / name)
    if not paths:
        raise DiffecgError("the upload has no file; choose one")
    return paths


def _recording_path(paths: Sequence[Path]) -> Path:
    """Return the path of the recording among the files of an upload; of a WFDB record, without suffix."""
    main = [path for path in paths if path.suffix.lower() in _RECORDING_SUFFIXES]
    if len(main) != 1:
        raise DiffecgError(
            f"{', '.join(path.name for path in paths)} is not a recording; upload a WFDB header, its .dat "
            f"(and .atr), or one file of {', '.join(_RECORDING_SUFFIXES[1:])}"
        )
    is_wfdb = main[0].suffix.lower() == ".hea"
    others = [path for path in paths if path != main[0]]
    foreign = [path.name for path in others if not is_wfdb or path.suffix.lower() not in _WFDB_SUFFIXES]
    if foreign:
        raise DiffecgError(f"{foreign[0]} does not belong to {main[0].name}; upload one recording at a time")
    return main[0].with_suffix("") if is_wfdb else main[0]
