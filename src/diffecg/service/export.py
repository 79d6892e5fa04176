"""Windows windows as files of any format, made when they are asked for."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path
from typing import Literal

from diffecg.datasets.reading import read_windows
from diffecg.datasets.windows import Windows
from diffecg.datasets.writing import write_generated
from diffecg.errors import DiffecgError
from diffecg.evaluation.generation.html import to_png
from diffecg.plotting.figures import NAMES, beat_grid
from diffecg.service.job import BEATS

Format = Literal["npz", "parquet", "csv", "wfdb", "png"]
FORMATS = {
    "npz": "application/octet-stream",
    "parquet": "application/octet-stream",
    "csv": "text/csv",
    "wfdb": "application/zip",
    "png": "image/png",
}
"""Media type of each."""


def exported(folder: Path, format: Format, window: int | None) -> tuple[bytes, str]:
    """Return the content and the name of a file of windows.

    Args:
        folder: where a job wrote ``beats.npz``.
        format: of the file.
        window: the one to write; None: all.

    Raises:
        DiffecgError: there is no such window; a picture of all is asked for.
    """
    windows = read_windows(folder / BEATS)
    name = "beats"
    if window is not None:
        if window >= len(windows):
            raise DiffecgError(f"there is no window {window}; they are 0 to {len(windows) - 1}")
        windows = windows.take([window])
        name = f"{windows.labels[0]}-seed-{windows.seeds[0]}"
    if format == "png":
        if len(windows) > 1:
            raise DiffecgError("a picture shows one window; say which")
        return _picture(windows), f"{name}.png"
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / (name if format == "wfdb" else f"{name}.{format}")
        write_generated([windows], path, count=len(windows))
        if format == "wfdb":
            return zipped(path), f"{name}.zip"
        return path.read_bytes(), path.name


def zipped(folder: Path) -> bytes:
    """Return all files of a folder in an archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, str(file.relative_to(folder)))
    return buffer.getvalue()


def _picture(windows: Windows) -> bytes:
    label = str(windows.labels[0])
    title = f"{NAMES.get(label, label)}, seed {windows.seeds[0]}, made by {windows.info['model']}"
    return to_png(beat_grid([({0: label}, windows.signal_mv[:, 0])], windows.fs_hz, title))
