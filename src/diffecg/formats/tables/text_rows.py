"""Rows of text tables with some cells replaced, all other characters unchanged."""

from __future__ import annotations

import re
from functools import cache

from diffecg.formats.tables.separators import WHITESPACE


@cache
def _cell_pattern(separator: str) -> re.Pattern[str]:
    """Return a pattern of the cells of a row."""
    if not separator:
        return re.compile(r"(?s).*")
    if separator == WHITESPACE:
        return re.compile(r"\S+")
    other = rf"[^{re.escape(separator)}]*"
    return re.compile(rf"(?s)(?:(?<=^)|(?<={re.escape(separator)}))(?:\s*\"(?:[^\"]|\"\")*\"{other}|{other})")


def raw_cells(line: str, separator: str) -> list[str]:
    """Return the cells of a row with quotation marks and spaces around them; separators lie between them."""
    if '"' not in line and separator not in ("", WHITESPACE):
        return line.split(separator)
    return [match[0] for match in _cell_pattern(separator).finditer(line)] if separator else [line]


def replace_cells(line: str, separator: str, texts: dict[int, str]) -> str:
    """Return a row with some cells replaced, by column; quotation marks and widths are kept.

    Args:
        line: the row, without line end.
        separator: its separator.
        texts: new text of each column that is replaced.
    """
    if separator == WHITESPACE:
        return _replace_words(line, texts)
    cells = raw_cells(line, separator)
    cells += [""] * (max(texts) + 1 - len(cells))
    for column, text in texts.items():
        cells[column] = _dressed(cells[column], text, separator)
    return separator.join(cells)


def _replace_words(line: str, texts: dict[int, str]) -> str:
    """Return a row with some of its words replaced; numbers keep their right edge if there is room."""
    parts, end = [], 0
    for column, match in enumerate(re.finditer(r"\s*\S+", line)):
        cell = match[0]
        if column in texts:
            text = texts[column]
            room = len(cell) - (1 if match.start() else 0)
            cell = text.rjust(room) if match.start() == 0 else f"{cell[0]}{text.rjust(room)}"
        parts.append(cell)
        end = match.end()
    missing = [texts.get(column, "NaN") for column in range(len(parts), max(texts) + 1)]
    return "".join(parts) + "".join(f" {text}" for text in missing) + line[end:]


def _dressed(cell: str, text: str, separator: str) -> str:
    """Return a text with the quotation marks and, as far as it fits, the width of the cell it replaces."""
    body = cell.strip()
    quoted = len(body) > 1 and body[0] == body[-1] and body[0] in "\"'"
    text = f"{body[0]}{text}{body[0]}" if quoted else f'"{text}"' if separator and separator in text else text
    if cell[:1].isspace():
        return text.rjust(len(cell.rstrip())) + cell[len(cell.rstrip()) :]
    return text + cell[len(cell.rstrip()) :]
