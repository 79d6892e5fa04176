"""Blocks of code in the README and the documentation."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NEEDS_DATA = "<!-- needs data -->\n"
"""Stands before a block that tests cannot run: it needs recordings, a model of the user, or hours."""


def blocks(page, language):
    """Return (text, whether it can be run, the output below it or None) of the blocks of a page."""
    pattern = rf"(?s)({re.escape(NEEDS_DATA)})?```{language}\n(.*?)```(?:\n\n```text\n(.*?)```)?"
    return [(m[2], not m[1], m[3]) for m in re.finditer(pattern, page.read_text())]


def commands(text):
    """Return the commands of a block of shell code, as lists of words, without comments."""
    lines = text.replace("\\\n", " ").splitlines()
    found = [shlex.split(line, comments=True) for line in lines]
    return [words for words in found if words]


def pages_with(language):
    """Return the pages that have blocks of a language, for pytest.mark.parametrize."""
    return [page for page in PAGES if blocks(page, language)]


def page_name(page):
    """Return the name of a page, for the name of its test."""
    return str(page.relative_to(ROOT))


BLOCK_IMPORTS = """
import sys


class Blocked:
    @staticmethod
    def find_spec(name, *_):
        if name.partition(".")[0] in ("diffecg", "torch"):
            raise ModuleNotFoundError(name)


sys.meta_path.insert(0, Blocked)
"""


def run_alone(code, folder, *arguments):
    """Run code in a folder and a process that cannot import torch and diffecg; return what it prints."""
    script = folder / "example.py"
    script.write_text(BLOCK_IMPORTS + code)
    words = [sys.executable, "-I", script, *map(str, arguments)]
    return subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True).stdout
