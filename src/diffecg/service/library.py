"""The recordings of a project: uploads, examples and results."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter

from diffecg.errors import DiffecgError
from diffecg.files import write_atomic
from diffecg.service.checks import LimitExceeded, StorageFull
from diffecg.service.database import Table
from diffecg.service.exporting import convert_recording
from diffecg.service.file_names import NamedUpload, UploadedFile, name_upload
from diffecg.service.importing import ImportedRecording, import_file
from diffecg.service.limited import run_limited
from diffecg.service.limits import Limits
from diffecg.service.overview import Rhythm, find_rhythm
from diffecg.service.project import Project, delete_others, folder_bytes
from diffecg.service.result_recording import FILES, MadeRecording
from diffecg.service.schemas import InterpretationRequest, Operation, RecordingInfo
from diffecg.service.signal_store import ENVELOPE, SIGNAL, StoredSignal
from diffecg.service.tasks import RecordingFile

RHYTHM = "rhythm.json"
"""Beats and faults, found once, in the folder of a recording."""
ID_BYTES = 8
Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class StoredRecording:
    """A recording of the project, as its database keeps it."""

    info: RecordingInfo
    main: str
    """Name of the file to read, in `files/` of its folder; of a WFDB record without suffix."""
    originals: dict[str, str]
    """The user's name of each uploaded file."""
    stated: InterpretationRequest
    """What the user states instead of the file."""


