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
                page.set_default_timeout(_TIMEOUT_MS)
                page.goto(address[0])
                page.wait_for_selector("body[data-ready]")
                view.use(page, database)
                page.evaluate("() => scrollTo(0, 0)")
                page.wait_for_timeout(800)
                page.screenshot(path=IMAGES / f"studio-{view.name}.png")
                page.close()
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


def _open(page: Page, database: Path, name: str) -> None:
    files = [str(database / f"{name}.{suffix}") for suffix in ("hea", "dat", "atr")]
    page.set_input_files("#library input[type=file]", files)
    page.wait_for_selector("#main[data-loaded]")
    page.wait_for_selector(".faults li, #panel p:has-text('No faults')")


def _repair(page: Page, database: Path) -> None:
    _open(page, database, "103")
    page.get_by_role("button", name="Untick all").click()
    page.get_by_label("From", exact=True).fill("10:00.1")
    page.get_by_label("to", exact=True).fill("10:01.1")
    page.locator(".add select").select_option("MLII")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Impute 1 interval").click()
    page.wait_for_selector(".result:not([hidden])")


def _forecast(page: Page, database: Path) -> None:
    _open(page, database, "103")
    page.get_by_role("tab", name="Forecast").click()
    page.get_by_label("From", exact=True).fill("10:00.1")
    page.get_by_role("button", name="Forecast", exact=True).click()
    page.wait_for_function("() => document.querySelector('h1').innerText.endsWith('forecast')")
    page.wait_for_selector("#main[data-loaded]")
    page.get_by_label("show what was recorded").check()


def _compose(page: Page, database: Path) -> None:
    page.click("nav a[href='/compose']")
    page.wait_for_selector("#main[data-loaded]")
    page.get_by_label("Rhythm", exact=True).fill("sinus rhythm N*4 V N*3 couplet")
    page.wait_for_selector("section.stale", state="attached")
    page.wait_for_selector("section.stale", state="detached")


def _beats(page: Page, database: Path) -> None:
    page.click("nav a[href='/beats']")
    page.get_by_label("Beats").fill("200 V, 100 S")
    page.get_by_role("button", name="Generate", exact=True).click()
    page.wait_for_selector(".set[data-label=S][data-done]")


def _report(page: Page, database: Path) -> None:
    for model in ("mitbih-beat", "mitbih-beat-fast"):
        page.click("nav a[href='/beats']")
        page.get_by_label("Beats").fill("300 V")
        page.get_by_label("Model").select_option(model)
        page.get_by_role("button", name="Generate", exact=True).click()
        page.wait_for_selector(".set[data-done]")
    page.click("nav a[href='/report']")
    for model in ("mitbih-beat", "mitbih-beat-fast"):
        page.get_by_label(f"300 V of {model},").check()
    page.get_by_role("button", name="Evaluate").click()
    page.wait_for_selector("[data-loaded=yes]", timeout=4 * _TIMEOUT_MS)


VIEWS = (
    View(name="repair", width=1280, height=800, color_scheme="light", use=_repair),
    View(name="forecast", width=390, height=844, color_scheme="dark", use=_forecast),
    View(name="compose", width=1280, height=860, color_scheme="dark", use=_compose),
    View(name="beats", width=1280, height=720, color_scheme="light", use=_beats),
    View(name="report", width=1280, height=900, color_scheme="light", use=_report),
)
