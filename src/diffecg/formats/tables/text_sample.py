"""One pass over a text table: its first lines, and some lines of all the rest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from diffecg.errors import DiffecgError
from diffecg.formats.tables.text_files import detect_encoding, open_text

COMMENTS = ("#", "%", "//")
"""Beginnings of lines that are comments."""

_HEAD_LINES = 2000
_EXCEL = "sep="
"""Beginning of a line in which Excel states the separator."""
_BODY_LINES = 5_000
"""Largest number of lines that are kept as a sample of the whole file."""
_MAX_LINE = 1_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class TextSample:
    """Lines of a text table, numbered from 0.

    Attributes:
        encoding: encoding of the file.
        lines: the first lines.
        body: evenly spaced lines of the whole file that are neither empty nor comments.
        comments: numbers of the lines that are comments.
        blank: numbers of the lines that are empty or hold only spaces.
        count: number of lines.
        has_open_quotes: whether a quotation mark is left open at the end of a line.
    """

    encoding: str
    lines: list[str]
    body: list[str]
    comments: list[int]
    blank: list[int]
    count: int
    has_open_quotes: bool


def is_comment(line: str) -> bool:
    """Return whether a line is a comment."""
    return line.lstrip(" \t\"'").startswith(COMMENTS) or line.lower().startswith(_EXCEL)


def sample_text(path: Path) -> TextSample:
    """Read a text table once and return what its layout is found from.

    Raises:
        DiffecgError: a line is too long to be a row of a table.
    """
    encoding = detect_encoding(path)
    lines: list[str] = []
    body: list[str] = []
    comments: list[int] = []
    blank: list[int] = []
    has_open_quotes, number, stride = False, -1, 1
    with open_text(path, "r", encoding) as stream:
        for number, line in enumerate(stream):
            if len(line) > _MAX_LINE:
                raise DiffecgError(
                    f"{path}, row {number + 1}: {len(line):,} characters are not a row of samples; write "
                    "one row for each sample, with one column for each channel"
                )
            text = line.rstrip("\n")
            if number < _HEAD_LINES:
                lines.append(text)
            if not text.strip():
                blank.append(number)
            elif is_comment(text):
                comments.append(number)
            elif number % stride == 0:
                body.append(text)
                if len(body) > _BODY_LINES:
                    body, stride = body[::2], 2 * stride
            has_open_quotes = has_open_quotes or text.count('"') % 2 > 0
    return TextSample(
        encoding=encoding,
        lines=lines,
        body=body,
        comments=comments,
        blank=blank,
        count=number + 1,
        has_open_quotes=has_open_quotes,
    )
