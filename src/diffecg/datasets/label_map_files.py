"""Files of label maps: CSV with the columns code and label, or a JSON object."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from diffecg.datasets.labels import SEPARATOR
from diffecg.errors import DiffecgError, one_line

COLUMNS = ("code", "label")
"""Columns of a CSV file, in any order if they are named in the first line, else in this one."""
Entry = tuple[str, Any, Any]
"""Where an entry is, its code and its label."""


def read_codes(path: Path) -> dict[str, str]:
    """Return the label of each code of a label map.

    A CSV file has two columns, separated by commas, semicolons or tabs; the first line may name them. A JSON
    file holds an object of codes and labels.

    Raises:
        DiffecgError: the file cannot be read as CSV or JSON; it holds no codes, a code twice, an empty cell,
            or a label that cannot be one.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DiffecgError(
            f"the label map {path} is not a CSV or JSON file in UTF-8 ({one_line(error)})"
        ) from error
    entries = _from_json(path, text) if path.suffix.lower() == ".json" else _from_csv(path, text)
    codes = _check_entries(path, entries)
    if not codes:
        raise DiffecgError(
            f"the label map {path} is empty; it needs codes with their labels, such as V,ectopic"
        )
    return codes


def _check_entries(path: Path, entries: Iterable[Entry]) -> dict[str, str]:
    """Return the codes and labels of the entries.

    Raises:
        DiffecgError: an entry is not a code with a label, or its code has one already.
    """
    codes: dict[str, str] = {}
    for place, code, label in entries:
        if type(label) not in (str, int):
            raise DiffecgError(
                f"{path}, {place}: the label {json.dumps(label)} is neither text nor a whole number"
            )
        code, label = code.strip(), str(label).strip()
        if not (code and label):
            raise DiffecgError(f"{path}, {place}: code {code!r}, label {label!r}; both are required")
        if SEPARATOR in label or not label.isprintable():
            raise DiffecgError(
                f"{path}, {place}: the label {label!r} contains {SEPARATOR!r}, which separates labels of a "
                "window, or a control character; choose another one"
            )
        if code in codes:
            raise DiffecgError(
                f"{path}, {place}: the code {code!r} has the label {codes[code]!r} already; list each code "
                "once"
            )
        codes[code] = label
    return codes


def _from_csv(path: Path, text: str) -> Iterator[Entry]:
    """Yield the entries of a CSV file."""
    lines = text.splitlines()
    separator = max(",;\t", key=next(filter(str.strip, lines), "").count)
    reader = csv.reader(lines, delimiter=separator)
    rows = [(f"line {reader.line_num}", row) for row in reader if any(map(str.strip, row))]
    head = [cell.strip().lower() for cell in rows[0][1]] if rows else []
    has_head = not set(COLUMNS).isdisjoint(head)
    if has_head and sorted(head) != sorted(COLUMNS):
        raise DiffecgError(f"{path} has the columns {', '.join(head)}; it needs the two columns code, label")
    order = [head.index(name) for name in COLUMNS] if has_head else [0, 1]
    for place, row in rows[has_head:]:
        if len(row) != len(COLUMNS):
            raise DiffecgError(
                f"{path}, {place}: {separator.join(row)!r} has {len(row)} column(s); each line needs two, "
                "code and label, such as V,ectopic"
            )
        code, label = (row[column] for column in order)
        yield place, code, label


def _from_json(path: Path, text: str) -> Iterator[Entry]:
    """Yield the entries of a JSON file."""
    try:
        content = json.loads(text, object_pairs_hook=tuple)  # keeps codes that are listed twice
    except (ValueError, RecursionError) as error:
        raise DiffecgError(f"the label map {path} is not valid JSON ({error})") from None
    if not isinstance(content, tuple):
        raise DiffecgError(
            f'the label map {path} is not a JSON object of codes and labels, such as {{"V": "ectopic"}}'
        )
    for code, label in content:
        yield f"code {code!r}", code, label
