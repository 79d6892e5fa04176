"""Windows in a folder: a memory-mapped array beside a Parquet index.

A folder holds ``signal.npy`` (float32, axes (window, channel, time)), ``index.parquet`` (a row a
window) and ``info.json`` (provenance).
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.files import new_directory, read_json
from diffecg.signal.channels import Channel

FORMAT = 2


def write_windows(windows: Windows, folder: str | Path, *, force: bool = False) -> None:
    """Write ``windows`` to a new folder, whole or not at all.

    Raises:
        DiffecgError: the folder exists and ``force`` is not given.
    """
    with new_directory(folder, force=force) as partial:
        np.save(partial / "signal.npy", np.asarray(windows.signal, dtype=np.float32))
        windows.index.to_parquet(partial / "index.parquet", index=False)
        info = {
            **windows.info,
            "format": FORMAT,
            "fs_hz": windows.fs_hz,
            "channels": [asdict(channel) for channel in windows.channels],
            "r_peak": windows.r_peak,
        }
        (partial / "info.json").write_text(json.dumps(info, indent=2) + "\n")


def read_folder(folder: str | Path) -> Windows:
    """Return the windows of a folder that :func:`write_windows` wrote, memory-mapped.

    Raises:
        DiffecgError: the folder is missing, incomplete or inconsistent.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DiffecgError(f"no folder {folder}; make it with: diffecg prepare mitdb --out {folder}")
    info = read_json(folder / "info.json")
    if not isinstance(info, dict) or info.get("format") != FORMAT:
        raise DiffecgError(f"{folder / 'info.json'} is not what this version writes; prepare it again")
    try:
        signal = np.load(folder / "signal.npy", mmap_mode="r", allow_pickle=False)
        index = pd.read_parquet(folder / "index.parquet")
    except (OSError, ValueError) as error:
        raise DiffecgError(
            f"{folder} is damaged ({' '.join(str(error).split())}); prepare it again"
        ) from error
    if signal.ndim != 3 or len(signal) != len(index):
        raise DiffecgError(
            f"{folder} is damaged: {len(index)} rows in the index, an array of shape "
            f"{signal.shape}; prepare it again"
        )
    return Windows(
        signal=signal,
        fs_hz=float(info["fs_hz"]),
        channels=tuple(Channel(**channel) for channel in info["channels"]),
        index=index,
        r_peak=info["r_peak"],
        info=info,
    )
