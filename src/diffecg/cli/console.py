"""Shared flags and output of the commands: results to stdout, progress, warnings and errors to stderr."""

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

Force = Annotated[bool, Parameter(negative="", help="Overwrite existing output.")]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print the result as JSON.")]
Flat = Parameter(name="*")
"""Makes each field of a dataclass a flag of its own."""
Seed = Annotated[int, Parameter(help="Seed of the first window; window i has seed + i.")]
Threads = Annotated[int | None, Parameter(help="Number of CPU threads; default: chosen by PyTorch.")]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ComputeOptions(SamplerOptions):
    """Sampler, device and engine of a model."""

    threads: int | None = None
    """Number of CPU threads; default: chosen by PyTorch."""
    device: str = "cpu"
    """Device of the network: cpu or cuda."""
    engine: str = "torch"
    """Engine of the network: torch, or onnx (ONNX Runtime, faster on one thread; the first use exports the
    network)."""

    def load(self, model: str) -> Model:
        """Set the number of threads and load a model."""
        from diffecg.inference.loading import load

        use_threads(self.threads)
        return load(model, self.device, engine=self.engine)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ReadFlags:
    """What a file does not state, or states wrongly."""

    fs: float | None = None
    """Sampling rate in Hz; overrides that of tables and NumPy files, ignored for WFDB, EDF and BDF."""
    unit: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = ()
    """Unit of the ECG channels, whatever the file states: mV, uV, nV or V; or of one channel, such as II=uV
    or ABP=mmHg; may be repeated. Default: the file's, else mV."""
    gain: float | None = None
    """ADC units per mV of the ECG channels of a table or array of ADC units, in place of --unit: 200 for the
    MIT-BIH database. WFDB, EDF and BDF state their own."""
    baseline: float | None = None
    """With --gain: ADC units of 0 mV, 1024 for the MIT-BIH database. Default: 0."""
    annotator: str | None = None
    """Suffix of the WFDB annotation file, such as qrs. Default: atr, else the only one there is."""
    no_verify: Annotated[bool, Parameter(negative="")] = False
    """Read WFDB records whose samples do not match the checksums or the length in the header."""

    def read(self, path: Path, leads: Sequence[str] = ()) -> Recording:
        """Return a recording, and print what was assumed in reading it.

        Args:
            path: the recording.
            leads: channels that the user names; a unit without a name is theirs, too.
        """
        from diffecg.formats.registry import read_recording
        from diffecg.signal.units import units_by_channel

        units = units_by_channel(self.unit)
        if "" in units:
            units |= {lead: units[""] for lead in leads if lead not in units}
        return read_recording(
            path,
            fs_hz=self.fs,
            unit=units,
            annotator=self.annotator,
            verify=not self.no_verify,
            gain=self.gain,
            baseline=self.baseline,
        )


def print_notes(recording: Recording, losses: Sequence[str] = ()) -> None:
    """Print on stderr what was assumed or could not be read, and what the output does not keep."""
    for kind, texts in (("note", recording.assumptions), ("warning", (*recording.warnings, *losses))):
        for text in texts:
            stderr.print(
                f"diffecg: {kind}: {recording.name}: {text}", markup=False, highlight=False, soft_wrap=True
            )


Strict = Annotated[
    bool,
    Parameter(
        negative="", help="Refuse recordings that do not look like ECG in mV; default: print a warning."
    ),
]


def warn_implausible(recording: Recording, rows: Sequence[int], *, strict: bool) -> None:
    """Warn on stderr of leads that do not look like ECG in mV.

    Raises:
        DiffecgError: ``strict`` is set and a lead does not look like ECG.
    """
    from diffecg.errors import DiffecgError
    from diffecg.formats.description import channel_warnings

    warnings = dict.fromkeys(warning for row in rows for warning in channel_warnings(recording, row))
    if warnings and strict:
        raise DiffecgError("; ".join(warnings))
    for warning in warnings:
        stderr.print(f"diffecg: warning: {warning}", markup=False, highlight=False, soft_wrap=True)


def show(result: dict[str, Any], text: str, *, as_json: bool) -> None:
    """Print a result as text, or as JSON."""
    print(json.dumps(result, indent=2) if as_json else text)


def show_notes(notes: Iterable[str]) -> None:
    """Print notes on the data to stderr, one a line."""
    for note in notes:
        stderr.print(f"note: {note}", markup=False, highlight=False, soft_wrap=True)


def print_table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]], *, words: int) -> None:
    """Print a table to stdout.

    Args:
        title: title of the table.
        head: column names.
        rows: cells of each row.
        words: number of leading columns with text, aligned left; numbers are aligned right.
    """
    console = Console() if sys.stdout.isatty() else Console(width=_PIPED_WIDTH)
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for i, column in enumerate(head):
        table.add_column(column, justify="left" if i < words else "right")
    for row in rows:
        table.add_row(*row)
    console.print(table)
    console.print()


def fail(message: str, program: str) -> None:
    """Print an error of a program on stderr, in one line."""
    print(f"{program}: error: {' '.join(message.split())}", file=sys.stderr)


@contextmanager
def progress_bar(description: str) -> Iterator[Any]:
    """Yield a function (done, total, current="") that updates a bar on stderr, if that is a terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=stderr, disable=not stderr.is_terminal) as bar:
        task = bar.add_task(description, total=None)

        def update(done: int, total: int, current: str = "") -> None:
            bar.update(task, completed=done, total=total, description=current or description)

        yield update


def use_threads(threads: int | None) -> None:
    """Set the number of CPU threads of PyTorch; None keeps its default."""
    if threads is not None:
        import torch

        torch.set_num_threads(max(1, threads))
