"""The tables of the benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from research.benchmarks.twelve_leads.published import PUBLISHED
from research.tables import NOT_AVAILABLE, Table, format_mean, markdown

Results = Mapping[str, Sequence[dict[str, Any]]]
"""Rows of each set, as they are stored."""
REFERENCE = "real"


def report(results: Results, fold: int) -> str:
    """Return the tables of all sections: a row for each measure and label, a column for each set.

    Args:
        results: rows of each set.
        fold: fold that the sets are scored on.
    """
    sections = list(dict.fromkeys(row["section"] for rows in results.values() for row in rows))
    tables = [*(_table(results, section) for section in sections), PUBLISHED]
    return f"# Generated 12-lead records, fold {fold} of PTB-XL\n\n{markdown(tables)}"


def _table(results: Results, section: str) -> Table:
    cells: dict[tuple[str, str, str], dict[str, str]] = {}
    for name, rows in results.items():
        for row in (row for row in rows if row["section"] == section):
            line = cells.setdefault((row["measure"], row["label"], row["unit"]), {})
            line[name] = format_mean(row["values"])
            line.setdefault(REFERENCE, format_mean(row["reference"]))
    columns = (*results, REFERENCE)
    return Table(
        title=section,
        note=f"Mean ± standard deviation over seeds; {REFERENCE}: real records in their place.",
        head=("measure", "label", "unit", *columns),
        rows=[(*key, *(line.get(name, NOT_AVAILABLE) for name in columns)) for key, line in cells.items()],
    )
