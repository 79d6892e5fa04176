"""The comparison of imputation methods as files: ``report.json``, ``report.html``, scores and plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from diffecg.evaluation.html import Plot, facts_table, picture, report_page, table, write_report_folder
from diffecg.evaluation.imputation.report import ImputationReport
from diffecg.evaluation.imputation.rhythms import RHYTHMS
from diffecg.evaluation.imputation.scores import CALIBRATION_LEVELS
from diffecg.evaluation.imputation.summary import ALL, Estimate, MethodScores
from diffecg.plotting import imputation
from diffecg.plotting.signals import figure_png

PUBLISHED_NOTE = "Published figures are from"
_SHORT_NAMES = {
    "RMSE": "RMSE",
    "MAE": "MAE",
    "CRPS": "CRPS",
    "50 % interval coverage": "in 50 %",
    "90 % interval coverage": "in 90 %",
    "90 % interval width": "width 90 %",
    "peak F1, published": "peak F1",
    "R-peak F1": "R F1",
    "RMSSD error": "RMSSD",
    "SDNN error": "SDNN",
}
"""Metrics that the command line prints, and their heads."""
_KEPT = {"method", *_SHORT_NAMES, "CRPS ratio", "RMSE ratio"}
_WITH_INTERVAL = ("RMSE", "CRPS", "90 % interval coverage", "R-peak F1")
_UNDEFINED = "–"


class SummaryTable(NamedTuple):
    """A table of the methods on the cases of a group."""

    title: str
    head: list[str]
    rows: list[list[str]]


def write_report(report: ImputationReport, folder: str | Path, *, force: bool = False) -> None:
    """Write a report to a new folder, completely or not at all.

    Raises:
        DiffecgError: the folder exists and ``force`` is False.
    """
    plots = _plots(report)
    scores = BytesIO()
    report.scores.to_parquet(scores, index=False)
    write_report_folder(
        folder,
        report.to_dict(),
        _html(report, plots),
        plots,
        force=force,
        files={"scores.parquet": scores.getvalue()},
    )


def summary_tables(report: ImputationReport) -> list[SummaryTable]:
    """Return a short table of each group and kind of leads, all rhythms together."""
    return [_short(_table(report, part)) for part in _parts(report) if part[0].rhythm == ALL]


def _short(full: SummaryTable) -> SummaryTable:
    """Return the columns of a table that the command line prints."""
    kept = {name: _SHORT_NAMES.get(name, name) for name in full.head if name in _KEPT}
    columns = [full.head.index(name) for name in kept]
    return SummaryTable(full.title, list(kept.values()), [[row[i] for i in columns] for row in full.rows])


def table_head(rows: Sequence[MethodScores]) -> list[str]:
    """Return the column names of a table of methods."""
    ratios = [f"{name} ratio" for name in rows[0].ratios]
    return ["method", *rows[0].metrics, *ratios]


def cells(row: MethodScores, *, intervals: bool = False) -> list[str]:
    """Return a method's row of a table as text.

    Args:
        row: metrics of the method.
        intervals: add the intervals over recordings in brackets where they matter most; ratios always have
            them.
    """
    shown = [
        estimate_text(estimate, intervals=intervals and name in _WITH_INTERVAL)
        for name, estimate in row.metrics.items()
    ]
    return [
        row.method,
        *shown,
        *(estimate_text(estimate, intervals=True) for estimate in row.ratios.values()),
    ]


def estimate_text(estimate: Estimate, *, intervals: bool) -> str:
    """Return a figure as text, with its interval over recordings in brackets if asked for."""
    if estimate.value is None:
        return _UNDEFINED
    text = _number(estimate.value)
    if intervals and estimate.interval is not None and estimate.interval[0] != estimate.interval[1]:
        text += f" [{_number(estimate.interval[0])}, {_number(estimate.interval[1])}]"
    return text


def _number(value: float) -> str:
    """Return a number with three decimals below ten, one below a hundred, none above."""
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}" if abs(value) < 100 else f"{value:.0f}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _parts(report: ImputationReport) -> list[list[MethodScores]]:
    """Return the rows of each group, kind of leads and rhythm."""
    parts: dict[tuple[str, str, str], list[MethodScores]] = {}
    for row in report.rows:
        parts.setdefault((row.group, row.leads, row.rhythm), []).append(row)
    return list(parts.values())


def _table(
    report: ImputationReport, rows: Sequence[MethodScores], *, intervals: bool = False
) -> SummaryTable:
    """Return the table of a part, with published figures below."""
    first = rows[0]
    rhythm = "" if first.rhythm == ALL else f", {first.rhythm}"
    counts = f"{_count(first.cases, 'case')}, {_count(first.recordings, 'recording')}"
    title = f"{first.group}, {first.leads}{rhythm}: {counts}"
    names = [*first.metrics, *("" for _ in first.ratios)]
    published = [
        [method, *(_number(figures[name]) if name in figures else _UNDEFINED for name in names)]
        for method, figures in report.benchmark.published.get(first.group, {}).items()
    ]
    return SummaryTable(
        title, table_head(rows), [*(cells(row, intervals=intervals) for row in rows), *published]
    )


def _fact(value: object) -> str:
    """Return a fact as text; of what has names, the names."""
    return ", ".join(map(str, value)) if isinstance(value, list | dict) else str(value)


def _html(report: ImputationReport, plots: Mapping[str, Plot]) -> str:
    facts = {
        key.replace("_", " "): _fact(value)
        for key, value in report.about.items()
        if value not in (None, {}, [])
    }
    sections = [
        '<p class="note">diffecg is not a medical device.</p>',
        facts_table(facts),
        _explanation(report),
    ]
    sections += _overview(report)
    parts = _parts(report)
    for group in dict.fromkeys(part[0].group for part in parts):
        sections.append(f"<h2>{escape(group)}</h2>")
        for part in parts:
            if part[0].group == group and part[0].rhythm == ALL:
                sections.append(_section(report, part))
        for rhythm in RHYTHMS:
            content = [_section(report, part) for part in parts if _is_of(part[0], group, rhythm)]
            content += [
                picture(plots[_file(example.case.group, rhythm, example.kind)].png, example.kind)
                for example in report.examples
                if (example.case.group, example.case.rhythm) == (group, rhythm)
            ]
            if content:
                sections.append(f"<details><summary>{escape(rhythm)}</summary>{''.join(content)}</details>")
    if "calibration" in plots:
        sections.append(f"<h2>Calibration</h2>{picture(plots['calibration'].png, 'calibration')}")
    return report_page("Evaluation of imputation and forecasting", sections)


def _is_of(row: MethodScores, group: str, rhythm: str) -> bool:
    return (row.group, row.rhythm) == (group, rhythm)


def _section(report: ImputationReport, rows: Sequence[MethodScores]) -> str:
    title, columns, body = _table(report, rows, intervals=True)
    return f"<h3>{escape(title)}</h3>{table(columns, body)}"


def _explanation(report: ImputationReport) -> str:
    """Return what the tables show, as HTML."""
    texts = [
        "Errors over the missing samples in mV, of RMSSD and SDNN in ms; 95 % intervals over recordings. ",
        f"Ratios are relative to {report.benchmark.reference} on the same cases. ",
        f"The plots show the median and the worst case of each rhythm by the error of {report.chosen_by}. ",
    ]
    if report.benchmark.published:
        texts.append(f"{PUBLISHED_NOTE} {report.benchmark.source}.")
    return f"<p>{escape(''.join(texts))}</p>"


def _overview(report: ImputationReport) -> list[str]:
    """Return the table of the CRPS of each method relative to the reference."""
    parts = [part for part in _parts(report) if part[0].rhythm == ALL and "CRPS" in part[0].ratios]
    if not parts:
        return []
    methods = [row.method for row in parts[0]]
    body = [
        [
            f"{part[0].group}, {part[0].leads}",
            *(estimate_text(row.ratios["CRPS"], intervals=True) for row in part),
        ]
        for part in parts
    ]
    title = f"<h2>CRPS relative to {escape(report.benchmark.reference)}</h2>"
    return [title + table(["group", *methods], body)]


def _file(group: str, rhythm: str, kind: str) -> str:
    """Return the name of a plot's file."""
    return "".join(c if c.isalnum() else "-" for c in f"{group}-{rhythm}-{kind}")


def _plots(report: ImputationReport) -> dict[str, Plot]:
    """Return the plots by file name."""
    plots = {}
    for example in report.examples:
        case = example.case
        title = (
            f"{example.kind.capitalize()} case of {case.group}, {case.rhythm}: recording {case.recording}, "
            f"{case.lead}, from {case.start / example.truth.fs_hz:.1f} s"
        )
        figure = imputation.imputed_gap(
            example.truth.around_mv,
            example.truth.fs_hz,
            example.truth.gap,
            {name: (p.written_mv, p.interval) for name, p in example.predictions.items()},
            title=title,
        )
        plots[_file(case.group, case.rhythm, example.kind)] = Plot(title, figure_png(figure))
    if report.calibration:
        figure = imputation.calibration(CALIBRATION_LEVELS, report.calibration)
        plots["calibration"] = Plot("Calibration of the prediction intervals", figure_png(figure))
    return plots
