"""Code of the README and docs: blocks of Python run, commands have valid names and options."""

import ast
import contextlib
import io
import re
import tomllib

import pytest
from docs_blocks import ROOT, blocks, commands, page_name, pages_with

import diffecg
from diffecg.cli.app import app, main
from research.__main__ import app as research

QUICKSTART = ROOT / "docs" / "quickstart.md"
GALLERY = ROOT / "docs" / "gallery"
"""Its pages are written from scripts, which tests/examples runs."""
TARGETS = set(re.findall(r"(?m)^([\w-]+):", (ROOT / "Makefile").read_text()))
EXTRAS = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])
NOT_INSTALLED = {"mlcroissant"}
"""Modules of the docs that tests do without: one of its dependencies has no wheel."""
OTHER_PROGRAMS = {"curl", "kubectl", "srun", "tensorboard"}


def parse(application, words):
    """Parse a command line without running it; the parser raises where a name or an option is wrong."""
    application.parse_args(words, exit_on_error=False, print_error=False)


def check_command(words):
    """Check one command of a block."""
    if "diffecg" in words and words[0] in ("diffecg", "torchrun", "srun", "python"):
        parse(app, words[words.index("diffecg") + 1 :])
    elif words[:3] == ["python", "-m", "research"]:
        parse(research, words[3:])
    elif words[0] == "make":
        assert {word for word in words[1:] if "=" not in word} <= TARGETS, words
    elif words[0] == "pip":
        assert words[1] == "install", words
        named = [extra for word in words[2:] for extra in re.findall(r"\[(.+)\]", word)]
        assert {extra for text in named for extra in text.split(",")} <= EXTRAS, words
    else:
        assert words[0] in OTHER_PROGRAMS or re.match(r"\w+=", words[0]), words


@pytest.mark.parametrize("page", pages_with("sh"), ids=page_name)
def test_commands_of_the_docs_are_valid(page):
    for text, _, _ in blocks(page, "sh"):
        for words in commands(text):
            check_command(words)


@pytest.mark.parametrize(
    "wrong",
    [
        "diffecg generat x --out y",
        "diffecg impute x --gaps 1:2 --out y",
        "make everything",
        "pip install '.[all]'",
    ],
)
def test_a_wrong_command_is_found(wrong):
    (words,) = commands(wrong)
    with pytest.raises(Exception):  # noqa: B017, PT011 - each program has its own
        check_command(words)


@pytest.mark.parametrize(
    "page",
    [page for page in pages_with("python") if page != QUICKSTART and GALLERY not in page.parents],
    ids=page_name,
)
def test_python_of_the_docs_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for text, can_run, shown in blocks(page, "python"):
        if can_run:
            assert run_python(text, page, names) == shown or shown is None
        else:
            check_names(text, page)


def run_python(text, page, names):
    """Run a block after those before it, and return what it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(text, page_name(page), "exec"), names)
    return printed.getvalue()


def check_names(text, page):
    """Run the imports of a block and check the names of diffecg that it uses."""
    tree = ast.parse(text, page_name(page))
    imports = [
        node
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        and not NOT_INSTALLED & {alias.name for alias in node.names}
    ]
    exec(compile(ast.Module(body=imports, type_ignores=[]), page_name(page), "exec"), {})
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "diffecg"
        ):
            assert node.attr in diffecg.__all__, node.attr


def test_the_five_minute_start_shows_what_its_commands_and_code_print(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    names = {}
    for language, text, shown in re.findall(
        r"(?s)```(sh|python)\n(.*?)```(?:\n\n```text\n(.*?)```)?", QUICKSTART.read_text()
    ):
        if language == "python":
            printed = run_python(text, QUICKSTART, names)
        else:
            for words in commands(text):
                assert words[0] == "diffecg"
                main(words[1:])
            printed = capsys.readouterr().out
        assert not shown or printed.endswith(shown)
    for written in (
        "v.npz",
        "bigeminy/rhythm.pdf",
        "imputed/gap-001.png",
        "forecast/forecast.csv",
        "sheet.pdf",
    ):
        assert (tmp_path / written).is_file(), written


def test_public_names_are_in_the_reference_with_an_example():
    reference = {path.name: path.read_text() for path in (ROOT / "docs" / "reference" / "api").glob("*.md")}
    documented = [
        name for text in reference.values() for name in re.findall(r"(?m)^::: diffecg\.(\w+)$", text)
    ]
    public = set(diffecg.__all__) - {"__version__"}
    assert sorted(documented) == sorted(public)
    for name in public:
        assert f"[diffecg.{name}]" in reference["index.md"], name
        assert ">>>" in getattr(diffecg, name).__doc__, name
