"""Pages of the documentation in a browser: they fit, are accessible, and load nothing from other hosts."""

import os
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from pages import violations

pytestmark = pytest.mark.studio
ROOT = Path(__file__).parents[2]
PAGES = (
    "",
    "gallery/",
    "gallery/impute_gap/",
    "how-to/studio/",
    "reference/commands/",
    "benchmarks/",
    "explanation/model/",
)


class Quiet(SimpleHTTPRequestHandler):
    """A server of files that does not print each request."""

    def log_message(self, *_):
        """Print nothing."""


@pytest.fixture(scope="module")
def site(browser, tmp_path_factory):
    """The address of the site; needs the browser, so that it is not built where there is none."""
    folder = tmp_path_factory.mktemp("site")
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "SITE_URL": ""}
    built = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    subprocess.run(built, cwd=ROOT, env=environment, check=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 1440)])
def test_pages_fit_and_are_accessible(browser, site, scheme, width):
    context = browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme=scheme, has_touch=width < 500
    )
    page = context.new_page()
    errors, urls = [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: urls.append(request.url))
    for path in PAGES:
        page.goto(site + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate("[...document.images].every((image) => image.naturalWidth > 0)"), path
        assert not violations(page), path
    assert not errors
    assert all(url.startswith((site, "data:")) for url in urls), "nothing of other hosts"
    context.close()
