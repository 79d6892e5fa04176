"""Opening prepared windows, in one folder or in shards."""

from __future__ import annotations

from pathlib import Path

from diffecg.datasets.folder import read_folder
from diffecg.datasets.shards import is_sharded
from diffecg.datasets.stream import WindowStream
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError


def open_windows(folder: str | Path) -> Windows:
    """Return prepared windows: memory-mapped if ``prepare`` wrote them, in memory if ``bulk prepare`` did.

    Raises:
        DiffecgError: the folder is missing, incomplete or damaged.
    """
    dataset = open_dataset(folder)
    return dataset.load() if isinstance(dataset, WindowStream) else dataset


def open_dataset(url: str | Path) -> Windows | WindowStream:
    """Return the windows that ``prepare`` wrote, or a stream of those that ``bulk prepare`` wrote.

    Raises:
        DiffecgError: the folder is missing, incomplete or damaged.
    """
    if is_sharded(str(url)):
        return WindowStream(str(url))
    if "://" in str(url):
        raise DiffecgError(
            f"{url} cannot be reached or is not a set of shards; only sets of diffecg bulk prepare can be "
            "read from a URL"
        )
    return read_folder(Path(url))
