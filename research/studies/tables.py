"""The tables of a study, as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from diffecg.files import write_atomic

FILE = "tables.md"


@dataclass(frozen=True)
class Table:
    """Rows under a title."""

    title: str
    note: str
    """What the columns are, in sentences."""
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]


def markdown(tables: Sequence[Table]) -> str:
    """Return the tables as Markdown, each under a heading of the second level."""
    parts = []
    for table in tables:
        lines = [table.head, ("---",) * len(table.head), *table.rows]
        grid = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        parts.append(f"## {table.title}\n\n{table.note}\n\n{grid}\n")
    return "\n".join(parts)


def write_tables(tables: Sequence[Table], folder: Path, title: str, about: str) -> None:
    """Write the tables to ``tables.md`` in the study's folder."""
    write_atomic(folder / FILE, f"# {title}\n\n{about}\n\n{markdown(tables)}".encode())


def spread(values: Sequence[float], digits: int = 3) -> str:
    """Return the mean with the standard deviation (n - 1), where there is more than one value."""
    finite = [value for value in values if np.isfinite(value)]
    if not finite:
        return "–"
    mean = f"{np.mean(finite):.{digits}f}"
    return mean if len(finite) < 2 else f"{mean} ± {np.std(finite, ddof=1):.{digits}f}"


def figure(value: float | None, digits: int = 2) -> str:
    """Return a figure, a dash where there is none."""
    return "–" if value is None or not np.isfinite(value) else f"{value:.{digits}f}"