class Library:
    """The recordings of a project by id.

    Args:
        project: the project.
        limits: limits of the server.
        used_bytes: called for the size of everything in the project.
    """

    def __init__(self, project: Project, limits: Limits, used_bytes: Callable[[], int]) -> None:
        self._project = project
        self._limits = limits
        self._used_bytes = used_bytes
        self._table = Table(project.database, "recordings", StoredRecording)
        self._recordings = self._table.all()
        delete_others(project.recordings, self._recordings)

    @property
    def recordings(self) -> Mapping[str, StoredRecording]:
        """Recordings by id, the oldest first."""
        return self._recordings

    @property
    def bytes(self) -> int:
        """Size of all recordings."""
        return sum(stored.info.bytes for stored in list(self._recordings.values()))

    def folder(self, key: str) -> Path:
        """Return the folder of a recording."""
        return self._project.recordings / key

    def file(self, key: str) -> RecordingFile:
        """Return what a task reads of a recording."""
        return self._file(self.folder(key), self._recordings[key])

    def signal(self, key: str) -> StoredSignal:
        """Return the signal of a recording."""
        info = self._recordings[key].info
        return StoredSignal(folder=self.folder(key), lengths=[lead.samples for lead in info.leads])

    def upload(self, files: Sequence[UploadedFile], stated: InterpretationRequest) -> RecordingInfo:
        """Store an uploaded recording.

        Args:
            files: a WFDB header with its signals and annotations, or one file of another format.
            stated: what the user states instead of the file.

        Raises:
            DiffecgError: the files are not a readable recording; nothing is stored.
            StorageFull: the disk or the project is full.
        """
        named = name_upload(files)
        self.check_room(sum(len(content) for content in named.files.values()))
        with self._new_folder(named) as (key, folder):
            for name, content in named.files.items():
                (folder / FILES / name).write_bytes(content)
            file = RecordingFile(
                path=folder / FILES / named.main,
                fs_hz=stated.fs_hz,
                unit=stated.unit,
                units=tuple(stated.units.items()),
                name=named.title,
                leads=tuple(stated.leads.items()),
            )
            imported = self._import(file, folder)
            info = _describe(key, named.title, "upload", imported, bytes=folder_bytes(folder))
            self._add(StoredRecording(info=info, main=named.main, originals=named.originals, stated=stated))
        return info

    def interpret(self, key: str, stated: InterpretationRequest) -> RecordingInfo:
        """Read an uploaded recording again, with what the user states instead of the file.

        Raises:
            DiffecgError: it was not uploaded, or cannot be read like this; nothing changes.
        """
        stored, folder = self._recordings[key], self.folder(key)
        if stored.info.operation != "upload":
            raise DiffecgError(
                f"{stored.info.name} was made here; only uploaded files can be read differently"
            )
        partial = self._project.temporary / secrets.token_hex(ID_BYTES)
        partial.mkdir()
        try:
            with _words_of_user(folder, stored.originals):
                imported = self._import(self._file(folder, replace(stored, stated=stated)), partial)
            for name in (SIGNAL, ENVELOPE):
                (partial / name).replace(folder / name)
            (folder / RHYTHM).unlink(missing_ok=True)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        before = stored.info
        info = _describe(key, before.name, before.operation, imported, bytes=folder_bytes(folder))
        self._add(replace(stored, info=replace(info, created=before.created), stated=stated))
        return self._recordings[key].info

    def add_made(self, made: MadeRecording, job: str, parent: str | None) -> RecordingInfo:
        """Add a recording that a job made, whose files lie in its folder already."""
        before = None if parent is None else self._recordings.get(parent)
        is_copy = before is not None and made.operation != "forecast"
        info = _describe(
            made.id, made.name, made.operation, made.imported, bytes=folder_bytes(self.folder(made.id))
        )
        info = replace(
            info,
            parent=parent,
            job=job,
            offset_s=made.offset_s,
            synthetic=[*(before.info.synthetic if before and is_copy else []), *made.synthetic],
        )
        stated = before.stated if before and is_copy else InterpretationRequest()
        self._add(StoredRecording(info=info, main=made.main, originals={}, stated=stated))
        return info

    def delete(self, key: str) -> None:
        """Delete a recording."""
        self._table.delete(key)
        del self._recordings[key]
        shutil.rmtree(self.folder(key), ignore_errors=True)

    def rhythm(self, key: str) -> Rhythm:
        """Return beats and faults of a recording; they are found once."""
        path, info = self.folder(key) / RHYTHM, self._recordings[key].info
        adapter = TypeAdapter(Rhythm)
        if path.is_file():
            return adapter.validate_json(path.read_bytes())
        rhythm = self._run(find_rhythm, self.signal(key), info.leads, info.lead, info.beats)
        if key in self._recordings:
            write_atomic(path, adapter.dump_json(rhythm))
        return rhythm

    def convert(self, key: str, format: str, title: str, folder: Path) -> None:
        """Write a recording into a folder in another format.

        Raises:
            DiffecgError: the format cannot hold it.
        """
        with _words_of_user(self.folder(key), self._recordings[key].originals):
            self._run(convert_recording, self.file(key), format, title, folder)

    def check_room(self, size: int) -> None:
        """Check that there is room for so many bytes.

        Raises:
            StorageFull: the disk is full.
            LimitExceeded: the project is.
        """
        limits = self._limits
        if self._project.free_bytes() < size + limits.min_free_mb * 1e6:
            raise StorageFull("the disk of the project is full; delete files, and try again")
        if self._used_bytes() + size > limits.max_project_mb * 1e6:
            raise LimitExceeded(
                f"the project would exceed its limit of {limits.max_project_mb:g} MB; delete recordings"
            )

    def _file(self, folder: Path, stored: StoredRecording) -> RecordingFile:
        stated = stored.stated
        return RecordingFile(
            path=folder / FILES / stored.main,
            fs_hz=stated.fs_hz,
            unit=stated.unit,
            units=tuple(stated.units.items()),
            name=stored.info.name,
            leads=tuple(stated.leads.items()),
        )

    def _import(self, file: RecordingFile, folder: Path) -> ImportedRecording:
        return self._run(import_file, file, folder, self._limits.max_expanded_mb * 1e6)

    def _run(self, function: Callable[..., Result], *arguments: object) -> Result:
        return run_limited(function, *arguments, limits=self._limits.child)

    def _add(self, stored: StoredRecording) -> None:
        self._table.put(stored.info.id, stored)
        self._recordings[stored.info.id] = stored

    @contextmanager
    def _new_folder(self, named: NamedUpload) -> Iterator[tuple[str, Path]]:
        """Yield an id and its folder; after an error, delete the folder and hide its path."""
        key = secrets.token_hex(ID_BYTES)
        folder = self.folder(key)
        try:
            (folder / FILES).mkdir(parents=True)
            with _words_of_user(folder, named.originals):
                yield key, folder
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise


@contextmanager
def _words_of_user(folder: Path, originals: Mapping[str, str]) -> Iterator[None]:
    """Name files in errors as the user does."""
    try:
        yield
    except DiffecgError as error:
        text = str(error)
        for name, original in originals.items():
            text = text.replace(str(folder / FILES / name), original)
        text = text.replace(f"{folder / FILES}/", "").replace(str(folder), "")
        raise type(error)(text) from None


def _describe(
    key: str, name: str, operation: Operation, imported: ImportedRecording, bytes: int
) -> RecordingInfo:
    return RecordingInfo(
        id=key,
        name=name,
        created=now(),
        operation=operation,
        fs_hz=imported.fs_hz,
        duration_s=imported.duration_s,
        samples=imported.samples,
        start=imported.start,
        leads=list(imported.leads),
        lead=imported.lead,
        warnings=list(imported.warnings),
        bytes=bytes,
        beats=list(imported.beats),
        interpretation=imported.interpretation,
    )


def now() -> str:
    """Return the date and time, ISO, in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
