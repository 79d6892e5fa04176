"""RecordingFolder and sets of windows that users send: kept under names of our own, read once, or refused."""

from __future__ import annotations

import re
import secrets
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffecg.datasets.reading import read_windows
from diffecg.errors import DiffecgError
from diffecg.formats.description import warnings_of
from diffecg.formats.recording import BEAT_SYMBOLS, Recording
from diffecg.formats.registry import read_recording
from diffecg.service.schemas import RecordingInfo, WindowsInfo

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9]{1,8})?")
_SIDE = (".dat", ".atr")
_FORMATS = (".hea", ".edf", ".bdf", ".csv", ".parquet", ".npz", ".npy")
_SETS = (".npz", ".csv", ".parquet")
File = tuple[str, bytes]
"""Name as sent, and content."""


@dataclass(frozen=True)
class StoredRecording:
    """A recording on the server."""

    path: Path
    info: RecordingInfo
    recording: Recording
    fs_hz: float | None = None
    """What was told of a file that does not tell its rate."""
    unit: str | None = None
    """Likewise, of its unit."""


class Uploads:
    """What was sent, by id; the oldest goes when there are too many."""

    def __init__(self, folder: Path, most: int) -> None:
        self.folder = folder
        self.most = most
        self.recordings: dict[str, StoredRecording] = {}
        self.sets: dict[str, tuple[Path, WindowsInfo]] = {}

    def add_recording(
        self, files: Sequence[File], fs_hz: float | None = None, unit: str | None = None
    ) -> StoredRecording:
        """Keep a recording.

        Args:
            files: a WFDB header with its signals and annotations, or one file of another format.
            fs_hz: sampling rate in Hz, for tables and arrays that do not tell it.
            unit: of leads whose unit the file does not tell.

        Raises:
            DiffecgError: it cannot be read; nothing of it is kept.
        """
        with self._new() as (key, folder):
            path = _main(_written(folder, files), folder)
            return self._kept(key, path, read_recording(path, fs_hz=fs_hz, unit=unit), fs_hz, unit)

    def add_written(self, folder: Path, name: str) -> StoredRecording:
        """Keep a copy of a recording that a job wrote."""
        with self._new() as (key, copy):
            for file in folder.iterdir():
                if file.stem == name:
                    shutil.copy(file, copy)
            return self._kept(key, copy / name, read_recording(copy / name))

    def add_set(self, files: Sequence[File], fs_hz: float | None = None) -> WindowsInfo:
        """Keep a set of windows: one file.

        Raises:
            DiffecgError: it cannot be read; nothing of it is kept.
        """
        with self._new() as (key, folder):
            written = _written(folder, files)
            if len(written) != 1 or written[0].suffix.lower() not in _SETS:
                raise DiffecgError(f"send one file of {', '.join(_SETS)}")
            windows = read_windows(written[0], fs_hz=fs_hz)
        counts = Counter(windows.labels.tolist())
        info = WindowsInfo(key, written[0].name, float(windows.fs_hz), dict(counts))
        self.sets[key] = (written[0], info)
        self._forget(self.sets)
        return info

    def forget(self, key: str) -> None:
        """Delete a recording."""
        self._delete(self.recordings, key)

    @contextmanager
    def _new(self) -> Iterator[tuple[str, Path]]:
        """Yield an id and its folder; of what cannot be read nothing is kept, and users are told no path."""
        key = secrets.token_urlsafe(9)
        folder = self.folder / "uploads" / key
        folder.mkdir(parents=True)
        try:
            yield key, folder
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, DiffecgError):
                raise DiffecgError(str(error).replace(f"{folder}/", "").replace(str(folder), "")) from None
            raise

    def _kept(
        self, key: str, path: Path, recording: Recording, fs_hz: float | None = None, unit: str | None = None
    ) -> StoredRecording:
        if not recording.voltages:
            recording.default_lead()  # says why
        leads = [recording.leads[row] for row in recording.voltages]
        lost = recording.missing[recording.voltages].sum(axis=1) / recording.fs_hz
        usual = recording.default_lead()
        info = RecordingInfo(
            key,
            recording.name,
            recording.fs_hz,
            recording.duration_s,
            recording.stored.shape[1],
            leads,
            recording.leads[usual],
            dict(zip(leads, lost.round(3).tolist(), strict=True)),
            [
                (round(one.sample / recording.fs_hz, 4), one.symbol)
                for one in recording.annotations
                if one.symbol in BEAT_SYMBOLS
            ],
            warnings_of(recording, usual),
        )
        self.recordings[key] = StoredRecording(path, info, recording, fs_hz, unit)
        self._forget(self.recordings)
        return self.recordings[key]

    def _forget(self, kept: dict[str, Any]) -> None:
        while len(kept) > self.most:
            self._delete(kept, next(iter(kept)))

    def _delete(self, kept: dict[str, Any], key: str) -> None:
        del kept[key]
        shutil.rmtree(self.folder / "uploads" / key, ignore_errors=True)


def signal_of(kept: StoredRecording, lead: str) -> NDArray[np.float32]:
    """Return a lead (time) in mV; NaN where it is missing.

    Raises:
        DiffecgError: there is no such lead.
    """
    signal_mv: NDArray[np.float32] = kept.recording.lead_mv(kept.recording.lead_index(lead)).astype(
        np.float32
    )
    return signal_mv


def _written(folder: Path, files: Sequence[File]) -> list[Path]:
    """Write files under their own last names, which must be plain ones."""
    paths = []
    for sent, content in files:
        name = sent.replace("\\", "/").rsplit("/", 1)[-1]
        if not _PLAIN.fullmatch(name):
            raise DiffecgError(
                f"the file name {name[:80]!r} is refused; use letters, digits, _ and -, and one suffix"
            )
        if (folder / name).exists():
            raise DiffecgError(f"{name} was sent twice")
        (folder / name).write_bytes(content)
        paths.append(folder / name)
    if not paths:
        raise DiffecgError("no file was sent")
    return paths


def _main(paths: Sequence[Path], folder: Path) -> Path:
    """Return the file that tells of the others."""
    found = [path for path in paths if path.suffix.lower() in _FORMATS]
    if len(found) != 1:
        raise DiffecgError(
            f"{', '.join(path.name for path in paths)}: send a WFDB header with its .dat (and .atr), "
            f"or one file of {', '.join(_FORMATS[1:])}"
        )
    wfdb = found[0].suffix.lower() == ".hea"
    extra = [path.name for path in paths if path not in found and path.suffix.lower() not in _SIDE]
    if extra or (len(paths) > 1 and not wfdb):
        raise DiffecgError(f"{extra[0] if extra else paths[1].name} does not belong to {found[0].name}")
    return folder / found[0].stem if wfdb else found[0]
