"""What the commands of the studies share: arguments, progress and output."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from diffecg.cli.console import progress_bar, show, stderr
from diffecg.files import write_atomic
from diffecg.plotting.signals import save_figure
from research.studies.grid import Cell, run_cells
from research.tables import Table, markdown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Data = Annotated[Path, Parameter(help="Real beats: a folder written by diffecg prepare --preset beat.")]
Out = Annotated[Path, Parameter(help="Folder of the study; the same command continues it.")]
TABLES = "tables.md"
_NOTICE = "Synthetic ECG. diffecg is not a medical device."


def run_study(folder: Path, about: dict[str, Any], cells: list[Cell]) -> dict[str, Any]:
    """Compute the unfinished cells with a progress bar, and return the results of all cells."""
    with progress_bar(f"study {about['study']}") as advance:

        def progress(done: int, total: int, name: str) -> None:
            advance(done, total, name)
            if not stderr.is_terminal:
                stderr.print(f"{done} of {total} cells  {name}", highlight=False)

        return run_cells(folder, about, cells, progress)


def publish(
    folder: Path, title: str, tables: list[Table], figures: dict[str, Figure], *, as_json: bool
) -> None:
    """Write ``tables.md`` and the figures into the study's folder, and print the tables."""
    text = markdown(tables)
    write_atomic(folder / TABLES, f"# {title}\n\n{_NOTICE}\n\n{text}".encode())
    for name, figure in figures.items():
        save_figure(figure, folder / f"{name}.png")
    files = ", ".join([TABLES, *(f"{name}.png" for name in figures)])
    records = {table.title: table.records() for table in tables}
    show({"out": str(folder), "tables": records}, f"{text}\n{folder}: {files}", as_json=as_json)
