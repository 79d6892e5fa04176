"""A report's folder: its figures as JSON, its plots, and a page of HTML that opens from disk."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from diffecg.files import new_directory

_STYLE = """
body { font: 16px/1.55 system-ui, sans-serif; color: #16213a; background: #fbfaf8; margin: 0; }
main { max-width: 1080px; margin: 0 auto; padding: 2rem 1.2rem 4rem; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; } h2 { margin: 2.6rem 0 .3rem; font-size: 1.2rem; }
img { max-width: 100%; height: auto; border: 1px solid #e6dede; border-radius: 6px; background: #fff; }
pre { background: #eef1f6; padding: .7rem 1rem; border-radius: 6px; overflow-x: auto; }
.note { border-left: 4px solid #b3261e; padding: .2rem .9rem; background: #fff3f2; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums; width: 100%; }
th { text-align: left; color: #5a6275; font-weight: 600; border-bottom: 2px solid #d9dce4; }
th, td { padding: .22rem .7rem .22rem 0; vertical-align: top; } td { border-bottom: 1px solid #eceef2; }
td.number, th.number { text-align: right; white-space: nowrap; }
footer { margin-top: 3rem; color: #5a6275; font-size: .9rem; }
"""


def write_folder(
    folder: str | Path, figures: dict[str, Any], html: str, plots: Mapping[str, bytes], *, force: bool
) -> None:
    """Write ``report.json``, ``report.html`` and ``plots/`` to a new folder, whole or not at all.

    Args:
        folder: to write.
        figures: for machines.
        html: for people.
        plots: PNG files by name.
        force: replace an older report.

    Raises:
        DiffecgError: the folder exists and ``force`` is not given.
    """
    with new_directory(folder, force=force) as partial:
        (partial / "report.json").write_text(json.dumps(figures, indent=2) + "\n")
        (partial / "report.html").write_text(html)
        (partial / "plots").mkdir()
        for name, png in plots.items():
            (partial / "plots" / f"{name}.png").write_bytes(png)


def page(title: str, parts: Sequence[str], footer: str) -> str:
    """Return a page.

    Args:
        title: of the page, as plain text.
        parts: pieces of HTML.
        footer: plain text.
    """
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{escape(title)}</h1>{''.join(parts)}<footer>{escape(footer)}</footer></main></body></html>\n"
    )


def items(texts: Sequence[str]) -> str:
    """Return a list of plain texts as HTML; nothing for none."""
    return f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>" if texts else ""


def picture(png: bytes, words: str) -> str:
    """Return a picture with its description, as HTML."""
    return f'<img alt="{escape(words)}" src="data:image/png;base64,{b64encode(png).decode()}">'


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, words: int = 1) -> str:
    """Return a table as HTML.

    Args:
        head: names of the columns.
        rows: cells, as plain text.
        words: number of leading columns that hold words, the others hold numbers.
    """

    def cells(row: Sequence[str], tag: str) -> str:
        kinds = ["" if i < words or i >= len(head) - 1 else ' class="number"' for i in range(len(row))]
        return "".join(f"<{tag}{k}>{escape(c)}</{tag}>" for k, c in zip(kinds, row, strict=True))

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{cells(head, "th")}</tr>{body}</table></div>'
