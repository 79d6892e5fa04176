"""Formulas of the pages as MathML, which browsers render without JavaScript or fonts from elsewhere."""

from __future__ import annotations

import re
from html import unescape

from latex2mathml.converter import convert


def on_page_content(html: str, **_: object) -> str:
    """Replace the formulas that pymdownx.arithmatex has marked."""
    html = re.sub(r'(?s)<span class="arithmatex">\\\((.*?)\\\)</span>', _inline, html)
    return re.sub(r'(?s)<div class="arithmatex">\\\[(.*?)\\\]</div>', _block, html)


def _inline(match: re.Match[str]) -> str:
    return str(convert(unescape(match[1])))


def _block(match: re.Match[str]) -> str:
    formula = convert(unescape(match[1]).strip(), display="block")
    return f'<div class="formula" tabindex="0">{formula}</div>'
