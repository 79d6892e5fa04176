"""The page of the studio in a browser: what users do in it, by mouse and by keyboard."""

import io
import re
import zipfile
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import pytest
import wfdb
from hands import Keyboard
from helpers import make_ecg, write_recording
from pages import FAST, FS_HZ, impute, loaded, open_files, open_page, show, state, violations, write_csv

import diffecg

pytestmark = pytest.mark.studio
PX_MM = 96 / 25.4
"""Pixels of CSS in a millimetre."""


@pytest.fixture
def recording(tmp_path):
    return write_recording(tmp_path / "100")


def open_example(page, name):
    page.click(f".card[data-example={name}]")
    loaded(page)


def wfdb_files(recording):
    return [recording.with_suffix(suffix) for suffix in (".hea", ".dat", ".atr")]


def download(page, selector):
    """Click a link, and return the name and the content of the file."""
    with page.expect_download() as found:
        page.locator(selector).first.click()
    return found.value.suggested_filename, found.value.path().read_bytes()


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


def test_an_example_is_repaired_in_two_clicks_and_the_result_is_in_sight(page, studio):
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
    assert "64" in page.locator("#panel").inner_text(), "the limit of the server"


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


def test_marks_and_ticks_are_undone_and_redone_before_recordings_are(page):
    open_example(page, "detached-electrode")
    original = urlsplit(page.url).path
    assert page.get_by_role("button", name="Undo", exact=True).is_disabled()
    faults, ticked = page.locator(".faults li"), page.locator(".faults input:checked")
    found = faults.count()
    page.locator(".faults input").first.press("Space")
    assert page.locator(".faults input").first.evaluate("(box) => box === document.activeElement")
    page.get_by_label("From", exact=True).fill("0:05")
    page.get_by_label("to", exact=True).fill("0:05.5")
    page.get_by_label("Lead of the interval").select_option("I")
    page.get_by_role("button", name="Add", exact=True).click()

    def shown():
        return faults.count() - found, found + 1 - ticked.count()

    assert shown() == (1, 1)
    page.locator(".paper").focus()
    page.keyboard.press("Control+z")
    assert shown() == (0, 2)
    page.keyboard.press("Control+z")
    assert shown() == (0, 1)
    page.keyboard.press("Control+z")
    assert urlsplit(page.url).path == original, "nothing is left to undo"
    page.get_by_role("button", name="Redo", exact=True).click()
    page.get_by_role("button", name="Redo", exact=True).click()
    assert shown() == (1, 1)
    page.reload()
    loaded(page)
    assert shown() == (1, 1)
    impute(page)
    page.keyboard.press("Control+z")
    page.wait_for_url(f"**{original}*")
    loaded(page)
    assert shown() == (1, 1), "as before the step"
    page.keyboard.press("Control+y")
    page.wait_for_function("(path) => location.pathname !== path", arg=original)


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
    page.wait_for_selector("body[data-ready]")
    assert page.locator(".faults li").count() == 2
    page.keyboard.press("?")
    keys = page.locator("dialog table").inner_text()
    assert "next and previous fault" in keys
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")


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


def test_the_paper_moves_and_zooms_by_mouse_keys_and_two_fingers(browser, studio, recording):
    page = open_page(browser, studio, has_touch=True)
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
    assert "null" not in page.locator("main").inner_text(), "a recording of one lead has no menu of leads"
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


def test_the_library_keeps_the_focus_while_it_follows_a_job(page, studio):
    sampling = {"sampler": "ddpm", "steps": 1000}
    job = studio.submit("generate", model=FAST, options={"label": "V", "count": 2000}, sampling=sampling)
    cancel = page.locator("#library").get_by_role("button", name="Cancel Beats 2000 V")
    Keyboard(page).reach(cancel)
    for _ in range(2):
        shown = page.locator("#library .job small").inner_text()
        page.wait_for_function(
            "(shown) => document.querySelector('#library .job small').innerText !== shown", arg=shown
        )
    page.keyboard.press("Enter")
    cancel.wait_for(state="detached")
    assert studio.wait(job)["state"] == "cancelled"


def test_a_view_that_replaces_another_has_the_focus(page):
    open_example(page, "bigeminy")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('#main').contains(document.activeElement)")


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


