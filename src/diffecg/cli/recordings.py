"""The recordings that a command is given: files, folders and patterns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diffecg.cli.console import print_table, show
from diffecg.errors import DiffecgError
from diffecg.files import mark_folder


@dataclass(frozen=True, kw_only=True)
class FoundRecordings:
    """Recordings by the names under which results are written."""

    paths: dict[str, Path]
    is_single: bool
    """Whether one recording was named itself, rather than a folder, a pattern or several."""


def find_recordings(paths: Sequence[Path]) -> FoundRecordings:
    """Return the recordings that files, folders and patterns stand for.

    Raises:
        DiffecgError: a folder or pattern without recordings; two recordings of one name.
    """
    if not paths:
        raise DiffecgError(
            "no recording is given; name a file, a folder, or a pattern such as 'holter/*.edf'"
        )
    found: dict[str, Path] = {}
    for path in paths:
        for name, recording in _expand(path).items():
            if found.setdefault(name, recording) != recording:
                raise DiffecgError(
                    f"{found[name]} and {recording} are both named {name}; process them one by one"
                )
    is_single = len(paths) == 1 and not paths[0].is_dir() and not _is_pattern(paths[0])
    return FoundRecordings(paths=found, is_single=is_single)


def _expand(path: Path) -> dict[str, Path]:
    """Return the recordings of a path by name.

    Raises:
        DiffecgError: a folder or pattern without recordings.
    """
    from diffecg.datasets.recording_folder import RecordingFolder
    from diffecg.formats.annotation_table import ANNOTATIONS

    if path.is_dir():
        return {name: path / name for name in RecordingFolder(path).names()}
    if not _is_pattern(path):
        return {path.name: path}
    root = Path(path.anchor or ".")
    files = sorted(root.glob(str(path.relative_to(path.anchor) if path.anchor else path)))
    files = [file for file in files if not file.name.endswith(ANNOTATIONS)]
    named = [file.with_suffix("") if file.suffix in (".hea", ".dat", ".atr") else file for file in files]
    if not named:
        raise DiffecgError(f"no file matches {str(path)!r}")
    return {file.name: file for file in dict.fromkeys(named)}


def _is_pattern(path: Path) -> bool:
    return (
        any(char in str(path) for char in "*?[")
        and not path.exists()
        and not path.with_name(path.name + ".hea").exists()
    )


def process_each(
    found: FoundRecordings, out: Path, process: Callable[[Path, Path], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Process recordings, each into its own folder; an error of one does not stop the others.

    Args:
        found: the recordings.
        out: folder of the results; of a single recording, its own folder.
        process: called with a recording and its folder; returns its result.

    Raises:
        DiffecgError: a single recording cannot be processed.
    """
    if found.is_single:
        (path,) = found.paths.values()
        return [process(path, out)]
    out.mkdir(parents=True, exist_ok=True)
    mark_folder(out)
    results = []
    for name, path in found.paths.items():
        try:
            results.append({"recording": name, **process(path, out / name)})
        except DiffecgError as error:
            results.append({"recording": name, "error": str(error)})
    return results


def show_results(
    title: str,
    head: Sequence[str],
    results: Sequence[dict[str, Any]],
    row: Callable[[dict[str, Any]], list[str]],
    *,
    as_json: bool,
) -> None:
    """Print the results of several recordings as one table, or as JSON.

    Raises:
        DiffecgError: some of them could not be processed.
    """
    if as_json:
        show({"recordings": list(results)}, "", as_json=True)
    else:
        print_table(title, head, [row(result) for result in results], words=len(head) - 1)
    if failed := [result["recording"] for result in results if "error" in result]:
        raise DiffecgError(f"{len(failed)} of {len(results)} recordings failed: {', '.join(failed)}")
