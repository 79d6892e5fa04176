"""What MkDocs adds to docs/: the help of all commands, files at the root as pages, examples to download."""

from __future__ import annotations

import posixpath
import re
import sys
from pathlib import Path
from unittest.mock import patch

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

import diffecg
from diffecg.cli.app import app

ROOT = Path(__file__).parents[2]
ROOT_PAGES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "SUPPORT.md": "support.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
    "CITATION.cff": "CITATION.cff",
}
"""Files at the root of the repository that the site has as well, with their names on it."""
COMMANDS = "reference/commands.md"
"""Page that the help of the commands is appended to."""
EXAMPLES = "examples"
"""Folder at the root whose scripts and notebooks the pages of the gallery link to."""
DOWNLOADS = "gallery/downloads"
"""Folder of the site that they are copied to."""
COMMAND_IN_A_SENTENCE = re.compile(r"(?<=[a-z]:)\s(diffecg [^`]+?)(?=\. [A-Z]|\.?\n\n)")
"""A command after a colon, up to the end of the sentence."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files at the root, and the examples as files to download."""
    for name, page in ROOT_PAGES.items():
        file = File.generated(config, page, content=root_page(ROOT / name))
        file.edit_uri = f"../{name}"
        files.append(file)
    for path in sorted((ROOT / EXAMPLES).rglob("*.*")):
        if path.suffix in (".py", ".ipynb"):
            files.append(File.generated(config, f"{DOWNLOADS}/{path.name}", content=path.read_bytes()))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Append the help of the commands; let links to files at the root lead to their copies on the site."""
    source = page.file.src_uri
    if source == COMMANDS:
        markdown += commands_help()
    if source.startswith("gallery/") and not page.is_index:
        title, text = markdown.split("\n", 1)
        markdown = f"{title} {{ #example-{page.file.name} }}\n{text}{reference_links(text)}"

    def on_site(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), match[1]))
        copy = copy_on_site(path.removeprefix("../")) if path.startswith("../") else ""
        if not copy:
            return match[0]
        return f"]({posixpath.relpath(copy, posixpath.dirname(source) or '.')}"

    return re.sub(r"\]\((\.\./[^)#]+)", on_site, markdown)


def copy_on_site(path: str) -> str:
    """Return where the site has a file of the repository, or an empty text if it has none."""
    if path.startswith(f"{EXAMPLES}/"):
        return f"{DOWNLOADS}/{posixpath.basename(path)}"
    return ROOT_PAGES.get(path, "")


def root_page(path: Path) -> str:
    """Return the text of a file at the root with links as from docs/, and to pages of other such files."""
    text = re.sub(r"\]\(docs/", "](", path.read_text())
    return re.sub(r"\]\((\w+\.md)", lambda match: f"]({ROOT_PAGES.get(match[1], match[1])}", text)


def reference_links(markdown: str) -> str:
    """Return a sentence with links to the public names that a page uses; empty if there are none."""
    used = set(re.findall(r"\bdiffecg\.(\w+)", markdown)) & set(diffecg.__all__)
    links = ", ".join(f"[`diffecg.{name}`][diffecg.{name}]" for name in sorted(used))
    return f"\nReference: {links}.\n" if links else ""


def commands_help() -> str:
    """Return the help of all commands, below the title of their page."""
    with patch.object(sys, "argv", ["diffecg"]):  # the help names the program that runs
        text = app.generate_docs(output_format="markdown")
    text = re.sub(r"(?s)^.*?(?=\n## diffecg )", "", text, count=1)  # title and table of contents
    text = re.sub(r"(?m)^Example: ((?:.+\n+(?=`?diffecg ))*.+)$", _example, text)
    return COMMAND_IN_A_SENTENCE.sub(lambda match: f" `{' '.join(match[1].split())}`", text)


def _example(match: re.Match[str]) -> str:
    """Return the lines of an example as one block of code."""
    lines = re.sub(r"\n+", "\n", match[1].replace("`", ""))
    return f"Example:\n\n```sh\n{lines}\n```"
