"""Take the pictures of the studio for the documentation: python tools/studio_pictures.py MITDB BEATS."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).parents[1] / "docs" / "images"


def main(mitdb: Path, beats: Path) -> None:
    """Start a server, drive each view, and save what it shows."""
    command = [sys.executable, "-m", "diffecg.cli.app", "serve", "--port", "0", "--beats", str(beats)]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    found = re.search(r"http://\S+/", server.stderr.readline() if server.stderr else "")
    if found is None:
        sys.exit("the server did not start")
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            for name, width, height, scheme in (
                ("generate", 1280, 720, "light"),
                ("repair", 1280, 800, "light"),
                ("compose", 1280, 560, "dark"),
                ("forecast", 390, 780, "dark"),
            ):
                page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
                page.goto(f"{found[0]}#{name}")
                page.wait_for_selector("body[data-ready]")
                VIEWS[name](page, mitdb)
                page.wait_for_timeout(800)
                page.screenshot(path=IMAGES / f"studio-{name}.png")
    finally:
        server.terminate()


def _generate(page: Page, mitdb: Path) -> None:
    page.click("#generate-form .main")
    page.wait_for_selector("#all-beats:not([hidden])")


def _open(page: Page, mitdb: Path, view: str) -> None:
    files = [str(mitdb / f"103.{suffix}") for suffix in ("hea", "dat", "atr")]
    page.set_input_files(f"#view-{view} input[type=file]", files)
    page.wait_for_selector(f"#view-{view} .work:not([hidden])")


def _repair(page: Page, mitdb: Path) -> None:
    _open(page, mitdb, "repair")
    page.fill("[name=from]", "600.1")
    page.fill("[name=to]", "601.1")
    page.click("[name=add]")
    page.click("#view-repair .main")
    page.wait_for_selector("#view-repair .download:not([hidden])", timeout=60_000)


def _forecast(page: Page, mitdb: Path) -> None:
    _open(page, mitdb, "forecast")
    page.fill("[name=horizon]", "1")
    page.click("#view-forecast .main")
    page.wait_for_selector("#view-forecast .download:not([hidden])", timeout=60_000)
    page.check("[name=truth]")


def _compose(page: Page, mitdb: Path) -> None:
    page.fill("#view-compose [name=subject_seed]", "4")
    page.fill("#view-compose [name=text]", "N*4 V N*3 couplet")
    page.wait_for_selector("#compose-strip .plot .trace", timeout=60_000)
    page.wait_for_timeout(4000)


VIEWS = {"generate": _generate, "repair": _repair, "forecast": _forecast, "compose": _compose}

if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
