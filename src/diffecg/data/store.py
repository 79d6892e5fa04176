"""Windows on disk: a memory-mapped array beside a Parquet index.

A folder holds ``signal_mv.npy`` (float32, axes (window, lead, time), mV), ``index.parquet`` (a row a
window) and ``info.json`` (where it all came from).
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diffecg.config import load_json
from diffecg.errors import DiffecgError

FORMAT = 1
MARK = ".diffecg"
"""The file that tells folders of ours from others."""


@dataclass(frozen=True)
class Windows:
    """Real windows with their labels."""

    signal_mv: NDArray[np.float32]
    """Axes (window, lead, time), in mV; memory-mapped when read from disk."""
    fs_hz: float
    """Sampling rate, in Hz."""
    index: pd.DataFrame
    """A row a window: record, sample, symbol, label, split, lead, fs_hz; rr_before_s and rr_after_s, the
    intervals to the annotated beats around it, in s (NaN = none); beats, all beats of the window as text."""
    info: dict[str, Any]
    """Database, version, split, class map, window settings and counts."""

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.index)

    def part(self, split: str) -> Windows:
        """Return the windows of one part: ``train``, ``validation`` or ``test``.

        Raises:
            DiffecgError: there is no window in that part.
        """
        rows = np.flatnonzero(self.index["split"].to_numpy() == split)
        if not rows.size:
            parts = ", ".join(sorted(self.index["split"].unique()))
            raise DiffecgError(f"no windows in the part {split!r}; there are {parts}")
        return self.take(rows)

    def take(self, rows: NDArray[np.intp]) -> Windows:
        """Return the windows at some places."""
        index = self.index.iloc[rows].reset_index(drop=True)
        return Windows(self.signal_mv[rows], self.fs_hz, index, self.info)


def write_windows(windows: Windows, folder: str | Path, *, force: bool = False) -> None:
    """Write ``windows`` to a new folder, whole or not at all.

    Raises:
        DiffecgError: the folder exists and ``force`` is not given.
    """
    with new_folder(folder, force=force) as partial:
        np.save(partial / "signal_mv.npy", np.asarray(windows.signal_mv, dtype=np.float32))
        windows.index.to_parquet(partial / "index.parquet", index=False)
        info = {"format": FORMAT, "fs_hz": windows.fs_hz, **windows.info}
        (partial / "info.json").write_text(json.dumps(info, indent=2) + "\n")


def read_folder(folder: str | Path) -> Windows:
    """Return the windows of a folder that :func:`write_windows` wrote, memory-mapped.

    Raises:
        DiffecgError: the folder is missing, incomplete or inconsistent.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DiffecgError(f"no folder {folder}; make it with: diffecg prepare mitdb --out {folder}")
    info = load_json(folder / "info.json")
    if not isinstance(info, dict) or info.get("format") != FORMAT or "window" not in info:
        raise DiffecgError(f"{folder / 'info.json'} is not what this version writes; prepare it again")
    try:
        signal_mv = np.load(folder / "signal_mv.npy", mmap_mode="r", allow_pickle=False)
        index = pd.read_parquet(folder / "index.parquet")
    except (OSError, ValueError) as error:
        raise DiffecgError(
            f"{folder} is damaged ({' '.join(str(error).split())}); prepare it again"
        ) from error
    if signal_mv.ndim != 3 or len(signal_mv) != len(index):
        raise DiffecgError(
            f"{folder} is damaged: {len(index)} rows in the index, an array of shape "
            f"{signal_mv.shape}; prepare it again"
        )
    return Windows(signal_mv, float(info["fs_hz"]), index, info)


def joined(windows: Sequence[Windows]) -> Windows:
    """Return the windows of one database as one."""
    first = windows[0]
    index = pd.concat([some.index for some in windows], ignore_index=True)
    return Windows(np.concatenate([some.signal_mv for some in windows]), first.fs_hz, index, first.info)


@contextmanager
def new_folder(folder: str | Path, *, force: bool = False) -> Iterator[Path]:
    """Yield a temporary folder that takes the name ``folder`` when the block succeeds.

    An older folder is replaced only if it bears our mark, so that no folder of the user's is lost.

    Raises:
        DiffecgError: ``folder`` exists and ``force`` is not given, or it is none of ours.
    """
    folder = Path(folder)
    refuse_existing(folder, force=force, is_folder=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        partial.chmod(0o755)
        (partial / MARK).write_text("This folder was written by diffecg; --force may replace it.\n")
        yield partial
        if folder.exists():
            folder.rename(partial.with_name(f"{partial.name}-old"))
        partial.rename(folder)
        shutil.rmtree(partial.with_name(f"{partial.name}-old"), ignore_errors=True)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def refuse_existing(path: Path, *, force: bool, is_folder: bool) -> None:
    """Refuse an output path that would overwrite something.

    Args:
        path: where the output is to go.
        force: replace an older output.
        is_folder: the output is a folder.

    Raises:
        DiffecgError: there is something at ``path`` that is not to be replaced.
    """
    if not path.exists():
        return
    if not force:
        raise DiffecgError(f"{path} exists; choose another --out or replace it with --force")
    if path.is_dir() != is_folder:
        kind, other = ("folder", "file") if is_folder else ("file", "folder")
        raise DiffecgError(f"{path} is a {other}, the output is a {kind}; choose another --out")
    if is_folder and not (path / MARK).is_file():
        raise DiffecgError(
            f"{path} is no folder that diffecg wrote, so even --force does not replace it; choose "
            "another --out"
        )
