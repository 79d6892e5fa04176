"""The page of the studio in a browser: what users do in it, by mouse and by keyboard."""

import io
import re
import shutil
import zipfile
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pandas as pd
import pytest
import wfdb
from helpers import make_ecg, write_recording
from pdf_files import pdf_traces
from servers import serving

import diffecg
from diffecg.formats.recording import Recording

pytestmark = pytest.mark.studio
FAST = "mitbih-beat-fast"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PX_MM = 96 / 25.4
"""Pixels of CSS in a millimetre."""
WAIT_MS = 90_000
FS_HZ = 100.0


@pytest.fixture(scope="module")
def server(windows):
    with serving("--model", FAST, "mitbih-strip", "--beats", windows["beat"]) as started:
        yield started


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium here: the page is not tested")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


def open_page(browser, server, **settings):
    """Open the studio by the address that the command prints."""
    context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **settings})
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(f"{server.url}/?token={server.token}")
    page.wait_for_selector("body[data-ready]")
    return page


@pytest.fixture
def page(browser, server):
    page = open_page(browser, server)
    errors, urls = [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if "Policy" in message.text else None)
    page.on("request", lambda request: urls.append(request.url))
    yield page
    assert not errors
    assert all(url.startswith((server.url, "data:", "blob:")) for url in urls), "nothing of other hosts"
    page.context.close()


@pytest.fixture
def recording(tmp_path):
    return write_recording(tmp_path / "100")


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
    page.wait_for_selector("#main[data-loaded]")


def open_example(page, name):
    page.click(f".card[data-example={name}]")
    loaded(page)


def wfdb_files(recording):
    return [recording.with_suffix(suffix) for suffix in (".hea", ".dat", ".atr")]


