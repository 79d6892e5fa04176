"""Windows in a folder: ``signal.npy`` (memory-mapped when read), ``index.parquet`` and ``info.json``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from diffecg.datasets import migration
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError, one_line
from diffecg.files import new_folder, read_json
from diffecg.signal.channels import Channel

INFO = "info.json"
SIGNAL = "signal.npy"
FORMAT = 2


def write_folder(windows: Windows, folder: str | Path, *, force: bool = False) -> None:
    """Write windows to a new folder: float32 samples, index and provenance.

    Args:
        windows: the windows.
        folder: path of the folder.
        force: replace an older folder.

    Raises:
        DiffecgError: the folder exists and must not be replaced.
    """
    with new_folder(folder, force=force) as partial:
        np.save(partial / SIGNAL, np.asarray(windows.signal, dtype=np.float32))
        write_index(windows, partial)


def write_index(windows: Windows, folder: Path) -> None:
    """Write index and provenance of windows whose samples are in the folder."""
    windows.index.to_parquet(folder / "index.parquet", index=False)
    info = {
        **windows.info,
        "format": FORMAT,
        "fs_hz": windows.fs_hz,
        "channels": [asdict(channel) for channel in windows.channels],
        "r_peak": windows.r_peak,
    }
    (folder / INFO).write_text(json.dumps(info, indent=2) + "\n")


def read_folder(folder: str | Path) -> Windows:
    """Return the windows of a folder that :func:`write_folder` or version 0.1 wrote, memory-mapped.

    Raises:
        DiffecgError: the folder is missing, incomplete or damaged.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DiffecgError(f"no folder {folder}; write it with: diffecg prepare mitdb --out {folder}")
    info = read_json(folder / INFO)
    version = info.get("format") if isinstance(info, dict) else None
    if version not in (migration.FORMAT, FORMAT):
        raise DiffecgError(f"{folder / INFO} is not of this version's format; prepare the windows again")
    old = version == migration.FORMAT
    try:
        name = migration.SIGNAL if old else SIGNAL
        signal = np.load(folder / name, mmap_mode="r", allow_pickle=False)
        index = pd.read_parquet(folder / "index.parquet")
        if old:
            index, info = migration.migrate_index(index), migration.migrate_info(info)
        channels = tuple(Channel(**channel) for channel in info["channels"])
        fs_hz, r_peak = float(info["fs_hz"]), info["r_peak"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DiffecgError(f"{folder} is damaged ({one_line(error)}); prepare the windows again") from error
    if signal.ndim != 3 or len(signal) != len(index):
        raise DiffecgError(
            f"{folder} is damaged: {len(index)} rows in the index, an array of shape {signal.shape}; prepare "
            "the windows again"
        )
    return Windows(signal=signal, fs_hz=fs_hz, channels=channels, index=index, r_peak=r_peak, info=info)
