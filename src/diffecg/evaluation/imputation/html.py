"""The report on gaps and forecasts as files: ``report.json``, ``report.html`` and the plots."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from diffecg._version import __version__
from diffecg.evaluation.generation.html import number, to_png
from diffecg.evaluation.html import page, picture, table, write_folder
from diffecg.evaluation.imputation.report import TaskReport
from diffecg.evaluation.imputation.scores import LEVELS, METRICS, ScoreRow
from diffecg.plotting import imputation

SHORT = {
    "MAE, mean of draws": "MAE",
    "RMSE, mean of draws": "RMSE",
    "RMSE, one draw": "RMSE, one draw",
    "PRD, mean of draws": "PRD",
    "correlation, mean of draws": "r",
    "CRPS": "CRPS",
    "50 % band holds": "50 % band holds",
    "90 % band holds": "90 % band holds",
    "90 % band width": "its width",
}
"""The metrics of the tables, with their heads."""


def write_task_report(report: TaskReport, folder: str | Path, *, force: bool = False) -> None:
    """Write a report to a new folder, whole or not at all.

    Raises:
        DiffecgError: the folder exists and ``force`` is not given.
    """
    pictures = _pictures(report)
    plots = {name: png for name, (_, png) in pictures.items()}
    write_folder(folder, report.to_dict(), _html(report, pictures.values()), plots, force=force)


def groups(rows: Sequence[ScoreRow]) -> dict[str, dict[str, dict[str, ScoreRow]]]:
    """Return the rows by group, method and metric."""
    found: dict[str, dict[str, dict[str, ScoreRow]]] = {}
    for row in rows:
        found.setdefault(row.group, {}).setdefault(row.method, {})[row.metric] = row
    return found


def head() -> list[str]:
    """Return the columns of a group's table."""
    return ["method", *(f"{words} ({METRICS[m]})" if METRICS[m] else words for m, words in SHORT.items())]


def cells(
    method: str, rows: dict[str, ScoreRow], metrics: Iterable[str] = SHORT, *, intervals: bool = False
) -> list[str]:
    """Return a method's line in a group's table."""
    line = [method]
    for metric in metrics:
        row = rows[metric]
        text = "undefined" if row.value is None else number(row.value)
        if intervals and row.interval is not None:
            text += f" [{number(row.interval[0])}, {number(row.interval[1])}]"
        line.append(text)
    return line


def _html(report: TaskReport, pictures: Iterable[tuple[str, bytes]]) -> str:
    about = report.about
    parts = ['<p class="note">diffecg is not a medical device.</p>']
    facts = [(key, ", ".join(map(str, v)) if isinstance(v, list) else str(v)) for key, v in about.items()]
    parts.append(table(("", "", ""), [(*fact, "") for fact in facts], words=2))
    for group, methods in groups(report.rows).items():
        count = next(iter(next(iter(methods.values())).values())).cases
        lines = [cells(method, rows, intervals=True) for method, rows in methods.items()]
        parts.append(
            f"<h2>{group}</h2><p>{count} cases; errors on what is hidden; in brackets 95 % intervals over "
            f"recordings.</p>{table([*head(), ''], [[*line, ''] for line in lines])}"
        )
    parts += [f"<h2>{words}</h2>{picture(png, words)}" for words, png in pictures]
    return page("Gaps and forecasts", parts, f"diffecg {__version__}")


def _pictures(report: TaskReport) -> dict[str, tuple[str, bytes]]:
    found = {}
    if report.calibration:
        figure = imputation.calibration(LEVELS, report.calibration)
        found["calibration"] = "Do the bands hold what they promise?", to_png(figure)
    for example in report.examples:
        figure = imputation.example(
            example.context.signal_mv,
            example.context.fs_hz,
            example.context.hidden,
            example.truth_mv,
            example.draws_mv,
            f"recording {example.case.recording}, {example.case.lead}, {example.case.group}",
        )
        name = "".join(c if c.isalnum() else "-" for c in example.case.group)
        found[name] = f"{example.case.group}, one case", to_png(figure)
    return found
