"""Files and folders that are written completely or not at all, and folders that are filled step by step."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from reprlib import Repr
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from diffecg.errors import DiffecgError

CARD = "card.json"
"""Name of the data card in a folder of synthetic data: model, seeds and settings."""

MARKER = ".diffecg"
"""Name of the file that marks folders written by diffecg; ``--force`` replaces only those."""


def read_json(path: Path) -> Any:
    """Return the content of a JSON file.

    Raises:
        DiffecgError: the file is missing or not valid JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise DiffecgError(f"{path} is missing") from None
    except (ValueError, RecursionError) as error:
        raise DiffecgError(f"{path} is not valid JSON ({error})") from None


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file atomically."""
    write_atomic(path, to_json_bytes(value))


def to_json_bytes(value: Any) -> bytes:
    """Return a value as indented JSON text, in UTF-8."""
    return (json.dumps(value, indent=2) + "\n").encode()


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file atomically: readers see the old content or the new, never a part."""
    with atomic_path(path) as partial:
        partial.write_bytes(content)


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; the file written there is renamed to ``path`` on success."""
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}{path.suffix}")
    try:
        yield partial
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def new_folder(folder: str | Path, *, force: bool = False) -> Iterator[Path]:
    """Yield a temporary folder that is renamed to ``folder`` on success.

    Args:
        folder: path of the new folder.
        force: replace an older folder, if diffecg wrote it.

    Raises:
        DiffecgError: ``folder`` exists and must not be replaced.
    """
    folder = Path(folder)
    check_output(folder, force=force, is_folder=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    old = partial.with_name(f"{partial.name}-old")
    try:
        partial.chmod(0o755)
        mark_folder(partial)
        yield partial
        if folder.exists():
            folder.rename(old)
        partial.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def mark_folder(folder: Path) -> None:
    """Mark a folder as written by diffecg, so that ``--force`` may write it again."""
    (folder / MARKER).write_text("This folder was written by diffecg; --force may replace it.\n")


def check_output(path: Path, *, force: bool, is_folder: bool) -> None:
    """Check that writing to a path overwrites nothing that must be kept.

    Args:
        path: path of the output.
        force: replace an older output.
        is_folder: the output is a folder.

    Raises:
        DiffecgError: ``path`` exists and must not be replaced.
    """
    if not path.exists():
        return
    if not force:
        raise DiffecgError(f"{path} exists; choose another --out or replace it with --force")
    if path.is_dir() != is_folder:
        kind, other = ("folder", "file") if is_folder else ("file", "folder")
        raise DiffecgError(f"{path} is a {other}, the output is a {kind}; choose another --out")
    if is_folder and not (path / MARKER).is_file():
        raise DiffecgError(
            f"{path} was not written by diffecg, so even --force does not replace it; choose another --out"
        )


def open_url(url: str) -> tuple[fsspec.AbstractFileSystem, str]:
    """Return the file system of a path or URL, and the path on that file system.

    Raises:
        DiffecgError: an unknown protocol, or its package is not installed.
    """
    try:
        filesystem, root = fsspec.core.url_to_fs(url)
    except (ValueError, ImportError) as error:
        raise DiffecgError(f"cannot open {url} ({error})") from None
    return filesystem, root.rstrip("/") or "/"


class ResumableFolder:
    """A folder that is filled file by file and can be continued after an interruption.

    A settings file holds everything that the other files depend on. Starting again with the same settings
    continues the folder; other settings are refused. Every file is written atomically. The folder may be on
    any file system that fsspec supports: a path, ``s3://…``, ``memory://…``.

    Args:
        url: the folder.
        settings_file: name of the settings file.
        content: what the folder contains, with its article, for messages (``a study``).
    """

    def __init__(self, url: str | Path, *, settings_file: str, content: str) -> None:
        self.url = str(url)
        self.filesystem, self.root = open_url(self.url)
        self.settings_file = settings_file
        self.content = content

    def start(self, settings: Mapping[str, Any]) -> None:
        """Write the settings to a new folder, or check that an existing one has the same.

        Raises:
            DiffecgError: the folder has other settings, or contains something else.
        """
        ours = json.loads(json.dumps(settings))
        self.filesystem.makedirs(self.root, exist_ok=True)
        theirs = self.read_json(self.settings_file)
        if theirs is None:
            names = [path.rsplit("/", 1)[-1] for path in self.filesystem.ls(self.root, detail=False)]
            # An interrupted first write leaves only a temporary file.
            if all(name.startswith(f".{self.settings_file}.") for name in names):
                self.write(self.settings_file, to_json_bytes(ours))
            theirs = self.read_json(self.settings_file)  # another process may have started the folder
        if theirs is None:
            raise DiffecgError(f"{self.url} is not empty and not {self.content}; choose another --out")
        if differences := _differences(theirs, ours):
            raise DiffecgError(
                f"{self.url} is {self.content} with different settings ({'; '.join(differences)}); choose "
                "another --out"
            )

    def path(self, name: str) -> str:
        """Return the path of a file on the folder's file system."""
        return f"{self.root}/{name}"

    def read(self, name: str) -> bytes | None:
        """Return the content of a file; None if it does not exist."""
        try:
            return self.filesystem.cat_file(self.path(name))
        except FileNotFoundError:
            return None

    def read_json(self, name: str) -> dict[str, Any] | None:
        """Return a JSON object; None if the file does not exist or is not a JSON object."""
        try:
            value = json.loads(self.read(name) or b"null")
        except ValueError:
            return None
        return value if isinstance(value, dict) else None

    def size(self, name: str) -> int | None:
        """Return the size of a file in bytes; None if it does not exist."""
        try:
            return self.filesystem.size(self.path(name))
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """Write a file atomically."""
        if isinstance(self.filesystem, LocalFileSystem):
            write_atomic(Path(self.path(name)), content)
            return
        partial = self.path(f".{name}.{uuid.uuid4().hex[:8]}")
        try:
            self.filesystem.pipe_file(partial, content)
            self.filesystem.mv(partial, self.path(name))
        except OSError:
            if self.filesystem.exists(partial):
                self.filesystem.rm(partial)
            raise


_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = 60


def _differences(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> list[str]:
    """Return what differs between two settings, as ``seed: 7, not 8``."""
    return [
        f"{key}: {_SHORT.repr(theirs.get(key))}, not {_SHORT.repr(ours.get(key))}"
        for key in sorted({*ours, *theirs})
        if ours.get(key) != theirs.get(key)
    ]
