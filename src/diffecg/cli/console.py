"""What commands share: results to stdout, progress and errors to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from diffecg.inference.options import SamplerOptions

if TYPE_CHECKING:
    from diffecg.formats.recording import Recording
    from diffecg.inference.model import Model

stderr = Console(stderr=True)
_PIPED_WIDTH = 160

Force = Annotated[bool, Parameter(negative="", help="Replace what is already there.")]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print the result as JSON.")]
Flat = Parameter(name="*")
"""For settings that are given as flags of their own."""
Seed = Annotated[int, Parameter(help="Seed of the first sample; sample i has seed + i.")]
Threads = Annotated[
    int | None, Parameter(help="Processor threads to use; as many as torch likes unless given.")
]


@Parameter(name="*")
@dataclass(frozen=True)
class ComputeOptions(SamplerOptions):
    """How samples are computed, and where; the flags that all tasks share."""

    threads: int | None = None
    """Processor threads to use; as many as torch likes unless given."""
    device: str = "cpu"
    """Where to compute: cpu, cuda."""
    engine: str = "torch"
    """What computes: torch, or onnx (ONNX Runtime, faster on one thread; its first use takes a while)."""

    def load(self, model: str) -> Model:
        """Return the model, on the device; let torch use the threads."""
        from diffecg.inference.loading import load

        use_threads(self.threads)
        return load(model, self.device, engine=self.engine)


@Parameter(name="*")
@dataclass(frozen=True)
class ReadOptions:
    """What a file may not tell; the flags of all commands that read recordings."""

    fs: float | None = None
    """Sampling rate in Hz, for tables without a column of time and for arrays."""
    unit: str | None = None
    """Unit of leads whose unit the file does not tell: mV, uV, V; mV unless given."""

    def read(self, path: Path) -> Recording:
        """Return the recording."""
        from diffecg.formats.registry import read_recording

        return read_recording(path, fs_hz=self.fs, unit=self.unit)


Strict = Annotated[
    bool, Parameter(negative="", help="Refuse a recording that looks like no ECG the models know; else warn.")
]


def look(recording: Recording, rows: Sequence[int], *, strict: bool) -> None:
    """Warn of leads that look like no ECG that the models know.

    Raises:
        DiffecgError: ``strict`` and there are some.
    """
    from diffecg.errors import DiffecgError
    from diffecg.formats.description import lead_warnings

    found = dict.fromkeys(warning for row in rows for warning in lead_warnings(recording, row))
    if found and strict:
        raise DiffecgError("; ".join(found))
    for warning in found:
        stderr.print(f"diffecg: warning: {warning}", markup=False, highlight=False, soft_wrap=True)


def show(result: dict[str, Any], text: str, *, as_json: bool) -> None:
    """Print a result: the text for subjects, the dictionary for machines."""
    print(json.dumps(result, indent=2) if as_json else text)


def print_table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]], *, words: int) -> None:
    """Print a table to stdout.

    Args:
        title: above it.
        head: names of the columns.
        rows: cells.
        words: number of leading columns that hold words, the others hold numbers.
    """
    console = Console() if sys.stdout.isatty() else Console(width=_PIPED_WIDTH)
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for place, column in enumerate(head):
        table.add_column(column, justify="left" if place < words else "right")
    for row in rows:
        table.add_row(*row)
    console.print(table)
    console.print()


def fail(message: str) -> None:
    """Print an error in one line on stderr."""
    print(f"diffecg: error: {' '.join(message.split())}", file=sys.stderr)


@contextmanager
def progress_bar(what: str) -> Iterator[Any]:
    """Yield a function (done, total, doing="") that moves a bar on stderr, if that is a terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=stderr, disable=not stderr.is_terminal) as bar:
        task = bar.add_task(what, total=None)

        def move(done: int, total: int, doing: str = "") -> None:
            bar.update(task, completed=done, total=total, description=doing or what)

        yield move


def use_threads(threads: int | None) -> None:
    """Let torch use that many threads."""
    if threads is not None:
        import torch

        torch.set_num_threads(max(1, threads))
