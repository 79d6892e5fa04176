"""Tables whose numbers keep their units, and pictures that open in full size and scroll on phones."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.structure.pages import Page
from PIL import Image

DOCS = Path(__file__).parents[2] / "docs"
WIDE = 1.5
"""Ratio of width to height from which a picture scrolls on a phone, where it would be too small to read."""
CELL = re.compile(r"(?s)<td.*?</td>")
INSEPARABLE = re.compile(
    r" (?=±)|(?<=±) |(?<=\d) (?=(?:s|ms|mV|mmHg|Hz|dB)\b|%|/ )|(?<=\d /) |(?<=\bp) (?==)|(?<=\bp =) "
)
PICTURE = re.compile(r'(?<!">)<img alt="[^"]*" src="([^":]+)"[^>]*>')
"""A picture of Markdown that is not in a link."""
WRITTEN_IN_HTML = re.compile(r'(<img [^>]*src=")(?=\.\./)')


def on_page_markdown(markdown: str, *, page: Page, **_: object) -> str:
    """Let pictures that are written in HTML lead where they lead in the repository."""
    return markdown if page.is_index else WRITTEN_IN_HTML.sub(r"\1../", markdown)


def on_page_content(html: str, *, page: Page, **_: object) -> str:
    """Keep numbers and units of tables in one line, empty corners out of headings; link pictures."""
    html = html.replace("<th></th>", "<td></td>")
    html = CELL.sub(lambda cell: keep_together(cell[0]), html)
    return PICTURE.sub(lambda picture: linked(picture[0], picture[1], page.url), html)


def keep_together(cell: str) -> str:
    """Return a cell of a table in which no line ends before a unit, around ± or within ``p = 0.01``."""
    return INSEPARABLE.sub("\N{NO-BREAK SPACE}", cell)


def linked(picture: str, source: str, url: str) -> str:
    """Return the HTML of a picture on the page of this URL as a link to the picture alone."""
    with Image.open(DOCS / posixpath.normpath(posixpath.join(url, source))) as image:
        wide = " wide" if image.width > WIDE * image.height else ""
    return f'<a class="picture{wide}" href="{source}">{picture}</a>'
