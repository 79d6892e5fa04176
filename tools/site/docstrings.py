"""An extension of Griffe: docstrings in Markdown, with links to the gallery and to the source."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import griffe

import diffecg

GALLERY = {path.stem: path.read_text() for path in (Path(__file__).parents[2] / "docs/gallery").glob("*.md")}
"""The pages of the examples, by name."""
REPOSITORY = "https://github.com/diffecg/diffecg/blob/main/src/"
PUBLIC_NAMES = {
    f"{value.__module__}.{value.__qualname__}": name
    for name, value in ((name, getattr(diffecg, name)) for name in diffecg.__all__)
    if hasattr(value, "__qualname__")
}
"""Names in ``diffecg`` by the path of what they name."""

NUMPY_SECTION = re.compile(r"(?m)^-{3,}$")
"""Underlines a heading of NumPy's style, whose examples Griffe finds by itself."""


class MarkdownDocstrings(griffe.Extension):
    """Converts the docstring of each object when it has been read."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Convert one docstring."""
        if obj.docstring:
            obj.docstring.value = to_markdown(obj.docstring.value)
            if name := PUBLIC_NAMES.get(obj.path):
                obj.docstring.value += f"\n\n{examples_of(name)}[Source]({source_of(obj)})."


def examples_of(name: str) -> str:
    """Return a sentence with links to the examples that use a public name; empty if there are none."""
    links = ", ".join(
        f"[{page.splitlines()[0].removeprefix('# ')}][example-{example}]"
        for example, page in sorted(GALLERY.items())
        if re.search(rf"\bdiffecg\.{name}\b(?!\.\w+ import)", page)
    )
    return f"Gallery: {links}. " if links else ""


def source_of(obj: griffe.Object) -> str:
    """Return the address of the lines that define an object."""
    return f"{REPOSITORY}{obj.relative_package_filepath}#L{obj.lineno}-L{obj.endlineno}"


def to_markdown(text: str) -> str:
    """Return a docstring with roles, formulas, public names and examples in Markdown."""
    text = re.sub(r"(?m)^( *)Example:$", r"\1Examples:", text)  # the section that Griffe knows
    text = re.sub(r"(?m)^( *)\.\. math::\s*\n((?:\1 {4}.*\n?|\s*\n)+)", _block, text)
    text = re.sub(r"\.\. math:: (.+)", r"$$\1$$", text)
    text = re.sub(r":math:`([^`]+)`", r"$\1$", text)
    text = re.sub(r":(?:class|func|meth|attr|data|mod|exc):`~?([^`]+)`", _name, text)
    text = re.sub(r"``([^`]+)``", r"`\1`", text)
    if NUMPY_SECTION.search(text):
        return text
    return re.sub(r"(?m)^(>>> .*(?:\n.+)*)", r"```pycon\n\1\n```", text)


def _block(match: re.Match[str]) -> str:
    """Return a displayed formula."""
    formula = " ".join(match[2].split())
    return f"{match[1]}$${formula}$$\n\n"


def _name(match: re.Match[str]) -> str:
    """Return a name as code, with a link if it is public."""
    name = match[1]
    public = name.removeprefix("diffecg.").split(".")[0] in diffecg.__all__
    return f"[`{name}`][{name}]" if name.startswith("diffecg.") and public else f"`{name}`"