def state(page):
    """Return what the address keeps."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def download(page, selector):
    """Click a link, and return the name and the content of the file."""
    with page.expect_download() as found:
        page.locator(selector).first.click()
    return found.value.suggested_filename, found.value.path().read_bytes()


def unzipped(name, content, suffix):
    """Return the recording of a download, which is zipped where a file states what was written."""
    if not name.endswith(".zip"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(min((one for one in archive.namelist() if one.endswith(suffix)), key=len))


def drag(page, start, stop, keys=()):
    """Drag on the paper from one point to another, in pixels from its left upper corner."""
    box = page.locator(".paper").bounding_box()
    for key in keys:
        page.keyboard.down(key)
    page.mouse.move(box["x"] + start[0], box["y"] + start[1])
    page.mouse.down()
    page.mouse.move(box["x"] + stop[0], box["y"] + stop[1], steps=6)
    page.mouse.up()
    for key in keys:
        page.keyboard.up(key)


def impute(page):
    """Impute what is ticked, and wait for the recording that results."""
    page.get_by_role("button", name=re.compile("^Impute")).click()
    page.wait_for_selector(".result:not([hidden])")


def test_an_example_is_repaired_in_two_clicks_and_the_result_is_in_sight(page, server):
    open_example(page, "detached-electrode")
    assert page.locator(".faults li").all_inner_texts() != []
    kinds = " ".join(page.locator(".faults li").all_inner_texts())
    assert "II flat" in kinds
    assert "V2 missing" in kinds
    before = page.url
    impute(page)
    assert page.url != before
    assert page.locator(".result td.number").nth(1).inner_text().endswith(" mV"), "the width of the interval"
    assert 14 < float(state(page)["t"]) < 20.1, "the imputed interval is shown"
    assert page.locator(".faults li").count() == 0
    assert "II" in page.locator(".paper canvas").get_attribute("aria-label")


def test_draws_can_be_looked_at_without_writing_them(page):
    open_example(page, "detached-electrode")
    before = urlsplit(page.url).path
    page.locator("summary", has_text="How").click()
    page.get_by_label("Written into a gap").select_option("none")
    impute(page)
    assert "not written" in page.locator(".result h2").inner_text()
    assert urlsplit(page.url).path == before
    assert page.locator(".result a[download]").is_hidden()
    page.get_by_label("Draws", exact=True).fill("1000")
    page.get_by_role("button", name=re.compile("^Impute")).click()
    page.wait_for_selector("#panel .error, #panel .status.bad")
    assert "64" in page.locator("#panel").inner_text(), "the limit of the studio"


def test_undo_and_redo_go_between_recordings_and_a_reload_loses_nothing(page, browser):
    open_example(page, "detached-electrode")
    original = urlsplit(page.url).path
    impute(page)
    imputed = urlsplit(page.url).path
    page.keyboard.press("Control+z")
    page.wait_for_url(f"**{original}*")
    loaded(page)
    page.keyboard.press("Control+y")
    page.wait_for_url(f"**{imputed}*")
    loaded(page)
    page.keyboard.press("ArrowRight")
    page.get_by_role("tab", name="Measure").click()
    page.wait_for_timeout(400)
    address = page.url
    page.reload()
    loaded(page)
    assert page.url == address
    assert page.get_by_role("tab", name="Measure").get_attribute("aria-selected") == "true"
    second = page.context.new_page()
    second.goto(address)
    loaded(second)
    assert second.locator("h1").inner_text() == page.locator("h1").inner_text()
    page.go_back()
    page.go_back()
    page.wait_for_url(f"**{imputed}*")


def test_an_engineer_repairs_a_csv_with_a_lost_segment_and_gets_it_back_as_it_was(page, tmp_path):
    path = write_csv(tmp_path / "Résumé of my wearable (1).csv")
    before = path.read_text().splitlines()
    open_files(page, path)
    assert page.locator("h1").inner_text().startswith("Résumé of my wearable (1)")
    fault = page.locator(".faults li")
    assert fault.count() == 1
    assert "missing" in fault.inner_text()
    fault.get_by_role("button", name=re.compile("Show")).click()
    page.wait_for_function("() => new URL(location.href).searchParams.has('t')")
    impute(page)
    name, content = download(page, ".result a[download]")
    assert name.startswith("Résumé of my wearable (1)")
    after = unzipped(name, content, ".csv").decode().splitlines()
    assert after[0] == before[0]
    changed = [row for row, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    assert changed == list(range(2001, 2151)), "the lines of the gap, and no other"
    assert all(re.fullmatch(r"\d+,\d+;-?\d+,\d+", after[row]) for row in changed)


def test_an_engineer_repairs_by_keyboard_alone(page, tmp_path):
    open_files(page, write_csv(tmp_path / "wearable.csv"))
    page.locator(".paper").focus()
    page.keyboard.press("n")
    page.wait_for_function("() => new URL(location.href).searchParams.has('t')")
    assert abs(float(state(page)["t"]) + 4.2 - 20.75) < 1.5, "the fault is in the middle"
    for _ in range(5):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("a")
    assert page.locator(".faults li").count() == 2
    page.keyboard.press("i")
    page.wait_for_selector(".result:not([hidden])")
    assert page.locator(".result tr").count() >= 2
    page.keyboard.press("Control+z")
    page.wait_for_selector(".faults li")
    page.keyboard.press("?")
    keys = page.locator("dialog table").inner_text()
    assert "next and previous fault" in keys
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")


def test_a_day_of_ecg_is_opened_and_its_fault_found_and_imputed(page, server, tmp_path):
    minute = make_ecg(1, duration_s=600.0, fs_hz=FS_HZ)[0]
    day = np.tile(minute, 144)
    day[4_000_000:4_000_200] = 0.0
    recording = Recording.from_arrays(day[None], FS_HZ, channel_names=["II"], name="day")
    path = diffecg.write_recording(tmp_path / "day.edf", recording)
    open_files(page, path)
    page.wait_for_selector(".faults li", timeout=300_000)
    assert "11:06:4" in page.locator(".faults li").first.inner_text(), "time as a clock"
    page.keyboard.press("n")
    impute(page)
    name, content = download(page, ".result a[download]")
    (tmp_path / "back.edf").write_bytes(unzipped(name, content, ".edf"))
    back = diffecg.read_recording(tmp_path / "back.edf").signal_mv[0]
    stored = diffecg.read_recording(path).signal_mv[0]
    changed = np.flatnonzero(back != stored)
    assert changed.size
    assert 3_999_900 < changed[0] <= changed[-1] < 4_000_300


def test_an_interval_is_selected_on_the_paper_and_denoised(page, recording, tmp_path):
    open_files(page, *wfdb_files(recording))
    start, stop = 200, 200 + 40 * PX_MM
    drag(page, (start, 60), (stop, 60), ["Shift"])
    page.get_by_role("button", name="Add", exact=True).click()
    marked = page.locator(".faults li").last
    assert "MLII marked" in marked.inner_text()
    assert "1.6 s" in marked.inner_text(), "40 mm at 25 mm/s"
    page.keyboard.press("d")
    page.wait_for_selector(".result:not([hidden])")
    name, content = download(page, ".result a[download]")
    assert name.endswith(".zip")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path / "out")
    header = next((tmp_path / "out").rglob("*.hea"))
    old, new = (
        wfdb.rdrecord(str(p.with_suffix("")), physical=False).d_signal
        for p in (recording.with_suffix(".hea"), header)
    )
    changed = np.flatnonzero((old != new).any(axis=1)) / 360
    assert 1.4 < np.ptp(changed) < 1.7
    assert (old[:, 1] == new[:, 1]).all()


def test_a_second_measures_25_mm_on_the_screen_and_calipers_measure_the_samples(page, recording):
    open_files(page, *wfdb_files(recording))
    page.get_by_role("tab", name="Measure").click()
    box = page.locator(".paper").bounding_box()
    for x in (200, 200 + 50 * PX_MM):
        page.mouse.click(box["x"] + x, box["y"] + 60)
    measured = page.locator(".measured").inner_text()
    milliseconds = int(re.search(r"(\d+) ms", measured)[1])
    assert abs(milliseconds - 2000) <= 12, "50 mm; the sliders step by a sample"
    assert "30 per min" in measured
    a, b = (float(page.locator("[type=range]").nth(i).input_value()) for i in (0, 1))
    lead = diffecg.read_recording(recording).lead_mv(0)
    mv = lead[round(b * 360)] - lead[round(a * 360)]
    found = re.search(r"A to B\s+(-?[\d.]+) mV", measured)[1]
    assert abs(float(found) - mv) < 0.011
    page.locator("[type=range]").nth(1).focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "(before) => document.querySelector('.measured').innerText !== before", arg=measured
    )


def test_the_paper_moves_and_zooms_by_mouse_keys_and_two_fingers(browser, server, recording):
    page = open_page(browser, server, has_touch=True)
    open_files(page, *wfdb_files(recording))
    assert "25 mm/s" in page.locator(".caption").inner_text()
    drag(page, (600, 60), (600 - 25 * PX_MM, 60))
    page.wait_for_function("() => new URL(location.href).searchParams.has('t')")
    assert float(state(page)["t"]) == pytest.approx(1.0, abs=0.02)
    page.get_by_role("button", name="50 mm/s").click()
    assert "50 mm/s" in page.locator(".caption").inner_text()
    page.locator(".paper").focus()
    page.keyboard.press("ArrowDown")
    assert "5 mm/mV" in page.locator(".caption").inner_text()
    box = page.locator(".paper").bounding_box()
    touch = page.context.new_cdp_session(page)

    def fingers(kind, *xs):
        points = [{"x": box["x"] + x, "y": box["y"] + 60, "id": i} for i, x in enumerate(xs)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", 300, 400)
    for apart in (110, 130, 160, 200):
        fingers("touchMove", 350 - apart / 2, 350 + apart / 2)
    fingers("touchEnd")
    page.wait_for_function("() => document.querySelector('.caption').innerText.includes('100 mm/s')")
    page.context.close()


def test_a_forecast_does_not_show_what_followed_until_it_is_asked_for(page, recording):
    open_files(page, *wfdb_files(recording))
    page.keyboard.press("f")
    page.get_by_label("Draws").last.fill("4")
    page.get_by_label("Length").fill("1")
    page.get_by_role("button", name="Forecast", exact=True).click()
    page.wait_for_function("() => document.querySelector('h1').innerText.endsWith('forecast')")
    loaded(page)
    assert page.get_by_label("show what was recorded").is_checked() is False
    assert "partly synthetic" in page.locator(".bench-head").inner_text()
    page.get_by_label("show what was recorded").check()
    page.keyboard.press("Control+z")
    page.wait_for_function("() => document.querySelector('h1').innerText === '100'")


def test_a_file_without_rate_is_asked_for_it_at_the_field_and_can_be_corrected(page, tmp_path):
    path = tmp_path / "no rate.csv"
    ecg = make_ecg(3, duration_s=20.0, fs_hz=FS_HZ)[0]
    pd.DataFrame({"ch1": ecg}).to_csv(path, index=False)
    page.set_input_files("#library input[type=file]", str(path))
    page.wait_for_selector("dialog [aria-invalid]")
    words = page.locator("dialog").inner_text()
    assert "--" not in words, "in words of the page"
    assert "Traceback" not in words
    page.locator("dialog [data-field~=fs_hz]").fill("100")
    page.keyboard.press("Enter")
    loaded(page)
    page.get_by_role("tab", name="File").click()
    read = page.locator("#panel").inner_text()
    assert "CSV" in read
    assert "ch1" in read
    assert "100 Hz" in read
    page.locator("summary", has_text="Correct it").click()
    page.locator("[data-field~=fs_hz]").fill("200")
    page.locator("[data-lead=ch1]").fill("II")
    page.get_by_role("button", name="Read again").click()
    page.wait_for_function("() => document.querySelector('.facts')?.innerText.includes('200 Hz')")
    assert "II" in page.locator(".paper canvas").get_attribute("aria-label")


def test_an_unreadable_file_is_refused_in_words(page, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("this is\nno recording\n")
    page.set_input_files("#library input[type=file]", str(bad))
    page.wait_for_selector("dialog .status.bad, dialog .error")
    words = page.locator("dialog").inner_text()
    assert "bad.csv" in words
    assert "Traceback" not in words
    page.get_by_role("button", name="Cancel").click()
    page.locator("dialog").wait_for(state="detached")


def test_wrong_times_are_refused_at_the_field(page, recording):
    open_files(page, *wfdb_files(recording))
    page.get_by_label("From", exact=True).fill("soon")
    page.keyboard.press("Enter")
    assert "0:12.5" in page.locator(".error").inner_text()
    page.get_by_label("From", exact=True).fill("0:20.5")
    page.get_by_label("to", exact=True).fill("0:21")
    page.keyboard.press("Enter")
    assert page.locator(".error").count() == 0
    assert "0:20.5" in page.locator(".faults").inner_text()


def test_a_data_scientist_gets_beats_of_several_labels_and_a_link_that_makes_them_again(page):
    show(page, f"/beats?model={FAST}")
    page.get_by_label("Beats").fill("5 V, 3 S")
    page.get_by_label("First seed").fill("7")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelectorAll('.set[data-done]').length === 2")
    for label, seed, count in (("V", 7, 5), ("S", 12, 3)):
        section = f".set[data-label={label}]"
        page.wait_for_function(
            "([section, count]) => document.querySelectorAll(`${section} button.tile`).length === count",
            arg=[section, count],
        )
        links, tiles = (
            page.locator(f"{section} {part}").first.bounding_box() for part in (".downloads", ".tile")
        )
        assert links["y"] < tiles["y"], "the downloads are above the tiles"
        _, content = download(page, f"{section} [data-format=npz]")
        made = np.load(io.BytesIO(content))
        expected = diffecg.load(FAST).generate(label, count, seed=seed).signal_mv
        assert np.abs(made["signal_mv"].reshape(expected.shape) - expected).max() < 1e-3
    assert page.locator(".set[data-label=V] div.tile").count() > 0, "real beats"
    page.locator(".set[data-label=V] button.tile").nth(2).click()
    page.wait_for_selector("dialog .paper canvas[aria-label]")
    page.locator("dialog [type=range]").first.focus()
    page.keyboard.press("Home")
    page.locator("dialog [type=range]").last.focus()
    page.keyboard.press("End")
    assert "708 ms" in page.locator("dialog output").inner_text()
    assert download(page, "dialog [data-format=csv]")[0] == "V-seed-9.csv"
    page.keyboard.press("Escape")
    page.reload()
    page.wait_for_function("() => document.querySelectorAll('.set[data-done]').length === 2")
    page.goto(re.sub("&jobs=[^&]*", "", page.url))
    page.wait_for_selector("body[data-ready]")
    assert page.get_by_label("Beats").input_value() == "5 V, 3 S"
    assert page.get_by_label("First seed").input_value() == "7"


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ("500", "number and a label"),
        ("5 X", "no label X"),
        ("99999 V", "choose 1 to 2000"),
        ("5 V, 2 V", "twice"),
    ],
)
def test_counts_that_cannot_be_generated_are_refused_at_the_field(page, counts, message):
    show(page, f"/beats?model={FAST}")
    page.get_by_label("Beats").fill(counts)
    page.keyboard.press("Enter")
    assert message in page.locator(".error").inner_text()


def test_a_running_job_is_cancelled(page):
    show(page, f"/beats?model={FAST}&steps=1000")
    page.get_by_label("Beats").fill("2000 V")
    page.keyboard.press("Enter")
    page.locator("#main .status button").click()
    page.wait_for_function("() => document.querySelector('#main .status').textContent.includes('Cancelled')")


def test_every_action_is_shown_as_code(page, recording):
    open_files(page, *wfdb_files(recording))
    page.get_by_label("From", exact=True).fill("0:20.5")
    page.get_by_label("to", exact=True).fill("0:21")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Copy as code").click()
    python, command, curl = page.locator("dialog pre").all_inner_texts()
    assert 'Interval(start_s=20.5, stop_s=21, lead="MLII")' in python
    assert "diffecg impute 100 --gap 20.5:21 --lead MLII" in command
    assert "/api/impute" in curl
    page.keyboard.press("Escape")
    show(page, f"/beats?model={FAST}&counts=5 V")
    page.get_by_role("button", name="Copy as code").click()
    names = {"diffecg": diffecg}
    exec(page.locator("dialog pre").first.inner_text(), names)
    assert names["beats"].signal_mv.shape[0] == 5


def test_a_teacher_composes_by_clicks_and_prints_a_sheet_on_which_25_mm_are_a_second(page, server):
    show(page, f"/compose?model={FAST}&text=sinus rhythm&minutes=0.5")
    loaded(page)
    page.get_by_role("button", name="bigeminy", exact=True).click()
    page.wait_for_function("() => document.querySelector('#main .status').innerText.includes('V')")
    labels = page.locator(".beats-line").inner_text()
    assert labels.startswith("N V N V")
    shown = state(page)["recording"]
    page.get_by_role("button", name="Print").click()
    page.wait_for_url(f"**/r/{shown}*")
    loaded(page)
    assert server("GET", f"/api/recordings/{shown}").json()["duration_s"] == pytest.approx(30, abs=2)
    _, content = download(page, "#panel a[download]")
    traces = pdf_traces(content)
    recording = server("GET", f"/api/recordings/{shown}/export?format=npz")
    assert recording.status_code == 200
    assert len(traces) == 3, "three rows of 10 s"
    beats = server("GET", f"/api/recordings/{shown}").json()["beats"]
    for row, trace in enumerate(traces):
        assert np.ptp(trace[:, 0]) <= 250.1
        inside = [at for at, _ in beats if 10 * row + 0.3 < at < 10 * row + 9.7]
        left = min(one[:, 0].min() for one in traces)
        for at in inside[:4]:
            near = trace[np.abs(trace[:, 0] - left - 25 * (at - 10 * row)) < 2]
            assert np.ptp(near[:, 1]) > 3, "a QRS complex lies where its time says"
    page.locator("#panel").get_by_label("Rhythm").select_option("hidden")
    assert "rhythm=hidden" in page.locator("#panel a[download]").first.get_attribute("href")


def test_a_rhythm_that_is_wrong_is_said_so_at_the_field_and_its_strip_is_gone(page):
    show(page, f"/compose?model={FAST}&text=N&minutes=0.2")
    loaded(page)
    page.get_by_label("Rhythm", exact=True).fill("N*3 (V")
    page.wait_for_selector(".error")
    assert page.locator(".paper").is_hidden()


def test_a_researcher_compares_two_generators(page, windows, tmp_path):
    prepared = diffecg.open_windows(windows["beat"])
    is_normal = (prepared.index["label"] == "N").to_numpy()
    real = {"signal_mv": prepared.signal_mv[is_normal], "fs_hz": prepared.fs_hz}
    noise = np.random.default_rng(0).normal(0, 3, (40, *prepared.signal_mv.shape[1:]))
    np.savez(tmp_path / "real.npz", **real, labels=np.array(["N"] * is_normal.sum()))
    np.savez(tmp_path / "noise.npz", signal_mv=noise, fs_hz=prepared.fs_hz, labels=np.array(["N"] * 40))
    show(page, f"/beats?model={FAST}&counts=40 N")
    page.get_by_role("button", name="Generate", exact=True).click()
    page.wait_for_selector(".set[data-done]")
    page.click("nav a[href='/report']")
    page.wait_for_selector(".sets input")
    page.get_by_label(re.compile("40 N of")).check()
    page.get_by_label("Add a set from a file").set_input_files(str(tmp_path / "noise.npz"))
    page.wait_for_selector(".sets label:has-text('noise.npz')")
    page.get_by_label("Real beats from a file").set_input_files(str(tmp_path / "real.npz"))
    page.wait_for_function(
        "() => document.querySelector('#main select').selectedOptions[0].text.includes('real.npz')"
    )
    page.get_by_label("physiology").uncheck()
    page.get_by_role("button", name="Evaluate").click()
    page.wait_for_selector("[data-loaded=yes]")
    section = page.locator(".label[data-label=N]")
    assert section.locator(".verdict").count() == 2, "side by side"
    noisy = section.locator(".verdict", has_text="noise.npz")
    assert "off" in noisy.inner_text()
    head = section.locator("tr").first.inner_text()
    assert "noise.npz" in head
    assert "Real" in head
    assert section.locator("tr").count() > 4
    page.reload()
    page.wait_for_selector("[data-loaded=yes]")


def test_grades_have_one_direction_whatever_the_figure(page):
    rows = [
        {"better": "lower", "value": 1.0, "reference": 1.0, "baseline": 5.0},
        {"better": "lower", "value": 4.9, "reference": 1.0, "baseline": 5.0},
        {"better": "higher", "value": 0.9, "reference": 0.95, "baseline": 0.1},
        {"better": "higher", "value": 0.5, "reference": 0.95, "baseline": 0.1},
        {"better": "as the reference", "value": 0.62, "reference": 0.6, "baseline": 0.0},
        {"better": "0.5", "value": 0.9, "reference": 0.5, "baseline": 1.0},
        {"better": "lower", "value": 3.0, "reference": 1.0, "baseline": None},
        {"better": "lower", "value": None, "reference": 1.0, "baseline": 5.0},
    ]
    grades = page.evaluate(
        "async (rows) => { const { gradeOf } = await import('/report.js');"
        " return rows.map((row) => gradeOf(row)?.grade ?? null); }",
        rows,
    )
    assert grades == ["real", "off", "real", "off", "real", "off", "off", None]


@pytest.mark.parametrize(
    ("text", "start", "seconds"),
    [
        ("12.5", None, 12.5),
        ("1:15.5", None, 75.5),
        ("1:00:00", None, 3600.0),
        ("10:01:15", "2024-01-01T10:00:00", 75.0),
        ("00:00:10", "23:59:50", 20.0),
        ("soon", None, None),
    ],
)
def test_times_are_understood_as_they_are_written(page, text, start, seconds):
    found = page.evaluate(
        "async ([text, start]) => (await import('/dom.js')).parseTime(text, start)", [text, start]
    )
    assert found == seconds


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 820, 1440])
def test_every_view_fits_and_is_accessible(browser, server, scheme, width):
    page = open_page(browser, server, viewport={"width": width, "height": 844}, color_scheme=scheme)

    def check(name):
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert not _violations(page), name

    check("library")
    open_example(page, "detached-electrode")
    impute(page)
    for panel in ("Repair", "Forecast", "Measure", "Print", "File"):
        page.get_by_role("tab", name=panel).click()
        check(panel)
    page.keyboard.press("?")
    check("keys")
    page.keyboard.press("Escape")
    show(page, f"/compose?model={FAST}&text=N*3 V&minutes=0.2")
    loaded(page)
    check("compose")
    show(page, f"/beats?model={FAST}&counts=3 V")
    page.get_by_role("button", name="Generate", exact=True).click()
    page.wait_for_selector(".set[data-done] button.tile")
    check("beats")
    page.locator("button.tile").first.click()
    page.wait_for_selector("dialog .paper canvas[aria-label]")
    check("beat")
    show(page, "/report")
    page.wait_for_selector(".sets input")
    check("report")
    show_service(page)
    check("service")
    page.context.close()


def show_service(page):
    page.goto(f"{urlsplit(page.url).scheme}://{urlsplit(page.url).netloc}/service.html")
    page.wait_for_selector("body[data-ready]")


def _violations(page):
    """Return the violations that axe-core finds."""
    from axe_playwright_python.sync_playwright import Axe

    violations = Axe().run(page).response["violations"]
    return [(one["id"], one["nodes"][0]["html"], one["nodes"][0]["failureSummary"]) for one in violations]
