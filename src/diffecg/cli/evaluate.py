"""``diffecg evaluate``: report on synthetic windows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from diffecg.cli.console import (
    Force,
    Json,
    Threads,
    print_table,
    progress_bar,
    show,
    show_notes,
    use_threads,
)

if TYPE_CHECKING:
    from diffecg.evaluation.generation.report import Report


def evaluate(
    synthetic: Annotated[tuple[Path, ...], Parameter(negative="")],
    /,
    *,
    against: Path,
    out: Path,
    partition: str = "validation",
    only: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    resample: Annotated[bool, Parameter(negative="")] = False,
    fs: float | None = None,
    seeds: int = 5,
    max_windows: int = 2000,
    threads: Threads = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Evaluate synthetic windows: fidelity, physiology, privacy and utility.

    Example: diffecg evaluate v.npz n.npz --against beats/ --out report/

    Each metric is reported with a real-vs-real reference and a baseline. The synthetic windows may come from
    any program: .npz, .csv, .parquet or a folder of WFDB records with one window each, in mV; several paths
    are concatenated. Windows are compared by label, whatever the labels are. With prepared windows, fidelity
    and physiology compare with the partition validation, utility trains on train and tests on test, and
    privacy compares train with validation. Writes report.html, report.json,
    report.csv (a row for each metric and label) and plots.

    Parameters
    ----------
    synthetic:
        Files or folders of synthetic windows.
    against:
        Real windows: a folder written by diffecg prepare, or any of the formats above.
    out:
        Folder of the report.
    partition:
        Partition of prepared windows to compare with: validation, test or train.
    only:
        Sections to compute: fidelity, physiology, privacy, utility; may be repeated. Default: all.
    resample:
        Resample the synthetic windows to the sampling rate of the real ones.
    fs:
        Sampling rate in Hz of files that do not state it.
    seeds:
        Number of random subsets that are compared, and of trained classifiers of each kind.
    max_windows:
        Maximum number of windows of a label in each compared subset.
    """
    from diffecg.files import check_output

    check_output(out, force=force, is_folder=True)
    use_threads(threads)
    from diffecg.datasets.concatenation import concatenate
    from diffecg.datasets.formats.registry import read_windows
    from diffecg.evaluation.generation.html import write_report
    from diffecg.evaluation.generation.report import SECTIONS, EvaluateOptions
    from diffecg.evaluation.generation.report import evaluate as evaluate_windows
    from diffecg.extras import require_extra

    require_extra("eval")
    options = EvaluateOptions(
        sections=only or SECTIONS,
        partition=partition,
        resampling=resample,
        seeds=seeds,
        max_windows=max_windows,
    )
    windows = concatenate([read_windows(path, fs_hz=fs) for path in synthetic])
    with progress_bar("evaluate") as move:
        report = evaluate_windows(windows, read_windows(against, fs_hz=fs), options, progress=move)
    write_report(report, out, force=force)
    show_notes(report.notes)
    if not json:
        _print(report)
    show(report.to_dict(), f"{out}: report.html, report.json, report.csv, plots/", as_json=json)


def _print(report: Report) -> None:
    """Print the tables to stdout, and why metrics are undefined to stderr."""
    from diffecg.evaluation.generation.html import HEAD, SECTION_TITLES, cells, rows_by_section

    for name, rows in rows_by_section(report.rows).items():
        print_table(SECTION_TITLES[name], HEAD[:-1], [cells(row)[:-1] for row in rows], words=2)
        show_notes(dict.fromkeys(row.note for row in rows if row.value is None))
