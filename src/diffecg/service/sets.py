"""Uploaded sets of windows."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from diffecg.errors import DiffecgError
from diffecg.service.database import Table
from diffecg.service.file_names import UploadedFile, clean_name, suffix_of
from diffecg.service.importing import count_windows
from diffecg.service.library import ID_BYTES, now
from diffecg.service.limited import run_limited
from diffecg.service.limits import Limits
from diffecg.service.project import Project, delete_others, folder_bytes
from diffecg.service.schemas import WindowsInfo
from diffecg.service.set_archive import ARCHIVE, unpack

SUFFIXES = (".npz", ".csv", ".parquet", ARCHIVE)


@dataclass(frozen=True, kw_only=True)
class StoredSet:
    """A set of windows of the project, as its database keeps it."""

    info: WindowsInfo
    file: str
    """Path of the file, or of a folder of windows, in the folder of the set."""


class WindowSets:
    """The sets of windows of a project by id.

    Args:
        project: the project.
        limits: limits of the server.
        check_room: called with the size of a new set.
    """

    def __init__(self, project: Project, limits: Limits, check_room: Callable[[int], None]) -> None:
        self._folder = project.sets
        self._limits = limits
        self._check_room = check_room
        self._table = Table(project.database, "sets", StoredSet)
        self._sets = self._table.all()
        delete_others(self._folder, self._sets)

    @property
    def sets(self) -> Mapping[str, StoredSet]:
        """Sets by id."""
        return self._sets

    @property
    def bytes(self) -> int:
        """Size of all sets."""
        return sum(stored.info.bytes for stored in list(self._sets.values()))

    def path(self, key: str) -> Path:
        """Return the file or folder of a set."""
        return self._folder / key / self._sets[key].file

    def upload(self, file: UploadedFile, fs_hz: float | None) -> WindowsInfo:
        """Store a set of windows.

        Raises:
            DiffecgError: the file is not a readable set; nothing is stored.
        """
        name = clean_name(file.name)
        suffix = suffix_of(name)
        if suffix not in SUFFIXES:
            raise DiffecgError(f"{name} is not a set of windows; choose {', '.join(SUFFIXES)}")
        self._check_room(len(file.content))
        key = secrets.token_hex(ID_BYTES)
        path = self._folder / key / f"windows{suffix}"
        try:
            path.parent.mkdir()
            path.write_bytes(file.content)
            stored = self._import(path, name, fs_hz)
            self._table.put(key, stored)
        except DiffecgError as error:
            shutil.rmtree(path.parent, ignore_errors=True)
            words = str(error).replace(str(path), name).replace(str(path.with_suffix("")), name)
            raise type(error)(words) from None
        except BaseException:
            shutil.rmtree(path.parent, ignore_errors=True)
            raise
        self._sets[key] = stored
        return stored.info

    def _import(self, path: Path, name: str, fs_hz: float | None) -> StoredSet:
        """Return what is known of an uploaded file; the folder in an archive replaces the archive."""
        limits, folder = self._limits, path.parent
        max_bytes = limits.max_expanded_mb * 1e6
        if path.suffix == ARCHIVE:
            found = run_limited(unpack, path, folder / "windows", max_bytes, limits=limits.child)
            path.unlink()
            path = found
        rate_hz, counts = run_limited(count_windows, path, fs_hz, max_bytes, limits=limits.child)
        info = WindowsInfo(
            id=folder.name, name=name, created=now(), fs_hz=rate_hz, counts=counts, bytes=folder_bytes(folder)
        )
        return StoredSet(info=info, file=str(path.relative_to(folder)))

    def delete(self, key: str) -> None:
        """Delete a set."""
        self._table.delete(key)
        del self._sets[key]
        shutil.rmtree(self._folder / key, ignore_errors=True)
