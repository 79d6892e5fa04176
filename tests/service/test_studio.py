"""The page in a browser; the service under load and with generated requests."""

import os
import random
import shutil
import threading
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import requests
import wfdb
from helpers import write_recording
from servers import serving

import diffecg

pytestmark = pytest.mark.studio
FAST, STRIP = "mitbih-beat-fast", "mitbih-strip"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
VIEWS = ("generate", "repair", "forecast", "compose", "report")


@pytest.fixture(scope="module")
def server(windows):
    with serving("--model", FAST, STRIP, "--beats", windows["beat"]) as started:
        yield started


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium here: the page is not tested")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


@pytest.fixture
def page(browser, server):
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    errors, urls = [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: urls.append(request.url))
    page.goto(server.url)
    page.wait_for_selector("body[data-ready]")
    yield page
    assert not errors
    assert all(url.startswith((server.url, "data:", "blob:")) for url in urls)
    page.close()


@pytest.fixture
def recording(tmp_path):
    return write_recording(tmp_path / "100")


def show(page, server, view):
    page.goto(f"{server.url}/#{view}")
    page.wait_for_selector(f"#view-{view}:not([hidden])")


def open_recording(page, server, recording, view="repair"):
    show(page, server, view)
    files = [str(recording.with_suffix(suffix)) for suffix in (".hea", ".dat", ".atr")]
    page.set_input_files(f"#view-{view} input[type=file]", files)
    page.wait_for_selector(f"#view-{view} .work:not([hidden])")


def test_beats_are_generated_measured_and_downloaded(page, server):
    page.select_option("#generate-form [name=label]", "V")
    page.fill("#generate-form [name=count]", "5")
    page.fill("#generate-form [name=seed]", "7")
    page.click("#generate-form .main")
    page.wait_for_selector("#all-beats:not([hidden])")
    drawn = page.locator("#made .beat path.trace")
    assert drawn.count() == 5
    assert page.locator("#real .beat").count() > 0
    expected = diffecg.load(FAST).generate("V", 5, seed=7).signal_mv[:, 0]
    corners = [float(pair.split(",")[1]) for pair in drawn.nth(2).get_attribute("d")[1:].split("L")]
    heights = -np.array(corners) / 5  # 5 mm a mV, downwards
    assert np.abs((heights - heights.mean()) - (expected[2] - expected[2].mean())).max() < 0.01
    page.locator("#made .beat").nth(2).click()
    page.wait_for_selector("#beat-plot .trace")
    page.locator("#caliper-a").focus()
    page.keyboard.press("Home")
    page.locator("#caliper-b").focus()
    page.keyboard.press("End")
    mv = expected[2][-1] - expected[2][0]
    assert page.text_content("#calipers") in {
        f"A to B: 708 ms, {mv + d:.2f} mV".replace("-0.00", "0.00") for d in (0, 1e-4, -1e-4)
    }
    with page.expect_download() as download:
        page.click("#beat-downloads [data-format=csv]")
    assert download.value.suggested_filename == "V-seed-9.csv"
    page.keyboard.press("Escape")
    assert not page.locator("#beat").is_visible()


def test_a_gap_is_marked_imputed_and_downloaded(page, server, recording, tmp_path):
    open_recording(page, server, recording)
    page.check("[name=repair-drag][value=mark]")
    box = page.locator("#repair-strip .plot").bounding_box()
    page.mouse.move(box["x"] + 500, box["y"] + 120)
    page.mouse.down()
    page.mouse.move(box["x"] + 560, box["y"] + 130, steps=4)
    page.mouse.up()
    marked = page.locator("#view-repair .gaps li").inner_text()
    page.fill("#view-repair [name=draws]", "2")
    page.click("#view-repair .main")
    page.wait_for_selector("#view-repair .download:not([hidden])", timeout=60000)
    with page.expect_download() as download:
        page.click("#view-repair .download")
    download.value.save_as(tmp_path / "fixed.zip")
    with zipfile.ZipFile(tmp_path / "fixed.zip") as archive:
        archive.extractall(tmp_path / "fixed")
    before, after = (
        wfdb.rdrecord(str(p), physical=False).d_signal for p in (recording, tmp_path / "fixed" / "100")
    )
    changed = np.flatnonzero((before != after).any(axis=1))
    first, last = (float(word) for word in marked.split(" s")[0].split(" to "))
    assert 0 < len(changed) <= (last - first) * 360 + 8
    assert first - 0.02 <= changed[0] / 360 <= changed[-1] / 360 <= last + 0.02
    page.click("#view-repair [name=undo]")
    assert page.locator("#view-repair .download").is_hidden()
    page.click("#view-repair [name=undo]")
    assert page.locator("#view-repair .gaps li").count() == 0


