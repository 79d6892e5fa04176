"""``python -m research results-page``: the tables of results in the README and docs, from docs/reports."""

from __future__ import annotations

import re
from typing import Annotated, Any

from cyclopts import Parameter

from diffecg.errors import DiffecgError
from diffecg.evaluation.html import format_number
from diffecg.evaluation.imputation.html import estimate_text
from diffecg.evaluation.imputation.summary import ALL, ONE_LEAD, OTHER_LEADS, Estimate, MethodScores
from diffecg.files import read_json
from research.docs.summary_table import summary_table
from research.repository import README, REPORTS, RESULTS
from research.tables import markdown_table

FIDELITY = {
    "sliced Wasserstein, time": "sliced Wasserstein, mV",
    "Fréchet, encoder": "Fréchet, encoder",
    "precision": "precision",
    "coverage": "coverage",
}
"""Metrics of the table of fidelity, and their headings."""
CLASSIFIERS = ("residual CNN", "recurrent", "boosted features + RR")
METHODS = {
    ONE_LEAD: ("mitbih-strip", "16 analogues, 60 s", "16 analogues, 30 min", "local regression"),
    OTHER_LEADS: ("mitbih-strip", "16 analogues, 30 min"),
}
"""Columns of the table of gaps; those with other leads are empty for forecasts."""
COVERAGE = "90 % interval coverage"


def results_page(*, check: Annotated[bool, Parameter(help="Only compare; change nothing.")] = False) -> None:
    """Fill the tables of results in the README and in docs/benchmarks from the reports in docs/reports.

    Example: python -m research results-page --check

    Raises:
        DiffecgError: with --check, the tables differ from the reports.
    """
    for page in (README, RESULTS):
        text = page.read_text()
        filled = fill(text)
        if not check:
            page.write_text(filled)
        elif filled != text:
            raise DiffecgError(
                f"the tables of {page.name} differ from docs/reports: python -m research results-page"
            )


def fill(text: str) -> str:
    """Return a page with the tables between its markers replaced."""
    beats = read_json(REPORTS / "mitbih-beat" / "mitbih-beat.json")["rows"]
    tasks = read_json(REPORTS / "mitbih-strip" / "tasks.json")["rows"]
    monitors = read_json(REPORTS / "icu-strip" / "monitors.json")["gap_rows"]
    leads = read_json(REPORTS / "ptbxl-beat" / "generation.json")["measures"]
    tables = {
        "summary": summary_table(beats, tasks, monitors, leads),
        "beats": fidelity_table(beats),
        "utility": utility_table(beats),
        "gaps": task_table(tasks),
    }

    def replaced(match: re.Match[str]) -> str:
        return f"{match[1]}{tables[match[2]]}{match[3]}"

    pattern = rf"(<!-- ({'|'.join(tables)}) -->\n).*?(<!-- end -->)"
    return re.sub(pattern, replaced, text, flags=re.DOTALL)


def fidelity_table(rows: list[dict[str, Any]]) -> str:
    """Return value / reference / baseline of each metric and class."""
    by_key = {(row["metric"], row["label"]): row for row in rows}
    lines = [[label, *(_triple(by_key[metric, label]) for metric in FIDELITY)] for label in "NSVF"]
    return markdown_table(["", *FIDELITY.values()], lines)


def utility_table(rows: list[dict[str, Any]]) -> str:
    """Return macro-F1 on DS2 of classifiers, by training set."""
    by_metric = {row["metric"]: row for row in rows if row["label"] == "all"}
    lines = []
    for name in CLASSIFIERS:
        alone, added = by_metric[f"TSTR, {name}, macro-F1"], by_metric[f"TS+RTR, {name}, macro-F1"]
        scores = (alone["reference"], alone["value"], added["value"], alone["baseline"])
        lines.append([name, *(f"{score:.3f}" for score in scores)])
    return markdown_table(["macro-F1 on DS2, trained on", "real", "generated", "both", "mean beats"], lines)


def task_table(rows: list[dict[str, Any]]) -> str:
    """Return RMSE / CRPS of each gap and method, and the interval coverage of the model in one lead."""
    by_group: dict[str, dict[tuple[str, str], dict[str, Estimate]]] = {}
    for row in map(MethodScores.from_dict, rows):
        if row.rhythm == ALL:
            by_group.setdefault(row.group, {})[row.leads, row.method] = row.metrics
    columns = [(leads, name) for leads, names in METHODS.items() for name in names]
    lines = []
    for group, metrics in by_group.items():
        errors = [_errors(metrics.get(column)) for column in columns]
        lines.append([group, *errors, f"{100 * (metrics[columns[0]][COVERAGE].value or 0):.0f} %"])
    heads = [name if leads == ONE_LEAD else f"{name}, other lead" for leads, name in columns]
    return markdown_table(["hidden", *heads, COVERAGE], lines)


def _errors(metrics: dict[str, Estimate] | None) -> str:
    return "–" if metrics is None else f"{_value(metrics['RMSE'])} / {_value(metrics['CRPS'])}"


def _value(estimate: Estimate) -> str:
    return estimate_text(estimate, intervals=False)


def _triple(row: dict[str, Any]) -> str:
    return " / ".join(format_number(row[name]) for name in ("value", "reference", "baseline"))
