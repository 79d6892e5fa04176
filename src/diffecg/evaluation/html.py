"""Reports as folders: ``report.json``, ``report.html`` that opens from disk, and ``plots/``."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from diffecg._version import __version__
from diffecg.files import new_folder

REPORT = "report.json"
"""File with the settings, the notes and the figures of a report."""
_STYLE = """
body { font: 16px/1.55 system-ui, sans-serif; color: #16213a; background: #fbfaf8; margin: 0; }
main { max-width: 1080px; margin: 0 auto; padding: 2rem 1.2rem 4rem; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; } h2 { margin: 2.6rem 0 .3rem; font-size: 1.2rem; }
img { max-width: 100%; height: auto; border: 1px solid #e6dede; border-radius: 6px; background: #fff; }
pre { background: #eef1f6; padding: .7rem 1rem; border-radius: 6px; overflow-x: auto; }
.note { border-left: 4px solid #b3261e; padding: .2rem .9rem; background: #fff3f2; }
.wide { overflow-x: auto; } .wide td:first-child { white-space: nowrap; }
@media (min-width: 1200px) { .wide { margin-inline: calc(540px - min(48vw, 900px)); } }
h3 { font-size: .95rem; margin: 1.4rem 0 .3rem; } details { margin: .8rem 0; } summary { cursor: pointer;
color: #0b63c5; } table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums;
width: 100%; } th { text-align: left; color: #5a6275; font-weight: 600; border-bottom: 2px solid #d9dce4; }
th, td { padding: .22rem .7rem .22rem 0; vertical-align: top; } td { border-bottom: 1px solid #eceef2; }
td.number, th.number { text-align: right; white-space: nowrap; } footer { margin-top: 3rem; color: #5a6275;
font-size: .9rem; }
"""


class Plot(NamedTuple):
    """A plot of a report."""

    title: str
    png: bytes


def write_report_folder(
    folder: str | Path,
    content: dict[str, Any],
    html: str,
    plots: Mapping[str, Plot],
    *,
    force: bool,
    files: Mapping[str, bytes] = MappingProxyType({}),
) -> None:
    """Write ``report.json``, ``report.html`` and ``plots/`` to a new folder, completely or not at all.

    Args:
        folder: folder to write.
        content: content of ``report.json``.
        html: content of ``report.html``.
        plots: plots by file name.
        force: replace an older report.
        files: content of further files by name.

    Raises:
        DiffecgError: the folder exists and ``force`` is False.
    """
    with new_folder(folder, force=force) as partial:
        (partial / REPORT).write_text(json.dumps(content, indent=2) + "\n")
        (partial / "report.html").write_text(html)
        for name, data in files.items():
            (partial / name).write_bytes(data)
        (partial / "plots").mkdir()
        for name, plot in plots.items():
            (partial / "plots" / f"{name}.png").write_bytes(plot.png)


def report_page(title: str, sections: Sequence[str]) -> str:
    """Return a page of HTML, signed with the version of diffecg.

    Args:
        title: title as plain text.
        sections: pieces of HTML.
    """
    return page(title, sections, f"diffecg {__version__}")


def page(title: str, sections: Sequence[str], footer: str) -> str:
    """Return a page of HTML.

    Args:
        title: title as plain text.
        sections: pieces of HTML.
        footer: footer as plain text.
    """
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{escape(title)}</h1>{''.join(sections)}<footer>{escape(footer)}</footer></main></body></html>\n"
    )


def bullet_list(texts: Sequence[str]) -> str:
    """Return plain texts as an HTML list; the empty string for no texts."""
    return f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>" if texts else ""


def picture(png: bytes, description: str) -> str:
    """Return an HTML image with its data and a description."""
    return f'<img alt="{escape(description)}" src="data:image/png;base64,{b64encode(png).decode()}">'


def plot_sections(plots: Mapping[str, Plot]) -> list[str]:
    """Return each plot under its title, as HTML."""
    return [f"<h2>{escape(plot.title)}</h2>{picture(plot.png, plot.title)}" for plot in plots.values()]


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, text_columns: Sequence[int] = (0,)) -> str:
    """Return an HTML table.

    Args:
        head: names of the columns.
        rows: cells as plain text.
        text_columns: numbers of the columns with text, aligned left; others hold numbers.
    """

    def row_html(cells: Sequence[str], tag: str) -> str:
        return "".join(
            f"<{tag}>{escape(cell)}</{tag}>"
            if column in text_columns
            else f'<{tag} class="number">{escape(cell)}</{tag}>'
            for column, cell in enumerate(cells)
        )

    body = "".join(f"<tr>{row_html(row, 'td')}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{row_html(head, "th")}</tr>{body}</table></div>'


def facts_table(facts: Mapping[str, str]) -> str:
    """Return names and values as an HTML table without a head."""
    return table(("", ""), list(facts.items()), text_columns=(0, 1))


def format_number(value: float) -> str:
    """Return a number with three decimals, or with three digits if it is ten or more."""
    size = abs(value)
    return f"{value:.3f}" if size < 10 else f"{value:.1f}" if size < 100 else f"{value:.3g}"


def format_with_spread(value: float, spread: float | None) -> str:
    """Return a number with its standard deviation over seeds."""
    return format_number(value) if spread is None else f"{format_number(value)} ± {format_number(spread)}"
