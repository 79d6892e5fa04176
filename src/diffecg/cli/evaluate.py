"""``diffecg evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from diffecg.cli.console import Force, Json, Threads, progress_bar, show, stderr, use_threads

if TYPE_CHECKING:
    from diffecg.evaluation.report import Report


def evaluate(
    synthetic: Annotated[tuple[Path, ...], Parameter(negative="")],
    /,
    *,
    against: Path,
    out: Path,
    part: str = "validation",
    only: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    resample: Annotated[bool, Parameter(negative="")] = False,
    fs: float | None = None,
    seeds: int = 5,
    most: int = 2000,
    threads: Threads = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Report whether synthetic windows can be trusted, each figure beside its floor and a baseline.

    Example: diffecg evaluate v.npz n.npz --against beats/ --out report/

    The synthetic windows may come from any program: .npz, .csv, .parquet or a folder of WFDB records with one
    window each, in mV; several paths are taken as one set. Writes report.html, report.json and plots. With
    prepared windows to compare with, fidelity and physiology look at the part validation, utility trains on
    train and tests on test, privacy asks whether train shows through.

    Parameters
    ----------
    synthetic:
        Files or folders of windows.
    against:
        Real windows: a folder that diffecg prepare wrote, or any of the formats above.
    out:
        Folder of the report.
    part:
        Part of prepared windows to compare with: validation, test or train.
    only:
        Sections to compute: fidelity, physiology, privacy, utility; may be repeated. All unless given.
    resample:
        Bring the synthetic windows to the sampling rate of the real ones.
    fs:
        Sampling rate in Hz of files that do not tell it.
    seeds:
        How often sets are drawn anew, and classifiers of each kind.
    most:
        Most windows of a class on either side of a comparison.
    """
    from diffecg.data.store import refuse_existing

    refuse_existing(out, force=force, is_folder=True)
    use_threads(threads)
    from diffecg.evaluation.extras import require_extras
    from diffecg.evaluation.report import SECTIONS, Settings
    from diffecg.evaluation.report import evaluate as evaluate_windows
    from diffecg.evaluation.sets import one_set
    from diffecg.exchange.read_windows import read_windows
    from diffecg.exchange.report import write_report

    require_extras()
    made = one_set([read_windows(path, fs_hz=fs) for path in synthetic])
    settings = Settings(only or SECTIONS, part, resample, seeds, most=most)
    with progress_bar("evaluate") as move:
        report = evaluate_windows(made, read_windows(against, fs_hz=fs), settings, progress=move)
    write_report(report, out, force=force)
    for note in report.notes:
        stderr.print(f"note: {note}", highlight=False)
    if not json:
        _print_table(report)
    show(report.to_dict(), f"{out}: report.html, report.json, plots/", as_json=json)


def _print_table(report: Report) -> None:
    from diffecg.exchange.report import HEAD, WORDS, cells, sections

    console = Console(width=None if stderr.is_terminal else 160)
    for name, rows in sections(report.rows).items():
        table = Table(title=WORDS[name][0], title_justify="left", box=None, pad_edge=False)
        for place, column in enumerate(HEAD[:-1]):
            table.add_column(column, justify="left" if place < 2 else "right")
        for row in rows:
            table.add_row(*cells(row)[:-1])
        console.print(table)
        console.print()
