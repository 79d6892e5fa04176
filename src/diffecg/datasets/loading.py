"""Opening prepared windows, in one folder or in shards."""

from __future__ import annotations

from pathlib import Path

from diffecg.datasets.folder import read_folder
from diffecg.datasets.formats.registry import read_windows
from diffecg.datasets.shards import is_sharded
from diffecg.datasets.stream import WindowStream
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError


def open_windows(path: str | Path) -> Windows:
    """Return the windows of a folder or file that diffecg wrote, or of another file of windows.

    Folders of ``prepare`` are memory-mapped. Sets of ``bulk`` and of ``pretrain-set``, and files (``.npz``,
    ``.parquet``, ``.csv``), such as those of ``generate``, are read into memory.

    Example:
        >>> import diffecg, numpy as np, tempfile
        >>> from diffecg.datasets.folder import write_folder
        >>> windows = diffecg.Windows.from_arrays(np.zeros((2, 1, 256), np.float32), 360, ["N", "V"])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_folder(windows, f"{folder}/beats")
        ...     diffecg.open_windows(f"{folder}/beats")
        <Windows 2 x 256 samples at 360 Hz: lead 1 (mV); 1 N, 1 V>

    Raises:
        DiffecgError: the folder or file is missing, incomplete or damaged.
    """
    is_local = "://" not in str(path)
    if is_local and (Path(path).is_file() or is_sharded(str(path))):
        return read_windows(path)
    dataset = open_dataset(path)
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
