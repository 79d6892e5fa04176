"""The project folder: everything that the studio keeps.

project.sqlite      recordings, sets, jobs and settings
recordings/ID/      files/ as they were uploaded or written, the signal to show
sets/ID/            uploaded sets of windows
jobs/ID/            result.json, output/
temporary/          deleted at each start and at the end
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Collection
from pathlib import Path

from filelock import FileLock, Timeout

from diffecg.errors import DiffecgError
from diffecg.files import write_atomic
from diffecg.service.database import Database

DATABASE = "project.sqlite"
_LOCK = "studio.lock"
_TOKEN = "token"


class Project:
    """An open project folder; it is locked until it is closed or the process ends.

    Args:
        folder: the folder; it is created if it does not exist.

    Raises:
        DiffecgError: another studio has the project open; the folder holds something else, or cannot be
            written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._check()
        self.recordings = self.folder / "recordings"
        self.sets = self.folder / "sets"
        self.jobs = self.folder / "jobs"
        self.temporary = self.folder / "temporary"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(self.folder / _LOCK)
            self._lock.acquire(timeout=0)
            shutil.rmtree(self.temporary, ignore_errors=True)
            for path in (self.recordings, self.sets, self.jobs, self.temporary):
                path.mkdir(exist_ok=True)
        except Timeout:
            raise DiffecgError(
                f"another studio has the project {folder} open; stop it, or choose another folder"
            ) from None
        except OSError as error:
            raise DiffecgError(
                f"cannot write to {folder} ({error.strerror}); choose another folder"
            ) from None
        self.database = Database(self.folder / DATABASE)

    def close(self) -> None:
        """Delete temporary files, close the database and release the folder."""
        shutil.rmtree(self.temporary, ignore_errors=True)
        self.database.close()
        self._lock.release()

    def token(self) -> str:
        """Return the token of the project, which stays the same after a restart."""
        path = self.folder / _TOKEN
        if not path.is_file():
            path.touch(mode=0o600)
            write_atomic(path, secrets.token_urlsafe(24).encode())
            path.chmod(0o600)
        return path.read_text().strip()

    def free_bytes(self) -> int:
        """Return the free space on the disk of the project."""
        return shutil.disk_usage(self.folder).free

    def _check(self) -> None:
        """Check that the folder is new, empty, or a project."""
        if self.folder.exists() and not self.folder.is_dir():
            raise DiffecgError(f"{self.folder} is a file; choose a folder for the project")
        names = {path.name for path in self.folder.iterdir()} if self.folder.is_dir() else set()
        if names - {_LOCK} and DATABASE not in names:
            raise DiffecgError(
                f"{self.folder} is not empty and not a project of diffecg studio; choose another folder"
            )


def delete_others(folder: Path, kept: Collection[str]) -> None:
    """Delete the folders in ``folder`` that are not ``kept``: what an interrupted process left."""
    for path in folder.iterdir():
        if path.name not in kept:
            shutil.rmtree(path, ignore_errors=True)


def folder_bytes(folder: Path) -> int:
    """Return the size of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
