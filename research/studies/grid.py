"""Resumable computation of a study: a grid of cells, one file for each finished cell."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diffecg.files import ResumableFolder, read_json, write_atomic

SETTINGS = "study.json"
CELLS = "cells"
Progress = Callable[[int, int, str], None]
"""Called with the number of finished cells, the number of cells, and the name of the current one."""


@dataclass(frozen=True)
class Cell:
    """One independent computation of a study."""

    name: str
    """Unique in the study; gives the file its name."""
    compute: Callable[[], Any]
    """Returns a JSON-serialisable result; restarts from scratch after an interruption."""

    @property
    def file(self) -> str:
        """Name of the file of its result."""
        return f"{file_stem(self.name)}.json"


def file_stem(name: str) -> str:
    """Return a name with all characters replaced that files and folders should not have."""
    return "".join(c if c.isalnum() or c in ".+" else "-" for c in name)


def run_cells(
    folder: Path, about: Mapping[str, Any], cells: Sequence[Cell], progress: Progress = lambda *_: None
) -> dict[str, Any]:
    """Compute the unfinished cells of a study and return the results of all cells, by name.

    Args:
        folder: of the study; created if it does not exist.
        about: everything that the results depend on: settings, data, models.
        cells: the grid.
        progress: called before each cell.

    Raises:
        DiffecgError: ``folder`` holds a study with other settings, data or models.
    """
    ResumableFolder(folder, settings_file=SETTINGS, content="a study").start(about)
    (folder / CELLS).mkdir(exist_ok=True)
    files = [folder / CELLS / cell.file for cell in cells]
    if len(set(files)) < len(files):
        raise ValueError("two cells have the same file")
    results = {}
    for done, (cell, file) in enumerate(zip(cells, files, strict=True)):
        progress(done, len(cells), cell.name)
        if not file.is_file():
            started = time.monotonic()
            result = cell.compute()
            stored = {"cell": cell.name, "seconds": round(time.monotonic() - started, 1), "result": result}
            write_atomic(file, (json.dumps(stored) + "\n").encode())
        results[cell.name] = read_json(file)["result"]
    progress(len(cells), len(cells), "done")
    return results