def test_a_gap_is_marked_by_keyboard_alone(page, server, recording):
    open_recording(page, server, recording)
    page.focus("#view-repair [name=from]")
    page.keyboard.type("20.5")
    page.keyboard.press("Tab")
    page.keyboard.type("21")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator("#view-repair .gaps li").inner_text().startswith("20.50 to 21.00 s")
    slider = page.locator("#repair-strip input[type=range]")
    page.focus("#repair-strip .plot")
    before = slider.get_attribute("aria-valuetext")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "old => document.querySelector('#repair-strip input').getAttribute('aria-valuetext') !== old",
        arg=before,
    )


def test_a_running_job_is_cancelled(page):
    page.fill("#generate-form [name=count]", "2000")
    page.fill("#generate-form [name=steps]", "1000")
    page.click("#generate-form .main")
    page.wait_for_selector("#view-generate progress")
    page.click("#generate-form [name=cancel]")
    page.wait_for_function(
        "() => document.querySelector('#view-generate .status').textContent === 'Cancelled.'"
    )
    assert page.locator("#generate-form .main").is_enabled()


def test_an_unreadable_file_is_reported_in_words(page, server, tmp_path):
    show(page, server, "repair")
    bad = tmp_path / "bad.csv"
    bad.write_text("this is\nno recording\n")
    page.set_input_files("#view-repair input[type=file]", str(bad))
    page.wait_for_selector("#view-repair .status.bad")
    words = page.text_content("#view-repair .status")
    assert "bad.csv" in words
    assert "Traceback" not in words
    assert page.locator("#view-repair .work").is_hidden()


def test_a_forecast_hides_the_recorded_future_until_requested(page, server, recording):
    open_recording(page, server, recording, "forecast")
    page.fill("#view-forecast [name=draws]", "2")
    page.fill("#view-forecast [name=horizon_s]", "0.5")
    page.click("#view-forecast .main")
    page.wait_for_selector("#view-forecast .download:not([hidden])", timeout=60000)
    cut = float(page.input_value("#view-forecast [name=at]"))
    recorded = "document.querySelector('#forecast-strip .plot').data[0].x"
    assert page.evaluate(f"Math.max(...{recorded}.map(Number))") <= cut + 0.01
    traces = page.evaluate("document.querySelector('#forecast-strip .plot').data.length")
    page.check("#view-forecast [name=truth]")
    page.wait_for_function(
        f"() => document.querySelector('#forecast-strip .plot').data.length === {traces + 1}"
    )


def test_a_rhythm_is_previewed_while_typing(page, server):
    show(page, server, "compose")
    page.fill("#view-compose [name=text]", "N*3 V")
    page.wait_for_function(
        "() => document.querySelector('#view-compose .status').textContent.includes('N N N V')"
    )
    page.wait_for_selector("#compose-strip .plot .trace", timeout=60000)
    page.wait_for_function(
        "() => [...document.querySelectorAll('#compose-strip .annotation-text')]"
        ".some(text => text.textContent === 'V')"
    )
    page.fill("#view-compose [name=text]", "N*3 (V")
    page.wait_for_selector("#view-compose .status.bad")


def test_a_report_is_plotted_and_sorted(page, server, windows, tmp_path):
    prepared = diffecg.open_windows(windows["beat"])
    is_normal = (prepared.index["label"] == "N").to_numpy()
    np.savez(
        tmp_path / "real.npz",
        signal_mv=prepared.signal_mv[is_normal],
        fs_hz=prepared.fs_hz,
        labels=np.array(["N"] * is_normal.sum()),
    )
    page.select_option("#generate-form [name=label]", "N")
    page.fill("#generate-form [name=count]", "30")
    page.click("#generate-form .main")
    page.wait_for_selector("#all-beats:not([hidden])")
    show(page, server, "report")
    page.uncheck("[name=sections][value=physiology]")
    page.set_input_files("[name=real-file]", str(tmp_path / "real.npz"))
    page.click("#view-report .main")
    page.wait_for_selector("#report:not([hidden])", timeout=90000)
    page.click("#report-table th:nth-child(4) button")
    values = [
        float(text) for text in page.locator("#report-table td:nth-child(4)").all_inner_texts() if text != "–"
    ]
    assert len(values) > 4
    assert values == sorted(values)
    assert page.locator("#report-chart .point").count() > 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_every_view_fits_and_is_accessible(browser, server, recording, scheme, width):
    page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page.goto(server.url)
    page.wait_for_selector("body[data-ready]")
    page.fill("#generate-form [name=count]", "3")
    page.click("#generate-form .main")
    page.wait_for_selector("#all-beats:not([hidden])")
    for view in VIEWS:
        if view == "repair":
            open_recording(page, server, recording)
        show(page, server, view)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, view
        assert not _serious(page), view
    show(page, server, "generate")
    page.locator("#made .beat").first.click()
    page.wait_for_selector("#beat-plot .trace")
    assert not _serious(page)
    page.goto(f"{server.url}/service.html")
    page.wait_for_selector("body[data-ready]")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not _serious(page)
    page.close()


