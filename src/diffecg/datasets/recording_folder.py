"""A folder of recordings on any file system that fsspec knows: a path, ``s3://…``, ``gs://…``."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

import fsspec
import wfdb
from fsspec.implementations.local import LocalFileSystem

from diffecg.errors import DiffecgError

EDF = (".edf", ".bdf")
_AT_A_TIME = 1000
"""Headers that are read together."""


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


class RecordingFolder:
    """RecordingFolder in a folder and its subfolders."""

    def __init__(self, url: str | Path) -> None:
        self.url = str(url)
        self.files, self.root = open_url(self.url)

    def check(self) -> None:
        """Refuse a folder that is not there.

        Raises:
            DiffecgError: so it is.
        """
        if not self.files.isdir(self.root):
            raise DiffecgError(f"no folder {self.url}; get a database with --download, or choose another")

    def names(self) -> list[str]:
        """Return the recordings' names: those in the file RECORDS, else all headers, EDF and BDF files.

        A name is a path from the folder; WFDB recordings have no suffix. Segments of recordings are left out.

        Raises:
            DiffecgError: there is no folder, or no recording in it; one lies there in two formats.
        """
        self.check()
        listing = f"{self.root}/RECORDS"
        if self.files.isfile(listing):
            lines = self.files.cat_file(listing).decode(errors="replace").splitlines()
            listed = (name for line in lines if line.strip() for name in self._listed(line.strip()))
            names = list(dict.fromkeys(listed))
        else:
            names = self._found()
        if not names:
            raise DiffecgError(f"{self.url} holds no recording (no RECORDS, no .hea, .edf or .bdf)")
        return names

    def _listed(self, line: str) -> list[str]:
        """Return the recordings of a line of RECORDS: one, or those of a subfolder, which ends in a slash."""
        folder = PurePosixPath(line)  # one spelling, or a recording might be two subjects's
        if not line.endswith("/"):
            return [str(folder)]
        if folder.is_absolute() or ".." in folder.parts or not folder.parts:
            raise DiffecgError(f"the folder {line!r} in RECORDS leads out of {self.url}")
        return [str(folder / name) for name in RecordingFolder(f"{self.url.rstrip('/')}/{folder}").names()]

    def _found(self) -> list[str]:
        paths = sorted(PurePosixPath(path).relative_to(self.root) for path in self.files.find(self.root))
        headers = [path for path in paths if path.suffix == ".hea"]
        others = [path for path in paths if path.suffix.lower() in EDF]
        stems = Counter(path.with_suffix("") for path in (*headers, *others))
        for stem, count in stems.items():
            if count > 1:
                raise DiffecgError(
                    f"{stem} lies in {self.url} in {count} formats; list those to take in a file RECORDS"
                )
        segments = self._segments(headers)
        names = [str(path.with_suffix("")) for path in headers if path.with_suffix("") not in segments]
        names += map(str, others)
        for name in names:
            if not name.isprintable():
                raise DiffecgError(f"the name {name!r} of a recording is no text; give it another")
        return sorted(names)

    def _segments(self, headers: list[PurePosixPath]) -> set[PurePosixPath]:
        """Return the recordings that are but segments of others, as the others' headers tell."""
        segments = set()
        for first in range(0, len(headers), _AT_A_TIME):
            some = headers[first : first + _AT_A_TIME]
            contents = self.files.cat_ranges(
                [f"{self.root}/{path}" for path in some], 0, None, on_error="raise"
            )
            for path, content in zip(some, contents, strict=True):
                lines = [line.split() for line in content.decode(errors="replace").splitlines()]
                told = [words[0] for words in lines if words and words[0][0] != "#"]
                if told and "/" in told[0]:  # as recording/segments
                    segments |= {path.parent / one for one in told[1:]}
        return segments

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
        wanted, segments = {f"{path.name}.atr"}, set()
        with suppress(Exception):  # whatever is wrong with a header, its reader tells it better
            header = wfdb.rdheader(str(path))
            segments = {Path(one).name for one in getattr(header, "seg_name", ())} - {"~", path.name}
            wanted |= {Path(file).name for file in getattr(header, "file_name", None) or ()}
        for file in wanted:
            with suppress(DiffecgError):
                self._fetch(str(PurePosixPath(name).with_name(file)), path.with_name(file))
        for one in segments:
            self._fetch_wfdb(str(PurePosixPath(name).with_name(one)), path.with_name(one))

    def _fetch(self, name: str, path: Path) -> None:
        try:
            path.write_bytes(self.files.cat_file(f"{self.root}/{name}"))
        except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
            raise DiffecgError(f"cannot read {self.url}/{name} ({type(error).__name__})") from None
