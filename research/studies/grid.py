"""A study is a grid of cells; a finished cell is a file, and is never computed again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diffecg.errors import DiffecgError
from diffecg.files import read_json, write_atomic

SETTINGS = "study.json"
CELLS = "cells"
Progress = Callable[[int, int, str], None]
"""Called with cells done, cells in all, and the name of the one that is computed."""


@dataclass(frozen=True)
class Cell:
    """A piece of a study."""

    name: str
    """Tells it from the others; its file is called after it."""
    compute: Callable[[], Any]
    """Returns what JSON can hold. Killed, it begins anew."""

    @property
    def file(self) -> str:
        """Name of the file that holds its result."""
        return f"{file_stem(self.name)}.json"


def file_stem(name: str) -> str:
    """Return a name as files and folders can bear it."""
    return "".join(c if c.isalnum() or c in ".+" else "-" for c in name)


def run_cells(
    folder: Path, about: Mapping[str, Any], cells: Sequence[Cell], progress: Progress = lambda *_: None
) -> dict[str, Any]:
    """Compute what ``folder`` lacks, and return the result of every cell, by name.

    Args:
        folder: of the study; made if need be.
        about: all that the results depend on: settings, data, models.
        cells: the grid.
        progress: called before each cell.

    Raises:
        DiffecgError: ``folder`` holds a study of other settings, data or models.
    """
    _begin(folder, about)
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


def _begin(folder: Path, about: Mapping[str, Any]) -> None:
    """Write what the study is, or check that it is this one."""
    file, ours = folder / SETTINGS, json.loads(json.dumps(about))
    if file.is_file():
        theirs = read_json(file)
        other = sorted(key for key in {*ours, *theirs} if ours.get(key) != theirs.get(key))
        if other:
            raise DiffecgError(
                f"{folder} holds a study with other {', '.join(other)} ({SETTINGS}); choose another --out"
            )
        return
    if folder.exists() and any(folder.iterdir()):
        raise DiffecgError(f"{folder} is not empty and holds no study; choose another --out")
    (folder / CELLS).mkdir(parents=True, exist_ok=True)
    write_atomic(file, (json.dumps(ours, indent=2) + "\n").encode())