def _serious(page):
    """Return the serious and critical violations that axe-core finds."""
    from axe_playwright_python.sync_playwright import Axe

    violations = Axe().run(page).response["violations"]
    serious = [one for one in violations if one["impact"] in ("serious", "critical")]
    return [(one["id"], one["nodes"][0]["html"], one["nodes"][0]["failureSummary"]) for one in serious]


@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"])
def test_generated_requests_never_cause_a_server_error(windows, recording, mode):
    import schemathesis
    from hypothesis import HealthCheck, given, settings
    from hypothesis.errors import Unsatisfiable

    with serving("--model", FAST, STRIP, "--beats", windows["beat"]) as server:
        generated, _ = server.result("generate", model=FAST, options={"count": 3})
        composed, _ = server.result("compose", model=FAST, text="N", options={"minutes": 0.1})
        files = [recording.with_suffix(suffix) for suffix in (".hea", ".dat")]
        uploaded = server.upload(*files).json()["id"]
        known = [generated["id"], composed["id"], uploaded]
        paths = []
        for result in schemathesis.openapi.from_url(f"{server.url}/openapi.json").get_all_operations():
            operation = result.ok()

            @settings(
                max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
            )
            @given(operation.as_strategy(generation_mode=schemathesis.GenerationMode[mode]))
            def send(case):
                for name in {"job_id", "recording_id"} & set(case.path_parameters or {}):
                    if len(paths) % 2:
                        case.path_parameters[name] = known[len(paths) // 2 % 3]
                paths.append(case.operation.path)
                response = case.call(timeout=60, stream=case.operation.path.endswith("/events"))
                assert response.status_code < 500, (case.as_curl_command(), response.text)

            with suppress(Unsatisfiable):  # the operation takes no input
                send()
        assert len(set(paths)) > (18 if mode == "POSITIVE" else 8)
        assert server("GET", "/healthz").text == "ok\n"


def test_fifty_clients_for_a_minute(server):
    """No job is lost or wrong, a full queue answers 429, and memory does not grow."""
    model = diffecg.load(FAST)
    labels = {seed: "NSVF"[seed % 4] for seed in range(64)}
    truth = {seed: model.generate(label, 2, seed=seed).signal_mv[:, 0] for seed, label in labels.items()}
    count = {"done": 0, "wrong": 0, "lost": 0, "refused": 0}
    lock = threading.Lock()

    def note(what):
        with lock:
            count[what] += 1

    def client(name, until):
        rng = random.Random(name)
        with requests.Session() as session:
            while time.monotonic() < until:
                jobs = []
                for _ in range(3):
                    seed = rng.randrange(64)
                    options = {"label": labels[seed], "count": 2, "seed": seed}
                    body = {"model": FAST, "options": options}
                    answer = session.post(f"{server.url}/api/generate", json=body, timeout=120)
                    if answer.status_code == 429:
                        note("refused")
                        time.sleep(float(answer.headers["retry-after"]) * rng.random())
                    elif answer.status_code == 202:
                        jobs.append((seed, answer.json()["id"]))
                    else:
                        note("lost")
                for seed, job in jobs:
                    ended = session.get(f"{server.url}/api/jobs/{job}?wait=60", timeout=120).json()
                    if ended.get("state") != "done":
                        note("lost")
                        continue
                    content = session.get(f"{server.url}/api/jobs/{job}/windows", timeout=120).content
                    beats = np.frombuffer(content, "<f4").reshape(2, -1)
                    note("done" if np.abs(beats - truth[seed]).max() < 1e-4 else "wrong")

    def load(seconds):
        until = time.monotonic() + seconds
        clients = [threading.Thread(target=client, args=(i, until)) for i in range(50)]
        for one in clients:
            one.start()
        for one in clients:
            one.join()

    load(65)  # until the number of results reaches its maximum
    before = _resident_mb(server)
    load(60)
    after = _resident_mb(server)
    print(f"{count}, {before:.0f} MB before, {after:.0f} MB after")
    assert count["lost"] == count["wrong"] == 0
    assert count["done"] > 500
    assert count["refused"] > 0
    assert after < 1.05 * before


def _resident_mb(server):
    """Return the resident memory of the server and its worker."""
    pages = [
        int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        for pid in (server.process.pid, server.worker())
    ]
    return sum(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6
