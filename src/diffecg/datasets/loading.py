"""Prepared windows, whether they were written as one or in shards."""

from __future__ import annotations

from pathlib import Path

from diffecg.datasets.folder import read_folder
from diffecg.datasets.shards import is_set
from diffecg.datasets.stream import WindowStream
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError


def open_windows(folder: str | Path) -> Windows:
    """Return the windows that ``prepare`` wrote, memory-mapped, or ``bulk prepare``, read into memory.

    Raises:
        DiffecgError: the folder is missing, incomplete or inconsistent.
    """
    found = open_dataset(folder)
    return found.load() if isinstance(found, WindowStream) else found


def open_dataset(url: str | Path) -> Windows | WindowStream:
    """Return the windows of ``prepare``, or a stream of those of ``bulk prepare``.

    Raises:
        DiffecgError: the folder is missing, incomplete or inconsistent.
    """
    if is_set(str(url)):
        return WindowStream(str(url))
    if "://" in str(url):
        raise DiffecgError(
            f"{url} holds no set of shards, or cannot be reached; only those are read from there"
        )
    return read_folder(Path(url))
