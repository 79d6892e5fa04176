"""Scripts of the gallery: cells of text and of code, and what they print and plot."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from contextlib import chdir, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from matplotlib.figure import Figure

from diffecg.errors import DiffecgError

FIGURE = "figure"
"""Name of the variable that holds the figure of a script."""
_MARKER = re.compile(r"^# %%( \[markdown\])?\n", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell of a script."""

    text: str
    """Code, or Markdown."""
    is_code: bool


@dataclass(frozen=True, kw_only=True)
class Example:
    """A script: its docstring, then cells."""

    name: str
    title: str
    """First line of the docstring."""
    question: str
    """The other lines of the docstring, in Markdown."""
    cells: tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class ExampleResult:
    """What a script printed and plotted."""

    outputs: Sequence[str]
    """What each of the cells printed."""
    figure: Figure


def read_example(path: Path) -> Example:
    """Read a script in the percent format of Jupytext.

    ``# %%`` begins a cell of code, ``# %% [markdown]`` a cell of Markdown in comments. The first cell is the
    docstring, whose first line is the title.

    Raises:
        DiffecgError: the script does not begin with a docstring in a cell of Markdown.
    """
    before, *parts = _MARKER.split(path.read_text())
    texts = [text.strip("\n") for text in parts[1::2]]
    if before or not parts or parts[0] is None or not texts[0].startswith('"""'):
        raise DiffecgError(f"{path} must begin with '# %% [markdown]' and a docstring of title and question")
    title, _, question = ast.literal_eval(texts[0]).partition("\n")
    cells = [
        Cell(text=text if mark is None else re.sub(r"(?m)^# ?", "", text), is_code=mark is None)
        for mark, text in zip(parts[2::2], texts[1:], strict=True)
    ]
    return Example(name=path.stem, title=title.rstrip("."), question=question.strip(), cells=tuple(cells))


def run_example(example: Example) -> ExampleResult:
    """Run the cells of a script one after the other, in a temporary folder.

    Raises:
        DiffecgError: there is no figure at the end.
    """
    variables: dict[str, Any] = {"__name__": "__main__"}
    outputs = []
    with TemporaryDirectory() as folder, chdir(folder):
        for cell in example.cells:
            with redirect_stdout(StringIO()) as printed:
                if cell.is_code:
                    exec(compile(cell.text, f"{example.name}.py", "exec", dont_inherit=True), variables)
            outputs.append(printed.getvalue())
    figure = variables.get(FIGURE)
    if not isinstance(figure, Figure):
        raise DiffecgError(f"{example.name}.py has no figure at the end; assign one to {FIGURE!r}")
    return ExampleResult(outputs=outputs, figure=figure)
