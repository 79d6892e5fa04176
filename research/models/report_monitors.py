"""``python -m research report-monitors``: the report of icu-strip, in docs and its card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from diffecg.cli.console import Threads, use_threads
from diffecg.files import write_atomic, write_json
from diffecg.model.finding import find_model
from research.benchmarks.monitors import MonitorOptions, measure, summarise, tables
from research.models.report import write_results
from research.repository import REPORTS
from research.tables import markdown, markdown_table

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
    use_threads(threads)
    options = MonitorOptions(model=MODEL, partition=partition, gaps=gaps, vs=vs)
    publish(measure(data, work, options), options)


def publish(results: Mapping[str, Any], options: MonitorOptions) -> None:
    """Write the tables and figures of results into docs/reports, and some tables into the card."""
    intro = (
        f"`python -m research report-monitors`: {options.gaps} gaps at random times of each recording of the "
        f"partition `{options.partition}` of the PhysioNet/CinC Challenge 2015 (split `recordings`: subjects "
        "are unknown). What it shows: docs/how-to/monitors.md."
    )
    shown = tables(results, options)
    write_atomic(REPORTS / f"{MODEL}.md", f"# Report of {MODEL}\n\n{intro}\n\n{markdown(shown)}".encode())
    about = {
        "models": {MODEL: {"weights_sha256": find_model(MODEL).weights_sha256}},
        "partition": options.partition,
        "gaps": options.gaps,
        "draws": options.draws,
    }
    (REPORTS / MODEL).mkdir(parents=True, exist_ok=True)
    rows = [asdict(one) for one in summarise(results, options)]
    write_json(REPORTS / MODEL / "monitors.json", {"about": about, "gap_rows": rows})
    in_card = [table for table in shown if table.title in IN_CARD]
    parts = [f"{table.note}\n\n{markdown_table(table.head, table.rows).rstrip()}" for table in in_card]
    write_results(MODEL, "\n\n".join([intro, *parts]))
