"""Pages that MkDocs builds from the code and from files at the root: commands, changelog and others."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from diffecg.cli.app import app

ROOT = Path(__file__).parents[2]
ROOT_PAGES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
}
"""Files at the root of the repository that are pages of the site, by their names there."""
COMMANDS = "reference/commands.md"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages to those of docs/."""
    pages = {page: root_page(ROOT / name) for name, page in ROOT_PAGES.items()}
    pages[COMMANDS] = commands_page()
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, *, page: object, config: MkDocsConfig, files: Files) -> str:
    """Let links to files at the root, such as ``../../CHANGELOG.md``, lead to their pages."""
    source = page.file.src_uri  # type: ignore[attr-defined]

    def on_site(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), match[1]))
        page_of_file = ROOT_PAGES.get(path.removeprefix("../"), "") if path.startswith("../") else ""
        if not page_of_file:
            return match[0]
        return f"]({posixpath.relpath(page_of_file, posixpath.dirname(source) or '.')}"

    return re.sub(r"\]\((\.\./[^)#]+)", on_site, markdown)


def root_page(path: Path) -> str:
    """Return the text of a file at the root with links as from docs/."""
    return re.sub(r"\]\(docs/", "](", path.read_text())


def commands_page() -> str:
    """Return the help of all commands as one page."""
    text = app.generate_docs(output_format="markdown")
    text = re.sub(r"(?s)## Table of Contents\n.*?(?=\n\*\*Commands\*\*)", "", text, count=1)
    text = text.replace(
        "# diffecg\n", "# Commands\n\nThe help of every command, as `diffecg COMMAND --help` prints it.\n", 1
    )
    return re.sub(r"(?m)^Example: ((?:.+\n+(?=diffecg ))*.+)$", _example, text)


def _example(match: re.Match[str]) -> str:
    """Return the lines of an example as one block of code."""
    return "Example:\n\n```sh\n" + re.sub(r"\n+", "\n", match[1]) + "\n```"
