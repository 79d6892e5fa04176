"""Folders of recordings: list the recordings, and copy them from remote file systems (``s3://…``)."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath, PurePosixPath

import wfdb
from fsspec.implementations.local import LocalFileSystem

from diffecg.errors import DiffecgError, one_line
from diffecg.files import CARD, open_url
from diffecg.formats.registry import FORMATS

FILE_SUFFIXES = tuple(suffix for format in FORMATS if format.name != "wfdb" for suffix in format.suffixes)
"""Suffixes of recordings that are one file each, in any format but WFDB."""
_ANNOTATIONS = "_annotations.csv"
"""End of the name of a table of annotations beside a recording."""
_ANNOTATOR = ".ecg"
"""Suffix of a recording that beside a WFDB header is that of an annotation file."""
_DOCUMENTS = ("readme", "license", "licence", "changelog", "sha256sums", "md5sums")
"""Names, without suffix, of text files that databases have and that are no recordings."""
_HEADERS_PER_REQUEST = 1000


def is_file_recording(path: PurePath) -> bool:
    """Return whether a file is a recording in any format but WFDB, by its name."""
    name = path.name.lower()
    is_other = (
        name.startswith(".") or name.endswith((_ANNOTATIONS, CARD)) or _stem(path).name.lower() in _DOCUMENTS
    )
    return name.endswith(FILE_SUFFIXES) and not is_other


def _stem(path: PurePath) -> PurePath:
    """Return the path of a recording without its suffix, which may have several parts."""
    suffixes = [suffix for suffix in FILE_SUFFIXES if path.name.lower().endswith(suffix)]
    longest = max(map(len, suffixes), default=0)
    return path.with_name(path.name[:-longest] if longest else path.name)


class RecordingFolder:
    """A folder with recordings in any format that is read, also in subfolders.

    Args:
        url: path or URL of the folder.
    """

    def __init__(self, url: str | Path) -> None:
        self.url = str(url)
        self.filesystem, self.root = open_url(self.url)

    def check(self) -> None:
        """Check that the folder exists.

        Raises:
            DiffecgError: it does not.
        """
        if not self.filesystem.isdir(self.root):
            raise DiffecgError(
                f"no folder {self.url}; download a database with --download, or choose another"
            )

    def names(self) -> list[str]:
        """Return the names of the recordings: those in the file RECORDS, else all files of a known format.

        A name is a path relative to the folder; WFDB recordings have no suffix. Segments of multi-segment
        recordings, the signal files of WFDB recordings and tables of annotations are not listed.

        Raises:
            DiffecgError: the folder is missing or has no recordings; a recording exists in two formats.
        """
        self.check()
        listing = f"{self.root}/RECORDS"
        if self.filesystem.isfile(listing):
            lines = self.filesystem.cat_file(listing).decode(errors="replace").splitlines()
            listed = (name for line in lines if line.strip() for name in self._names_in(line.strip()))
            names = list(dict.fromkeys(listed))
        else:
            names = self._find()
        if not names:
            raise DiffecgError(
                f"{self.url} holds no recording: no RECORDS, and no file ending in .hea, "
                f"{', '.join(FILE_SUFFIXES)}"
            )
        return names

    def _names_in(self, line: str) -> list[str]:
        """Return the recordings of a line of RECORDS: one, or all of a subfolder if it ends in ``/``."""
        path = PurePosixPath(line)  # ./100 and 100 are the same recording
        if not line.endswith("/"):
            return [str(path)]
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise DiffecgError(f"the folder {line!r} in RECORDS leads out of {self.url}")
        return [str(path / name) for name in RecordingFolder(f"{self.url.rstrip('/')}/{path}").names()]

    def _find(self) -> list[str]:
        paths = sorted(PurePosixPath(path).relative_to(self.root) for path in self.filesystem.find(self.root))
        headers = [path for path in paths if path.suffix == ".hea" and not path.name.startswith(".")]
        segments, signals = self._parts(headers)
        annotations = {path.with_suffix(_ANNOTATOR) for path in headers}
        parts = signals | annotations
        others = [path for path in paths if is_file_recording(path) and path not in parts]
        stems = Counter([*(path.with_suffix("") for path in headers), *map(_stem, others)])
        for stem, count in stems.items():
            if count > 1:
                raise DiffecgError(
                    f"{stem} exists in {count} formats in {self.url}; list the files to use in a file RECORDS"
                )
        names = [str(path.with_suffix("")) for path in headers if path.with_suffix("") not in segments]
        names += map(str, others)
        for name in names:
            if not name.isprintable():
                raise DiffecgError(f"the recording name {name!r} has unprintable characters; rename the file")
        return sorted(names)

    def _parts(self, headers: list[PurePosixPath]) -> tuple[set[PurePosixPath], set[PurePosixPath]]:
        """Return the segments and the signal files of WFDB recordings, as their headers state."""
        segments, signals = set[PurePosixPath](), set[PurePosixPath]()
        for path, text in self._headers(headers):
            lines = [line.split() for line in text.splitlines()]
            first_words = [words[0] for words in lines if words and words[0][0] != "#"]
            parts = {path.parent / word for word in first_words[1:]}
            if first_words and "/" in first_words[0]:  # "name/number of segments"
                segments |= parts
            else:
                signals |= parts
        return segments, signals

    def _headers(self, paths: list[PurePosixPath]) -> Iterator[tuple[PurePosixPath, str]]:
        """Yield WFDB headers with their text."""
        for first in range(0, len(paths), _HEADERS_PER_REQUEST):
            batch = paths[first : first + _HEADERS_PER_REQUEST]
            contents = self.filesystem.cat_ranges(
                [f"{self.root}/{path}" for path in batch], 0, None, on_error="raise"
            )
            for path, content in zip(batch, contents, strict=True):
                yield path, content.decode(errors="replace")

    def comments(self, names: list[str]) -> dict[str, tuple[str, ...]]:
        """Return the comments in the headers of WFDB recordings, by recording.

        Raises:
            DiffecgError: a recording has no header.
        """
        paths = {PurePosixPath(f"{name}.hea"): name for name in names}
        try:
            return {
                paths[path]: tuple(line[1:].strip() for line in text.splitlines() if line.startswith("#"))
                for path, text in self._headers(list(paths))
            }
        except OSError as error:
            raise DiffecgError(f"cannot read the headers in {self.url} ({one_line(error)})") from error

    @contextmanager
    def local_copy(self, name: str) -> Iterator[Path]:
        """Yield the local path of a recording; files of remote file systems are copied to a temporary folder.

        Raises:
            DiffecgError: the recording is missing, or its name leads out of the folder.
        """
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise DiffecgError(f"the recording name {name!r} leads out of {self.url}")
        if isinstance(self.filesystem, LocalFileSystem):
            yield Path(self.root) / name
            return
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / PurePosixPath(name).name
            if is_file_recording(path):
                self._copy(name, path)
                notes = _stem(path).name + _ANNOTATIONS
                with suppress(DiffecgError):
                    self._copy(str(PurePosixPath(name).with_name(notes)), path.with_name(notes))
            else:
                self._copy_wfdb(name, path)
            yield path

    def _copy_wfdb(self, name: str, path: Path) -> None:
        self._copy(f"{name}.hea", path.with_name(f"{path.name}.hea"))
        files, segments = {f"{path.name}.atr"}, set()
        with suppress(Exception):  # read_recording reports damaged headers
            header = wfdb.rdheader(str(path))
            segments = {Path(segment).name for segment in getattr(header, "seg_name", ())} - {"~", path.name}
            files |= {Path(file).name for file in getattr(header, "file_name", None) or ()}
        for file in files:
            with suppress(DiffecgError):
                self._copy(str(PurePosixPath(name).with_name(file)), path.with_name(file))
        for segment in segments:
            self._copy_wfdb(str(PurePosixPath(name).with_name(segment)), path.with_name(segment))

    def _copy(self, name: str, path: Path) -> None:
        try:
            path.write_bytes(self.filesystem.cat_file(f"{self.root}/{name}"))
        except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
            raise DiffecgError(f"cannot read {self.url}/{name} ({type(error).__name__})") from None
