"""``python -m research gallery``: pages, pictures and notebooks of the scripts in ``examples/``."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from matplotlib.figure import Figure
from PIL import Image, ImageOps

from diffecg.errors import DiffecgError
from diffecg.plotting.signals import DPI
from research.docs.examples import FIGURE, Cell, Example, read_example, run_example
from research.repository import EXAMPLES, GALLERY

NAMES = (
    "generate_beats",
    "impute_gap",
    "forecast_second",
    "denoise",
    "compose_recording",
    "twelve_leads",
    "reconstruct_leads",
    "lost_pressure_line",
    "augment_pipeline",
    "evaluate_generator",
)
"""Scripts in the order of the gallery."""
NOTEBOOKS = "notebooks"
"""Folder of the notebooks, beside the scripts."""
IMAGES = "images"
"""Folder of the pictures, beside the pages."""
WIDTH, SMALL_SIZE, COLOURS = 1000, (400, 200), 256
"""Largest width of a picture, size of a small one, and number of colours."""
COMMAND = "python -m research gallery"
INTRODUCTION = """\
# Gallery

Ten questions, each answered by a short script with a picture at the end. They run in seconds on a CPU, with
models that come with the package and without downloads: `python examples/generate_beats.py` in a clone.
Each page ends with links to its script and its notebook.

"""


def gallery(
    *names: Annotated[str, Parameter(help="Scripts to run, by name; default: all.")],
    check: Annotated[bool, Parameter(help="Only compare text and code; run and change nothing.")] = False,
) -> None:
    """Run the scripts in examples/, and write the gallery in docs/gallery and the notebooks.

    Example: python -m research gallery generate_beats impute_gap

    Raises:
        DiffecgError: an unknown name; with --check, a page or notebook differs from its script.
    """
    if unknown := sorted(set(names) - set(NAMES)):
        raise DiffecgError(f"unknown example {', '.join(unknown)}; choose among {', '.join(NAMES)}")
    examples = [read_example(EXAMPLES / f"{name}.py") for name in NAMES]
    if check:
        check_gallery(examples, GALLERY, EXAMPLES / NOTEBOOKS)
        return
    for example in examples:
        if example.name in names or not names:
            write_example(example, GALLERY, EXAMPLES / NOTEBOOKS)
    (GALLERY / "index.md").write_text(index_text(examples))


def write_example(example: Example, pages: Path, notebooks: Path) -> None:
    """Run an example, and write its page, its picture in two sizes, and its notebook."""
    result = run_example(example)
    for folder in (pages / IMAGES, notebooks):
        folder.mkdir(parents=True, exist_ok=True)
    (pages / f"{example.name}.md").write_text(page_text(example, result.outputs))
    save_pictures(result.figure, pages / IMAGES / f"{example.name}.png")
    (notebooks / f"{example.name}.ipynb").write_text(notebook_text(example))


def check_gallery(examples: Sequence[Example], pages: Path, notebooks: Path) -> None:
    """Check that text and code of all pages and notebooks are those of the scripts.

    Raises:
        DiffecgError: they are not.
    """
    expected = {pages / "index.md": index_text(examples)}
    for example in examples:
        expected[pages / f"{example.name}.md"] = without_outputs(page_text(example))
        expected[notebooks / f"{example.name}.ipynb"] = notebook_text(example)
    for path, text in expected.items():
        written = path.read_text() if path.is_file() else ""
        if (without_outputs(written) if path.suffix == ".md" else written) != text:
            raise DiffecgError(f"{path.name} differs from its script: {COMMAND}")


def index_text(examples: Sequence[Example]) -> str:
    """Return the page that shows all examples by a small picture and their question."""
    cards = "\n".join(card_text(example) for example in examples)
    return f'{INTRODUCTION}<div class="gallery" markdown>\n\n{cards}\n</div>\n'


def card_text(example: Example) -> str:
    """Return the item of an example in the list of all: its small picture, title and question."""
    paragraphs = (
        f"[![{picture_name(example)}]({IMAGES}/{example.name}-small.png)]({example.name}.md)",
        f"[{example.title}]({example.name}.md)",
        " ".join(example.question.split()),
    )
    return "- " + "\n\n    ".join(paragraphs) + "\n"


def page_text(example: Example, outputs: Sequence[str] = ()) -> str:
    """Return the page of an example: its text and code, with what each cell printed, and its picture."""
    parts = [f"# {example.title}", example.question]
    for number, cell in enumerate(example.cells):
        parts.append(_block("python", cell.text) if cell.is_code else cell.text)
        if outputs and outputs[number]:
            parts.append(_block("text", outputs[number].rstrip("\n")))
    parts.append(f"![{picture_name(example)}]({IMAGES}/{example.name}.png)")
    parts.append(
        f"Download: [script](../../examples/{example.name}.py), "
        f"[notebook](../../examples/{NOTEBOOKS}/{example.name}.ipynb). Written by `{COMMAND}`."
    )
    return "\n\n".join(parts) + "\n"


def picture_name(example: Example) -> str:
    """Return the text in place of the picture of an example."""
    return f"Figure of the example: {example.title[0].lower()}{example.title[1:]}"


def without_outputs(page: str) -> str:
    """Return a page without what the cells printed, which may differ from machine to machine."""
    return re.sub(r"```text\n.*?\n```\n\n", "", page, flags=re.DOTALL)


def notebook_text(example: Example) -> str:
    """Return the notebook of an example, in version 4.5 of Jupyter's format, without outputs.

    It shows the figure, which the script only saves.
    """
    last = example.cells[-1]
    cells = [
        Cell(text=f"# {example.title}\n\n{example.question}", is_code=False),
        Cell(text="%matplotlib inline", is_code=True),
        *example.cells[:-1],
        Cell(text=f"{last.text}\n{FIGURE}", is_code=True),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {
        "cells": [_notebook_cell(number, cell) for number, cell in enumerate(cells)],
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


def _notebook_cell(number: int, cell: Cell) -> dict[str, Any]:
    of_code: dict[str, Any] = {"execution_count": None, "outputs": []} if cell.is_code else {}
    return {
        "cell_type": "code" if cell.is_code else "markdown",
        "id": f"cell-{number}",
        "metadata": {},
        **of_code,
        "source": cell.text.splitlines(keepends=True),
    }


def save_pictures(figure: Figure, path: Path) -> None:
    """Write a figure as a PNG file of at most :data:`WIDTH`, and beside it its middle, ``NAME-small.png``.

    It is drawn at its size, since resizing blurs the grid, and has a palette, so that files are small.
    """
    drawn = BytesIO()
    figure.savefig(drawn, dpi=min(DPI, WIDTH / figure.get_figwidth()))
    with Image.open(drawn) as image:
        picture = image.convert("RGB")
    small = ImageOps.fit(picture, SMALL_SIZE)
    for one, name in ((picture, path.name), (small, f"{path.stem}-small.png")):
        one.quantize(COLOURS, dither=Image.Dither.NONE).save(path.with_name(name), optimize=True)


def _block(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"
