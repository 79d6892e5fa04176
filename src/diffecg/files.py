"""Files and folders that are written completely or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from diffecg.errors import DiffecgError


def read_json(path: Path) -> Any:
    """Return the content of a JSON file.

    Raises:
        DiffecgError: the file is missing or is no JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise DiffecgError(f"{path} is missing") from None
    except (ValueError, RecursionError) as error:
        raise DiffecgError(f"{path} is no valid JSON ({error})") from None


MARK = ".diffecg"
"""The file that tells folders of ours from others."""


@contextmanager
def new_directory(folder: str | Path, *, force: bool = False) -> Iterator[Path]:
    """Yield a temporary folder that takes the name ``folder`` when the block succeeds.

    An older folder is replaced only if it bears our mark, so that no folder of the user's is lost.

    Raises:
        DiffecgError: ``folder`` exists and ``force`` is not given, or it is none of ours.
    """
    folder = Path(folder)
    check_output(folder, force=force, is_folder=True)
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


def check_output(path: Path, *, force: bool, is_folder: bool) -> None:
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


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never a part."""
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


CARD = "card.json"
"""The data card beside or inside every set: what made it."""
