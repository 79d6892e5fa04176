"""``python -m research report-monitors``: the report of icu-strip, in docs and its card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from diffecg.cli.console import Threads
from diffecg.files import write_atomic
from research.benchmarks.monitors import MonitorOptions, monitors
from research.models.report import write_results
from research.repository import REPORTS
from research.studies.command import TABLES

MODEL = "icu-strip"
IN_CARD = ("Errors", "Pressures")
"""Tables of the benchmark that the card shows, too."""


def report_monitors(
    data: Annotated[Path, Parameter(help="Recording set of diffecg prepare cinc2015 --preset monitor.")],
    /,
    *,
    work: Path,
    partition: str = "test",
    gaps: int = 4,
    vs: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    threads: Threads = None,
) -> None:
    """Measure icu-strip on the recordings for testing, and write docs/reports and its card.

    Example: python -m research report-monitors monitor/ --work runs/report-monitors

    Args:
        work: Folder of the scores; the command continues where it stopped.
        partition: Partition that is measured.
        gaps: Gaps of each recording in each row.
        vs: Network to compare with, as for monitors.
    """
    options = MonitorOptions(model=MODEL, partition=partition, gaps=gaps, vs=vs)
    monitors(data=data, out=work, options=options, threads=threads)
    publish(work)


def publish(work: Path) -> None:
    """Write the tables of a run of the benchmark into docs/reports, and some into the card."""
    _, *sections = (work / TABLES).read_text().split("\n## ")
    intro = (
        "`python -m research report-monitors`: gaps at random times of the recordings for testing of the "
        "PhysioNet/CinC Challenge 2015 (split `recordings`: subjects are unknown). How: docs/training.md."
    )
    text = "\n\n".join([f"# Report of {MODEL}", intro, *(f"## {section.strip()}" for section in sections)])
    write_atomic(REPORTS / f"{MODEL}.md", f"{text}\n".encode())
    chosen = [section for section in sections if section.partition("\n")[0].strip() in IN_CARD]
    write_results(MODEL, "\n\n".join([intro, *(section.partition("\n")[2].strip() for section in chosen)]))
