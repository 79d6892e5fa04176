"""``python -m research studio-screenshots``: the screenshots of the studio in the documentation."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from diffecg.errors import DiffecgError
from research.repository import IMAGES

if TYPE_CHECKING:
    from playwright.sync_api import Page

_TIMEOUT_MS = 60_000


def studio_screenshots(
    database: Annotated[Path, Parameter(help="MIT-BIH Arrhythmia Database.")],
    windows: Annotated[Path, Parameter(help="Beats: a folder written by diffecg prepare --preset beat.")],
    /,
) -> None:
    """Take the screenshots of the studio for the documentation, with Chromium.

    Example: python -m research studio-screenshots mitdb/ beats/
    """
    from playwright.sync_api import sync_playwright

    project = tempfile.TemporaryDirectory()
    command = [sys.executable, "-m", "diffecg", "studio", f"{project.name}/project", "--port", "0"]
    command += ["--beats", str(windows)]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    address = re.search(r"http://\S+", server.stderr.readline() if server.stderr else "")
    try:
        if address is None:
            raise DiffecgError("diffecg studio did not print its address")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            for view in VIEWS:
                page = browser.new_page(
                    viewport={"width": view.width, "height": view.height}, color_scheme=view.color_scheme
                )
                page.goto(f"{address[0]}#{view.name}")
                page.wait_for_selector("body[data-ready]")
                view.use(page, database)
                page.wait_for_timeout(800)
                page.screenshot(path=IMAGES / f"studio-{view.name}.png")
    finally:
        server.terminate()
        server.wait()
        project.cleanup()


@dataclass(frozen=True, kw_only=True)
class View:
    """A view of the studio, and what to do in it before the screenshot."""

    name: str
    width: int
    height: int
    color_scheme: Literal["light", "dark"]
    use: Callable[[Page, Path], None]


def _generate(page: Page, database: Path) -> None:
    page.click("#generate-form .main")
    page.wait_for_selector("#all-beats:not([hidden])")


def _open(page: Page, database: Path, view: str) -> None:
    files = [str(database / f"103.{suffix}") for suffix in ("hea", "dat", "atr")]
    page.set_input_files(f"#view-{view} input[type=file]", files)
    page.wait_for_selector(f"#view-{view} .work:not([hidden])")


def _repair(page: Page, database: Path) -> None:
    _open(page, database, "repair")
    page.fill("[name=from]", "600.1")
    page.fill("[name=to]", "601.1")
    page.click("[name=add]")
    page.click("#view-repair .main")
    page.wait_for_selector("#view-repair .download:not([hidden])", timeout=_TIMEOUT_MS)


def _forecast(page: Page, database: Path) -> None:
    _open(page, database, "forecast")
    page.fill("[name=horizon]", "1")
    page.click("#view-forecast .main")
    page.wait_for_selector("#view-forecast .download:not([hidden])", timeout=_TIMEOUT_MS)
    page.check("[name=truth]")


def _compose(page: Page, database: Path) -> None:
    page.fill("#view-compose [name=subject_seed]", "4")
    page.fill("#view-compose [name=text]", "N*4 V N*3 couplet")
    page.wait_for_selector("#compose-strip .plot .trace", timeout=_TIMEOUT_MS)
    page.wait_for_timeout(4000)


VIEWS = (
    View(name="generate", width=1280, height=720, color_scheme="light", use=_generate),
    View(name="repair", width=1280, height=800, color_scheme="light", use=_repair),
    View(name="compose", width=1280, height=560, color_scheme="dark", use=_compose),
    View(name="forecast", width=390, height=780, color_scheme="dark", use=_forecast),
)
