"""What four users do in the studio, by mouse and by keyboard alone."""

import io
import re
import zipfile

import numpy as np
import pytest
from hands import Mouse
from helpers import make_ecg
from pages import FAST, FS_HZ, loaded, open_page, show, state, unzipped, write_csv
from pdf_files import pdf_traces
from servers import serving

import diffecg
from diffecg.formats.recording import Recording

pytestmark = pytest.mark.studio


def open_recording(page, hand, *paths):
    """Open a recording by the library."""
    hand.attach(page.locator("#library input[type=file]"), *paths)
    loaded(page)


def impute(page, hand):
    """Impute what is ticked."""
    hand.press(page.get_by_role("button", name=re.compile("^Impute")))
    page.wait_for_selector(".result:not([hidden])")


def go_to(page, hand, view):
    """Open a view by its link."""
    hand.press(page.locator(f"nav a[href='/{view}']"))
    page.wait_for_selector(f"body[data-view={view}][data-ready]")


def test_an_engineer_repairs_a_csv_with_a_lost_segment_and_gets_it_back_as_it_was(page, hand, tmp_path):
    path = write_csv(tmp_path / "Résumé of my wearable (1).csv")
    before = path.read_text().splitlines()
    open_recording(page, hand, path)
    assert page.locator("h1").inner_text().startswith("Résumé of my wearable (1)")
    fault = page.locator(".faults li")
    assert fault.count() == 1
    assert "missing" in fault.inner_text()
    hand.press(fault.get_by_role("button", name=re.compile("Show")))
    page.wait_for_function("() => new URL(location.href).searchParams.has('t')")
    impute(page, hand)
    name, content = hand.download(page.locator(".result a[download]"))
    assert name.startswith("Résumé of my wearable (1)")
    after = unzipped(name, content, ".csv").decode().splitlines()
    assert after[0] == before[0]
    changed = [row for row, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    assert changed == list(range(2001, 2151)), "the lines of the gap, and no other"
    assert all(re.fullmatch(r"\d+,\d+;-?\d+,\d+", after[row]) for row in changed)


def test_a_day_of_ecg_is_opened_and_its_fault_found_and_imputed(page, hand, tmp_path):
    minutes = make_ecg(1, duration_s=600.0, fs_hz=FS_HZ)[0]
    day = np.tile(minutes, 144)
    day[4_000_000:4_000_200] = 0.0
    recording = Recording.from_arrays(day[None], FS_HZ, channel_names=["II"], name="day")
    path = diffecg.write_recording(tmp_path / "day.edf", recording)
    open_recording(page, hand, path)
    page.wait_for_selector(".faults li", timeout=300_000)
    assert "11:06:4" in page.locator(".faults li").first.inner_text(), "time as a clock"
    hand.press(page.get_by_role("button", name="Next fault"))
    impute(page, hand)
    name, content = hand.download(page.locator(".result a[download]"))
    (tmp_path / "back.edf").write_bytes(unzipped(name, content, ".edf"))
    back = diffecg.read_recording(tmp_path / "back.edf").signal_mv[0]
    stored = diffecg.read_recording(path).signal_mv[0]
    changed = np.flatnonzero(back != stored)
    assert changed.size
    assert 3_999_900 < changed[0] <= changed[-1] < 4_000_300


def test_a_data_scientist_gets_beats_of_several_labels_and_a_link_that_makes_them_again(page, hand):
    go_to(page, hand, "beats")
    hand.fill(page.get_by_label("Beats"), "5 V, 3 S")
    hand.fill(page.get_by_label("First seed"), "7")
    hand.press(page.get_by_role("button", name="Generate", exact=True))
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
        _, content = hand.download(page.locator(f"{section} [data-format=npz]"))
        made = np.load(io.BytesIO(content))
        expected = diffecg.load(FAST).generate(label, count, seed=seed).signal_mv
        assert np.abs(made["signal_mv"].reshape(expected.shape) - expected).max() < 1e-3
        real = page.locator(f"{section} div.tile").first.inner_text()
        assert re.fullmatch(r"\d{3}, \d+:\d\d", real), "a real beat names its recording and its time"
    hand.press(page.locator(".set[data-label=V] button.tile").nth(2))
    page.wait_for_selector("dialog .paper canvas[aria-label]")
    hand.press(page.get_by_role("slider", name="Caliper A"))
    page.keyboard.press("Home")
    hand.press(page.get_by_role("slider", name="Caliper B"))
    page.keyboard.press("End")
    assert "708 ms" in page.locator("dialog output").inner_text()
    assert hand.download(page.locator("dialog [data-format=csv]"))[0] == "V-seed-9.csv"
    page.keyboard.press("Escape")
    page.reload()
    page.wait_for_function("() => document.querySelectorAll('.set[data-done]').length === 2")
    page.goto(re.sub("&jobs=[^&]*", "", page.url))
    page.wait_for_selector("body[data-ready]")
    assert page.get_by_label("Beats").input_value() == "5 V, 3 S"
    assert page.get_by_label("First seed").input_value() == "7"


def test_a_teacher_composes_and_prints_a_sheet_on_which_25_mm_are_a_second(page, studio, hand):
    go_to(page, hand, "compose")
    hand.fill(page.get_by_label("Length"), "0.5")
    hand.press(page.get_by_role("button", name="bigeminy", exact=True))
    page.wait_for_function("() => /1[0-9] V/.test(document.querySelector('#main .status').innerText)")
    assert page.locator(".beats-line").inner_text().startswith("N V N V")
    shown = state(page)["recording"]
    hand.press(page.get_by_role("button", name="Print"))
    page.wait_for_url(f"**/r/{shown}*")
    loaded(page)
    info = studio("GET", f"/api/recordings/{shown}").json()
    assert info["duration_s"] == pytest.approx(30, abs=2)
    _, content = hand.download(page.locator("#panel a[download]").first)
    check_traces(pdf_traces(content), [at_s for at_s, _ in info["beats"]])
    hand.choose(page.locator("#panel").get_by_label("Rhythm"), "hidden")
    assert "rhythm=hidden" in page.locator("#panel a[download]").first.get_attribute("href")


def check_traces(traces, beats_s):
    """Check that three rows of 10 s show each QRS complex where its time says, at 25 mm/s."""
    assert len(traces) == 3
    left = min(one[:, 0].min() for one in traces)
    for row, trace in enumerate(traces):
        assert np.ptp(trace[:, 0]) <= 250.1
        inside = [at_s for at_s in beats_s if 10 * row + 0.3 < at_s < 10 * row + 9.7]
        for at_s in inside[:4]:
            near = trace[np.abs(trace[:, 0] - left - 25 * (at_s - 10 * row)) < 2]
            assert np.ptp(near[:, 1]) > 3


def write_sets(folder, beats):
    """Write real normal beats and noise as sets of windows."""
    prepared = diffecg.open_windows(beats)
    is_normal = (prepared.index["label"] == "N").to_numpy()
    noise = np.random.default_rng(0).normal(0, 3, (40, *prepared.signal_mv.shape[1:]))
    for name, signal_mv in (("real", prepared.signal_mv[is_normal]), ("noise", noise)):
        labels = np.array(["N"] * len(signal_mv))
        np.savez(folder / f"{name}.npz", signal_mv=signal_mv, fs_hz=prepared.fs_hz, labels=labels)


def test_a_researcher_compares_two_generators(page, hand, windows, tmp_path):
    write_sets(tmp_path, windows["beat"])
    show(page, f"/beats?model={FAST}&counts=40 N")
    hand.press(page.get_by_role("button", name="Generate", exact=True))
    page.wait_for_selector(".set[data-done]")
    go_to(page, hand, "report")
    page.wait_for_selector(".sets input")
    hand.press(page.get_by_label(re.compile("40 N of")).first)
    hand.attach(page.get_by_label("Add a set from a file"), tmp_path / "noise.npz")
    page.wait_for_selector(".sets label:has-text('noise.npz')")
    hand.attach(page.get_by_label("Real beats from a file"), tmp_path / "real.npz")
    page.wait_for_function(
        "() => document.querySelector('#main select').selectedOptions[0].text.includes('real.npz')"
    )
    hand.press(page.get_by_label("physiology"))
    hand.press(page.get_by_role("button", name="Evaluate"))
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


def test_a_new_project_leads_to_a_repaired_example_in_three_clicks(browser, tmp_path):
    with serving() as started:
        page = open_page(browser, started)
        user = Mouse(page)
        user.press(page.locator(".card", has_text="A detached electrode"))
        page.wait_for_selector(".faults li")
        impute(page, user)
        _, content = user.download(page.get_by_role("link", name="Download the recording"))
        page.context.close()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path)
    repaired = diffecg.read_recording(next(tmp_path.rglob("*.hea")))
    assert np.isfinite(repaired.signal_mv).all()
