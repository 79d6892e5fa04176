"""What MkDocs adds to the pages of docs/: the help of all commands, and pages of files at the root."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from diffecg.cli.app import app

ROOT = Path(__file__).parents[2]
ROOT_PAGES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "SUPPORT.md": "support.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
}
"""Files at the root of the repository that are pages of the site, by their names there."""
COMMANDS = "reference/commands.md"
"""Page that the help of the commands is appended to."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files at the root to the pages of docs/."""
    for name, page in ROOT_PAGES.items():
        files.append(File.generated(config, page, content=root_page(ROOT / name)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Append the help of the commands; let links to files at the root lead to their pages."""
    source = page.file.src_uri
    if source == COMMANDS:
        markdown += commands_help()

    def on_site(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), match[1]))
        page_of_file = ROOT_PAGES.get(path.removeprefix("../"), "") if path.startswith("../") else ""
        if not page_of_file:
            return match[0]
        return f"]({posixpath.relpath(page_of_file, posixpath.dirname(source) or '.')}"

    return re.sub(r"\]\((\.\./[^)#]+)", on_site, markdown)


def root_page(path: Path) -> str:
    """Return the text of a file at the root with links as from docs/, and to pages of other such files."""
    text = re.sub(r"\]\(docs/", "](", path.read_text())
    return re.sub(r"\]\((\w+\.md)", lambda match: f"]({ROOT_PAGES.get(match[1], match[1])}", text)


def commands_help() -> str:
    """Return the help of all commands, below the title of their page."""
    text = app.generate_docs(output_format="markdown")
    text = re.sub(r"(?s)^.*?(?=\n## diffecg )", "", text, count=1)  # title and table of contents
    return re.sub(r"(?m)^Example: ((?:.+\n+(?=`?diffecg ))*.+)$", _example, text)


def _example(match: re.Match[str]) -> str:
    """Return the lines of an example as one block of code."""
    lines = re.sub(r"\n+", "\n", match[1].replace("`", ""))
    return f"Example:\n\n```sh\n{lines}\n```"
