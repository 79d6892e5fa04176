import os
import subprocess
import sys

import pytest
from docs_blocks import ROOT
from hands import Keyboard, Mouse
from pages import CHROMIUM, FAST, open_page
from servers import serving
from sites import serving_files


@pytest.fixture(scope="module")
def studio(windows):
    """A running studio with real beats."""
    with serving("--model", FAST, "mitbih-strip", "--beats", windows["beat"]) as started:
        yield started


@pytest.fixture(scope="session")
def browser():
    """Chromium."""
    if CHROMIUM is None:
        pytest.skip("no Chromium here: the page is not tested")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


@pytest.fixture
def page(browser, studio):
    """The page of the studio, which raises no error and loads nothing from other hosts."""
    page = open_page(browser, studio)
    errors, urls = [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if "Policy" in message.text else None)
    page.on("request", lambda request: urls.append(request.url))
    yield page
    assert not errors
    assert all(url.startswith((studio.url, "data:", "blob:")) for url in urls), "nothing of other hosts"
    page.context.close()


@pytest.fixture(params=[Mouse, Keyboard], ids=["mouse", "keyboard"])
def hand(request, page):
    """The user's hand: on the mouse, or on the keyboard."""
    return request.param(page)


@pytest.fixture(scope="session")
def site(browser, tmp_path_factory):
    """The address of the documentation; needs the browser, so that it is not built where there is none."""
    folder = tmp_path_factory.mktemp("site")
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "SITE_URL": ""}
    built = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    subprocess.run(built, cwd=ROOT, env=environment, check=True)
    with serving_files(folder) as address:
        yield address