BASELINE = """() => {
    const canvas = document.querySelector(".paper canvas"), { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    const at = (x, y) => 4 * (y * width + x);
    const isInk = (x, y) => data.slice(at(x, y), at(x, y) + 3).every((value) => value < 100);
    const rows = (x) => [...Array(height - 30).keys()].filter((y) => y > 30 && isInk(x, y));
    const heights = [];
    for (let x = 60; x < width - 10; x++) heights.push(...rows(x).slice(0, 1));
    return [rows(2).at(-1), heights.sort((a, b) => a - b)[heights.length >> 1]];
}"""
"""The foot of the calibration pulse, and the median height of the trace, in pixels from above."""


def test_the_baseline_of_a_composed_strip_is_at_the_foot_of_the_pulse_whatever_its_offset(page, studio):
    show(page, f"/compose?model={FAST}&text=sinus rhythm N*6 V N*4 S&subject=0&minutes=0.2")
    loaded(page)
    page.wait_for_timeout(300)
    signal = studio("GET", f"/api/recordings/{state(page)['recording']}/signal").content
    assert np.median(np.frombuffer(signal, "<f4")) < -0.5, "the offset of recordings of the training set"
    foot, trace = page.evaluate(BASELINE)
    assert abs(foot - trace) < 0.15 * 10 * PX_MM, "0.15 mV at 10 mm/mV"


def test_a_composed_recording_that_was_opened_in_the_workbench_is_kept(page, studio):
    show(page, f"/compose?model={FAST}&text=N*2 V&minutes=0.2")
    loaded(page)
    kept = state(page)["recording"]
    page.get_by_role("button", name="Open in the workbench").click()
    page.wait_for_url(f"**/r/{kept}*")
    page.go_back()
    page.wait_for_selector("body[data-view=compose][data-ready]")
    assert state(page)["recording"] == kept
    page.click("nav a[href='/beats']")
    page.wait_for_selector("body[data-view=beats][data-ready]")
    page.wait_for_timeout(500)
    assert studio("GET", f"/api/recordings/{kept}").status_code == 200


def test_a_page_that_is_closed_leaves_no_recording_that_nobody_kept(page, studio):
    show(page, f"/compose?model={FAST}&text=N&minutes=0.2")
    loaded(page)
    shown = state(page)["recording"]
    second = page.context.new_page()
    second.goto(f"{studio.url}/compose?model={FAST}&text=V&minutes=0.2")
    loaded(second)
    closed = state(second)["recording"]
    page.reload()
    loaded(page)
    assert state(page)["recording"] != shown, "composed again"
    second.close()
    while studio("GET", f"/api/recordings/{closed}").status_code != 404:
        page.wait_for_timeout(100)
    assert studio("GET", f"/api/recordings/{state(page)['recording']}").status_code == 200


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("sinus rhythm N*6 V", "mitbih-beat"),
        ("atrial fibrillation occasional V", "ptbxl-beat"),
        ("first-degree block", "ptbxl-beat"),
        ("atrial fibrillation N*4 F", "mitbih-beat"),
    ],
)
def test_the_model_suits_the_rhythm(page, text, model):
    models = [
        {"name": "mitbih-beat", "leads": ["MLII"], "labels": ["N", "S", "V", "F", "Q"]},
        {"name": "ptbxl-beat", "leads": ["I", "II"], "labels": ["N", "S", "V", "AFIB"]},
    ]
    found = "async ([text, models]) => (await import('/compose.js')).suitableModel(text, models)"
    assert page.evaluate(found, [text, models]) == model
    assert page.evaluate(found, [text, models[:1]]) == "mitbih-beat"
    of_subject = found.replace("(text, models)", "(text, models, true)")
    assert page.evaluate(of_subject, [text, models]) == ("mitbih-beat" if "F" in text else "ptbxl-beat")


def test_a_rhythm_that_is_wrong_is_said_so_at_the_field_and_its_strip_is_gone(page):
    show(page, f"/compose?model={FAST}&text=N&minutes=0.2")
    loaded(page)
    page.get_by_label("Rhythm", exact=True).fill("N*3 (V")
    page.wait_for_selector(".error")
    assert page.locator(".paper").is_hidden()


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
def test_every_view_fits_and_is_accessible(browser, studio, scheme, width):
    page = open_page(browser, studio, viewport={"width": width, "height": 844}, color_scheme=scheme)

    def check(name):
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert not violations(page), name

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
