"""Read and write windows; the suffix of the path selects the format.

A format is a module of this package with two functions, ``read(path)`` and ``write(chunks, card, path)``, and
an entry in :data:`FORMATS`.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any

from diffecg.datasets.concatenation import concatenate
from diffecg.datasets.folder import INFO, read_folder
from diffecg.datasets.formats.card import CardWriter
from diffecg.datasets.formats.content import FileContent, windows_from
from diffecg.datasets.shards import ShardStore, is_sharded
from diffecg.datasets.stream import WindowStream
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.files import atomic_path, check_output, new_folder, write_json

FORMATS = {
    ".npz": "diffecg.datasets.formats.npz",
    ".parquet": "diffecg.datasets.formats.parquet",
    ".csv": "diffecg.datasets.formats.csv",
    "": "diffecg.datasets.formats.wfdb",
}
"""Module of each suffix; a path without a suffix is a folder of WFDB records."""


def read_windows(path: str | Path, *, fs_hz: float | None = None) -> Windows:
    """Read windows from a file or folder.

    ``.npz``: an array (window, time) or (window, lead, time), in mV, named ``signal_mv``, ``signal``, ``X``
    or the like; optionally labels, sampling rate, recordings, and further arrays with one value for each
    window. ``.csv`` and ``.parquet``: one row for each window, with the samples in numeric columns or in one
    column of lists. A folder: prepared windows, a set in shards, or WFDB records of one window each, labelled
    by their only annotation.

    Args:
        path: file or folder.
        fs_hz: sampling rate, in Hz, for files that do not contain it.

    Raises:
        DiffecgError: the path does not exist, or its content is damaged or not as described above.
    """
    path = Path(path)
    if not path.exists():
        raise DiffecgError(f"no file or folder {path}")
    if path.is_dir() and (path / INFO).is_file():
        return read_folder(path)
    if path.is_dir() and is_sharded(str(path)):
        return _read_shards(path, fs_hz)
    suffix = "" if path.is_dir() else path.suffix
    if suffix not in FORMATS or not (suffix or path.is_dir()):
        raise DiffecgError(
            f"cannot read {path.name}: choose one of {', '.join(filter(None, FORMATS))} or a folder of WFDB "
            "records"
        )
    try:
        content: FileContent = import_module(FORMATS[suffix]).read(path)
    except DiffecgError:
        raise
    except Exception as error:  # NumPy, pandas and Arrow raise many types of exceptions
        kind = f"{suffix} file" if suffix else "folder of WFDB records"
        raise DiffecgError(f"{path} is damaged or not a {kind} ({error})") from error
    return windows_from(path, content, fs_hz)


def write_windows(
    windows: Windows | Iterable[Windows], path: str | Path, *, count: int | None = None, force: bool = False
) -> dict[str, Any]:
    """Write windows atomically, with all columns of their index; return their data card.

    ``.npz``: the arrays signal_mv, labels, seeds, leads, fs_hz and one array for each further column, and the
    card as JSON text. ``.parquet``: one row for each window, the signal as nested lists (lead, time), the
    card in the file's metadata. ``.csv``: one row for each window and lead, the card in a file beside it. No
    suffix: a folder with one WFDB record for each window, the label as annotation at the R peak, and
    ``index.parquet``.

    Args:
        windows: windows, or chunks of them as ``Model.stream`` yields; one chunk at a time is held in memory.
        path: the file or folder; the suffix selects the format.
        count: total number of windows; required for chunks.
        force: replace an existing file or folder.

    Raises:
        DiffecgError: an unknown suffix; the path exists and must not be replaced; ``count`` is wrong.
    """
    path = Path(path)
    check_suffix(path)
    if isinstance(windows, Windows):
        windows, count = [windows], len(windows)
    if count is None:
        raise TypeError("count is required to write chunks of windows")
    chunks = iter(windows)
    first = next(chunks)  # errors of a generator are raised here, before anything is written
    card = CardWriter(first, count, path)
    counted = card.count_chunks(chain([first], chunks))
    write = import_module(FORMATS[path.suffix]).write
    if not path.suffix:
        with new_folder(path, force=force) as folder:
            write(counted, card, folder)
        return card.card()
    card_path = path.with_suffix(".card.json")
    for output in (path, card_path) if path.suffix == ".csv" else (path,):
        check_output(output, force=force, is_folder=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as partial:
        write(counted, card, partial)
        content = card.card()
    if path.suffix == ".csv":
        write_json(card_path, content)
    return content


def check_suffix(path: Path) -> None:
    """Check that windows can be written to a path.

    Raises:
        DiffecgError: an unknown suffix.
    """
    if path.suffix not in FORMATS:
        raise DiffecgError(
            f"cannot write {path.name}: choose a suffix of {', '.join(filter(None, FORMATS))}, or none for a "
            "folder of WFDB records"
        )


def _read_shards(folder: Path, fs_hz: float | None) -> Windows:
    settings, manifest = ShardStore(str(folder)).open()
    if "window" in settings:
        return WindowStream(str(folder)).load()
    return concatenate([read_windows(folder / entry["name"], fs_hz=fs_hz) for entry in manifest["shards"]])
