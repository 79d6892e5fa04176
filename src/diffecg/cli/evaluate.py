"""``diffecg evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from diffecg.cli.console import Force, Json, Threads, print_table, progress_bar, show, stderr, use_threads


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
    most: int = 2000,
    threads: Threads = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Report whether synthetic windows can be trusted, each figure beside its floor and a baseline.

    Example: diffecg evaluate v.npz n.npz --against beats/ --out report/

    The synthetic windows may come from any program: .npz, .csv, .parquet or a folder of WFDB recordings with one
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
    partition:
        Partition of prepared windows to compare with: validation, test or train.
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
    from diffecg.files import check_output

    check_output(out, force=force, is_folder=True)
    use_threads(threads)
    from diffecg.datasets.concatenation import concatenate
    from diffecg.datasets.formats.registry import read_windows
    from diffecg.evaluation.generation.html import HEAD, WORDS, cells, sections, write_report
    from diffecg.evaluation.generation.report import SECTIONS, Settings
    from diffecg.evaluation.generation.report import evaluate as evaluate_windows
    from diffecg.extras import require_extra

    require_extra("eval")
    made = concatenate([read_windows(path, fs_hz=fs) for path in synthetic])
    settings = Settings(only or SECTIONS, partition, resample, seeds, most=most)
    with progress_bar("evaluate") as move:
        report = evaluate_windows(made, read_windows(against, fs_hz=fs), settings, progress=move)
    write_report(report, out, force=force)
    for note in report.notes:
        stderr.print(f"note: {note}", highlight=False)
    if not json:
        for name, rows in sections(report.rows).items():
            print_table(WORDS[name][0], HEAD[:-1], [cells(row)[:-1] for row in rows], words=2)
            for why in dict.fromkeys(row.note for row in rows if row.value is None):
                stderr.print(f"note: {why}", highlight=False)
    show(report.to_dict(), f"{out}: report.html, report.json, plots/", as_json=json)
