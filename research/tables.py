"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

NOT_AVAILABLE = "–"


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under a title."""

    title: str
    note: str
    """Definition of the columns, in sentences."""
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]

    def records(self) -> list[dict[str, str]]:
        """Return each row as a dictionary from column to cell."""
        return [dict(zip(self.head, row, strict=True)) for row in self.rows]


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table without a heading."""
    return "".join(f"| {' | '.join(line)} |\n" for line in (head, ["---"] * len(head), *rows))


def markdown(tables: Sequence[Table]) -> str:
    """Return tables in Markdown, each under a heading of the second level."""
    return "\n".join(f"## {t.title}\n\n{t.note}\n\n{markdown_table(t.head, t.rows)}" for t in tables)


def format_number(value: float | None, digits: int = 2) -> str:
    """Return a number with fixed decimals, or a dash for a missing one."""
    return NOT_AVAILABLE if value is None or not np.isfinite(value) else f"{value:.{digits}f}"


def format_mean(values: Sequence[float], digits: int = 3) -> str:
    """Return the mean of the finite values ± their standard deviation (n - 1)."""
    finite = [value for value in values if np.isfinite(value)]
    if len(finite) < 2:
        return format_number(finite[0] if finite else None, digits)
    return f"{np.mean(finite):.{digits}f} ± {np.std(finite, ddof=1):.{digits}f}"
