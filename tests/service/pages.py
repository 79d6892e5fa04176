"""The page of the studio in a browser, for tests."""

import io
import re
import shutil
import zipfile
from urllib.parse import parse_qs, urlsplit

import numpy as np
from helpers import make_ecg

FAST = "mitbih-beat-fast"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WAIT_MS = 90_000
FS_HZ = 100.0


def open_page(browser, server, **settings):
    """Open the studio by the address that the command prints."""
    context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **settings})
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(f"{server.url}/?token={server.token}")
    page.wait_for_selector("body[data-ready]")
    return page


def write_csv(path, start_s=20.0, stop_s=21.5, duration_s=60.0):
    """Write a CSV file of one lead, as a wearable would, with empty cells in an interval."""
    ecg = make_ecg(3, duration_s=duration_s, fs_hz=FS_HZ)[0]
    time = np.arange(len(ecg)) / FS_HZ
    cells = [
        f"{at:.4f};" + ("" if start_s <= at < stop_s else f"{mv:.4f}")
        for at, mv in zip(time, ecg, strict=True)
    ]
    path.write_text("\n".join(["time_s;ECG_mV", *cells]).replace(".", ",") + "\n")
    return path


def show(page, address):
    """Follow an address within the page."""
    page.goto(f"{urlsplit(page.url).scheme}://{urlsplit(page.url).netloc}{address}")
    page.wait_for_selector("body[data-ready]")


def open_files(page, *paths):
    """Open a recording in the workbench."""
    page.set_input_files("#library input[type=file]", [str(path) for path in paths])
    loaded(page)


def loaded(page):
    """Wait until the recording is shown."""
    page.wait_for_selector("#main[data-loaded]")


def state(page):
    """Return what the address keeps."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def unzipped(name, content, suffix):
    """Return the recording of a download, which is zipped where a file states what was written."""
    if not name.endswith(".zip"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(min((one for one in archive.namelist() if one.endswith(suffix)), key=len))


def impute(page):
    """Impute what is ticked, and wait for the recording that results."""
    page.get_by_role("button", name=re.compile("^Impute")).click()
    page.wait_for_selector(".result:not([hidden])")


def violations(page):
    """Return the violations that axe-core finds."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [(one["id"], one["nodes"][0]["html"], one["nodes"][0]["failureSummary"]) for one in found]
