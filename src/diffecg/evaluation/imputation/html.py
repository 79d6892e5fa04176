"""The comparison of imputation methods as files: ``report.json``, ``report.html`` and plots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from diffecg.evaluation.html import (
    Plot,
    facts_table,
    format_number,
    plot_sections,
    report_page,
    table,
    write_report_folder,
)
from diffecg.evaluation.imputation.report import ImputationReport
from diffecg.evaluation.imputation.scores import CALIBRATION_LEVELS, METRICS, ScoreRow
from diffecg.plotting import imputation
from diffecg.plotting.signals import figure_png

MethodRows = dict[str, ScoreRow]
"""The rows of one group and method by metric."""

COLUMN_NAMES = {
    "MAE, mean of draws": "MAE",
    "RMSE, mean of draws": "RMSE",
    "RMSE, one draw": "RMSE, one draw",
    "PRD, mean of draws": "PRD",
    "correlation, mean of draws": "r",
    "CRPS": "CRPS",
    "50 % interval coverage": "50 % interval coverage",
    "90 % interval coverage": "90 % interval coverage",
    "90 % interval width": "90 % interval width",
}
"""Metrics of the tables and the names of their columns."""


def write_report(report: ImputationReport, folder: str | Path, *, force: bool = False) -> None:
    """Write a report to a new folder, completely or not at all.

    Raises:
        DiffecgError: the folder exists and ``force`` is False.
    """
    plots = _plots(report)
    write_report_folder(folder, report.to_dict(), _html(report, plots), plots, force=force)


def rows_by_group(rows: Sequence[ScoreRow]) -> dict[str, dict[str, MethodRows]]:
    """Return the rows by group, method and metric."""
    groups: dict[str, dict[str, MethodRows]] = {}
    for row in rows:
        groups.setdefault(row.group, {}).setdefault(row.method, {})[row.metric] = row
    return groups


def table_head() -> list[str]:
    """Return the column names of a group's table."""
    return ["method", *(f"{name} ({METRICS[m]})" if METRICS[m] else name for m, name in COLUMN_NAMES.items())]


def cells(
    method: str, rows: MethodRows, metrics: Iterable[str] = COLUMN_NAMES, *, intervals: bool = False
) -> list[str]:
    """Return a method's row of a group's table as text.

    Args:
        method: name of the method.
        rows: its rows by metric.
        metrics: metrics of the columns.
        intervals: add the intervals over recordings in brackets.
    """
    texts = [method]
    for metric in metrics:
        row = rows[metric]
        text = "undefined" if row.value is None else format_number(row.value)
        if intervals and row.interval is not None:
            text += f" [{format_number(row.interval[0])}, {format_number(row.interval[1])}]"
        texts.append(text)
    return texts


def _html(report: ImputationReport, plots: Mapping[str, Plot]) -> str:
    facts = {
        key: ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        for key, value in report.about.items()
    }
    sections = ['<p class="note">diffecg is not a medical device.</p>', facts_table(facts)]
    for group, methods in rows_by_group(report.rows).items():
        cases = next(iter(next(iter(methods.values())).values())).cases
        body = [cells(method, rows, intervals=True) for method, rows in methods.items()]
        sections.append(
            f"<h2>{group}</h2><p>{cases} cases. Errors over the missing samples, with 95 % intervals over "
            f"recordings in brackets.</p>{table(table_head(), body)}"
        )
    return report_page("Evaluation of imputation and forecasting", sections + plot_sections(plots))


def _plots(report: ImputationReport) -> dict[str, Plot]:
    """Return the plots by file name."""
    plots = {}
    if report.calibration:
        figure = imputation.calibration(CALIBRATION_LEVELS, report.calibration)
        plots["calibration"] = Plot("Calibration of the prediction intervals", figure_png(figure))
    for example in report.examples:
        case = example.case
        figure = imputation.imputed_gap(
            example.context.signal_mv,
            example.context.fs_hz,
            example.context.gap,
            example.truth_mv,
            example.draws_mv,
            title=f"Recording {case.recording}, {case.lead}, {case.group}",
        )
        name = "".join(c if c.isalnum() else "-" for c in case.group)
        plots[name] = Plot(f"Example: {case.group}", figure_png(figure))
    return plots
