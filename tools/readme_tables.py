"""Write the README's tables of results from docs/reports; with --check only tell whether they are those.

python tools/readme_tables.py
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

from diffecg.evaluation.generation.html import number

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
FIDELITY = {
    "sliced Wasserstein, time": "sliced Wasserstein, mV",
    "Fréchet, encoder": "Fréchet, encoder",
    "precision": "precision",
    "coverage": "coverage",
}
CLASSIFIERS = ("residual CNN", "recurrent", "boosted features + RR")
METHODS = ("mitbih-strip", "best matches", "mean beat", "previous beat", "PCHIP", "straight line")


def main() -> None:
    """Fill the tables, or compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    text = README.read_text()
    filled = fill(text)
    if not options.check:
        README.write_text(filled)
    elif filled != text:
        raise SystemExit("the README's tables are not those of docs/reports: python tools/readme_tables.py")


def fill(text: str) -> str:
    """Return the README with the tables of the reports between its marks."""
    reports = ROOT / "docs" / "reports"
    beats = read(reports / "mitbih-beat" / "mitbih-beat.json")
    tasks = read(reports / "mitbih-strip" / "tasks.json")
    for name, table in {
        "beats": beat_table(beats),
        "utility": utility_table(beats),
        "strips": strip_table(tasks),
    }.items():
        text = re.sub(
            rf"(<!-- {name} -->\n).*?(<!-- end -->)", lambda m, t=table: m[1] + t + m[2], text, flags=re.S
        )
    return text


def beat_table(report: dict[str, Any]) -> str:
    """Return fidelity by class: value / floor / baseline."""
    rows = {(row["metric"], row["label"]): row for row in report["rows"]}
    lines = [["", *FIDELITY.values()]]
    lines += [[label, *(triple(rows[metric, label]) for metric in FIDELITY)] for label in "NSVF"]
    return markdown(lines)


def utility_table(report: dict[str, Any]) -> str:
    """Return macro-F1 of classifiers tested on DS2, by what they were trained on."""
    rows = {row["metric"]: row for row in report["rows"] if row["label"] == "all"}
    lines = [["macro-F1 on DS2, trained on", "real", "generated", "both", "mean beats"]]
    for name in CLASSIFIERS:
        made, both = rows[f"TSTR, {name}, macro-F1"], rows[f"TS+RTR, {name}, macro-F1"]
        values = (made["floor"], made["value"], both["value"], made["baseline"])
        lines.append([name, *(f"{value:.3f}" for value in values)])
    return markdown(lines)


def strip_table(report: dict[str, Any]) -> str:
    """Return RMSE / CRPS by what is hidden and method."""
    found: dict[str, dict[tuple[str, str], float]] = {}
    for row in report["rows"]:
        found.setdefault(row["group"], {})[row["method"], row["metric"]] = row["value"]
    lines = [["hidden", *METHODS, "90 % band holds"]]
    for group, values in found.items():
        pairs = [
            f"{values[method, 'RMSE, mean of draws']:.3f} / {values[method, 'CRPS']:.3f}"
            for method in METHODS
        ]
        lines.append([group, *pairs, f"{100 * values[METHODS[0], '90 % band holds']:.0f} %"])
    return markdown(lines)


def triple(row: dict[str, Any]) -> str:
    """Return value / floor / baseline."""
    return " / ".join(number(row[name]) for name in ("value", "floor", "baseline"))


def markdown(lines: list[list[str]]) -> str:
    """Return a table, its first line the head."""
    head, *body = lines
    return "".join(f"| {' | '.join(line)} |\n" for line in (head, ["---"] * len(head), *body))


def read(path: Path) -> dict[str, Any]:
    """Return a report."""
    report: dict[str, Any] = json.loads(path.read_text())
    return report


if __name__ == "__main__":
    main()
