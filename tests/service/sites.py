"""Folders as sites, for tests in a browser."""

import re
import shutil
import subprocess
import tarfile
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest


class Files(SimpleHTTPRequestHandler):
    """Files for pages of any address, as those of a content delivery network; requests are not printed."""

    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript"}  # noqa: RUF012

    def end_headers(self):
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()

    def log_message(self, *_):
        """Print nothing."""


@contextmanager
def serving_files(folder):
    """Serve a folder; yield its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=folder)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def unpack_npm(package, names, folder):
    """Unpack files of a package of the npm registry into a folder; without a registry, skip the test."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm here: onnxruntime-web is not tested")
    command = [npm, "pack", package, "--silent", "--prefer-offline", "--fetch-retries=0"]
    packed = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    if packed.returncode:
        pytest.skip(f"no {package} from the npm registry: {packed.stderr.strip()[-200:]}")
    with tarfile.open(folder / packed.stdout.strip()) as archive:
        for name in names:
            (folder / name).write_bytes(archive.extractfile(f"package/dist/{name}").read())


def redirect(page, pattern, address):
    """Let a page find at another address what it looks for under addresses that match a pattern."""

    def answer(route):
        name = route.request.url.rsplit("/", 1)[-1]
        headers = {"Access-Control-Allow-Origin": "*", "Location": address + name}
        route.fulfill(status=302, headers=headers)

    page.route(re.compile(pattern), answer)
