"""The gallery: pages and notebooks that are those of the scripts."""

import ast
import json
import re

import pytest
from PIL import Image

from diffecg.errors import DiffecgError
from research.docs import gallery
from research.docs.examples import read_example, run_example
from research.repository import EXAMPLES, GALLERY

SCRIPT = '''\
# %% [markdown]
"""Draw a line.

How is a line
drawn?
"""

# %% [markdown]
# A *line* has two ends.
#
# - Both are given.

# %%
from matplotlib.figure import Figure

ends = [0, 1]
print(ends)

# %%
figure = Figure(figsize=(4, 2))
figure.subplots().plot(ends)
figure.savefig("line.png")
'''


@pytest.fixture
def line(tmp_path):
    """An example of three cells."""
    (tmp_path / "line.py").write_text(SCRIPT)
    return read_example(tmp_path / "line.py")


def test_a_script_is_read_and_run(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert (line.name, line.title, line.question) == ("line", "Draw a line", "How is a line\ndrawn?")
    assert [cell.is_code for cell in line.cells] == [False, True, True]
    assert line.cells[0].text == "A *line* has two ends.\n\n- Both are given."
    result = run_example(line)
    assert result.outputs == ["", "[0, 1]\n", ""]
    assert not (tmp_path / "line.png").exists()


def test_page_picture_and_notebook_are_written(line, tmp_path):
    pages, notebooks = tmp_path / "pages", tmp_path / "notebooks"
    gallery.write_example(line, pages, notebooks)
    page = (pages / "line.md").read_text()
    assert page.startswith("# Draw a line\n\nHow is a line\ndrawn?\n\nA *line* has two ends.\n\n- Both")
    assert "```python\nfrom matplotlib.figure import Figure\n" in page
    assert "print(ends)\n```\n\n```text\n[0, 1]\n```\n\n```python\nfigure = " in page
    for target in re.findall(r"\]\(([^)]+)\)", page + gallery.index_text([line])):
        assert (pages / target).is_file() or target.startswith("../../examples/"), target
    with (
        Image.open(pages / "images" / "line.png") as image,
        Image.open(pages / "images" / "line-small.png") as small,
    ):
        assert image.width <= gallery.WIDTH
        assert small.size == gallery.SMALL_SIZE
    notebook = json.loads((notebooks / "line.ipynb").read_text())
    sources = ["".join(cell["source"]) for cell in notebook["cells"]]
    assert sources[0] == "# Draw a line\n\nHow is a line\ndrawn?"
    assert sources[1:4] == ["%matplotlib inline", line.cells[0].text, line.cells[1].text]
    assert sources[4].endswith('figure.savefig("line.png")\nfigure')
    assert [cell["outputs"] for cell in notebook["cells"] if cell["cell_type"] == "code"] == [[], [], []]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("pages/line.md", "two ends", "three ends"),
        ("pages/line.md", "ends = [0, 1]", "ends = [0, 2]"),
        ("pages/index.md", "Draw a line", "Draw a curve"),
        ("notebooks/line.ipynb", "ends = [0, 1]", "ends = [0, 2]"),
        ("notebooks/line.ipynb", '"outputs": []', '"outputs": [1]'),
    ],
)
def test_a_page_that_is_out_of_date_is_found(line, tmp_path, file, old, new):
    pages, notebooks = tmp_path / "pages", tmp_path / "notebooks"
    gallery.write_example(line, pages, notebooks)
    (pages / "index.md").write_text(gallery.index_text([line]))
    page = (pages / "line.md").read_text()
    (pages / "line.md").write_text(
        page.replace("[0, 1]\n```", "[0, 1.0]\n```")
    )  # as another machine prints it
    gallery.check_gallery([line], pages, notebooks)
    text = (tmp_path / file).read_text()
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new))
    with pytest.raises(DiffecgError, match=r"differs from its script: python -m research gallery"):
        gallery.check_gallery([line], pages, notebooks)
    (tmp_path / file).unlink()
    with pytest.raises(DiffecgError, match="differs"):
        gallery.check_gallery([line], pages, notebooks)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\n", r"must begin with '# %% \[markdown\]' and a docstring"),
        ('"""A title."""\n\n# %%\nx = 1\n', "must begin with"),
        ("# %%\nx = 1\n", "must begin with"),
        ("# %% [markdown]\n# A title\n", "must begin with"),
    ],
)
def test_other_files_are_refused(tmp_path, text, message):
    (tmp_path / "other.py").write_text(text)
    with pytest.raises(DiffecgError, match=message):
        read_example(tmp_path / "other.py")


def test_a_script_without_a_figure_is_refused(tmp_path):
    (tmp_path / "bare.py").write_text('# %% [markdown]\n"""A title."""\n\n# %%\nfigure = 1\n')
    with pytest.raises(DiffecgError, match=r"bare.py has no figure at the end"):
        run_example(read_example(tmp_path / "bare.py"))


def test_the_gallery_is_that_of_the_scripts(research):
    status, _, error = research("gallery", "--check")
    assert status == 0, error
    status, _, error = research("gallery", "generate_bets")
    assert status == 1
    assert "unknown example generate_bets; choose among generate_beats, " in error


def test_pictures_are_there_and_small():
    for name in gallery.NAMES:
        picture = GALLERY / "images" / f"{name}.png"
        assert picture.stat().st_size < 80_000, name
        assert picture.with_name(f"{name}-small.png").is_file()


@pytest.mark.parametrize("name", gallery.NAMES)
def test_scripts_have_a_docstring_with_a_question(name):
    path = EXAMPLES / f"{name}.py"
    example = read_example(path)
    assert example.title == (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n")[0].rstrip(".")
    assert example.question.endswith("?")
    assert example.cells[-1].is_code
