"""A folder of recordings on any file system that fsspec knows: a path, ``s3://…``, ``gs://…``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

import fsspec
import wfdb
from fsspec.implementations.local import LocalFileSystem

from diffecg.data.records import EDF
from diffecg.errors import DiffecgError


def open_url(url: str) -> tuple[fsspec.AbstractFileSystem, str]:
    """Return the file system of an address, and the path on it.

    Raises:
        DiffecgError: there is no such file system, or what it needs is not installed.
    """
    try:
        files, root = fsspec.core.url_to_fs(url)
    except (ValueError, ImportError) as error:
        raise DiffecgError(f"cannot open {url} ({error})") from None
    return files, root.rstrip("/") or "/"


class Source:
    """Recordings in a folder and its subfolders."""

    def __init__(self, url: str | Path) -> None:
        self.url = str(url)
        self.files, self.root = open_url(self.url)

    def names(self) -> list[str]:
        """Return the recordings' names: those in the file RECORDS, else all headers, EDF and BDF files.

        A name is a path from the folder; WFDB records have no suffix.

        Raises:
            DiffecgError: there is no folder, or no recording in it.
        """
        if not self.files.isdir(self.root):
            raise DiffecgError(
                f"no folder {self.url}; choose another --from, or get a database with --download"
            )
        listing = f"{self.root}/RECORDS"
        if self.files.isfile(listing):
            names: list[str] = self.files.cat_file(listing).decode(errors="replace").split()
        else:
            paths = (PurePosixPath(path).relative_to(self.root) for path in self.files.find(self.root))
            names = [
                str(path.with_suffix("") if path.suffix == ".hea" else path)
                for path in sorted(paths)
                if path.suffix == ".hea" or path.suffix.lower() in EDF
            ]
        if not names:
            raise DiffecgError(f"{self.url} holds no recording (no RECORDS, no .hea, .edf or .bdf)")
        return names

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """Yield the path of a recording on this machine, to which its files are copied if need be.

        Raises:
            DiffecgError: it is not within the folder, or not there.
        """
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise DiffecgError(f"the name {name!r} of a recording leads out of {self.url}")
        if isinstance(self.files, LocalFileSystem):
            yield Path(self.root) / name
            return
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / PurePosixPath(name).name
            if path.suffix.lower() in EDF:
                self._fetch(name, path)
            else:
                self._fetch_wfdb(name, path)
            yield path

    def _fetch_wfdb(self, name: str, path: Path) -> None:
        self._fetch(f"{name}.hea", path.with_name(f"{path.name}.hea"))
        wanted = {f"{path.name}.atr"}
        with suppress(Exception):  # whatever is wrong with a header, its reader tells it better
            wanted |= {Path(file).name for file in wfdb.rdheader(str(path)).file_name}
        for file in wanted:
            with suppress(DiffecgError):
                self._fetch(str(PurePosixPath(name).with_name(file)), path.with_name(file))

    def _fetch(self, name: str, path: Path) -> None:
        try:
            path.write_bytes(self.files.cat_file(f"{self.root}/{name}"))
        except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
            raise DiffecgError(f"cannot read {self.url}/{name} ({type(error).__name__})") from None
