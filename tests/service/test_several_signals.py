"""Recordings of ECG, PPG, pressure and respiration: over HTTP, and in the page."""

import io
import json
import re

import numpy as np
import pandas as pd
import pytest
from bedside import FS_HZ, NAMES, UNITS, bedside_signals, write_bedside, write_model, write_night
from pages import impute, loaded, open_files, open_page, unzipped
from servers import serving

import diffecg
from diffecg.inference.options import DrawOptions, ImputeOptions
from diffecg.inference.planning import plan_imputation
from diffecg.inference.recordings import impute_recording
from diffecg.signal.masks import Interval

ABP = {"start_s": 30.0, "stop_s": 31.0, "lead": "ABP"}


@pytest.fixture(scope="module")
def monitor_model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("models") / "bedside-model")


@pytest.fixture(scope="module")
def server(monitor_model):
    with serving("--model", "mitbih-strip", monitor_model) as started:
        yield started


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write_bedside(tmp_path_factory.mktemp("uploaded") / "bedside.csv")


@pytest.fixture(scope="module")
def info(server, path):
    return server.upload(path).json()


def signal(server, recording, **query):
    answer = server("GET", f"/api/recordings/{recording}/signal", params=query)
    assert answer.status_code == 200, answer.text
    about = json.loads(answer.headers["x-signal"])
    return np.frombuffer(answer.content, "<f4").reshape(about["shape"]), about


def test_each_signal_has_its_kind_and_unit(server, info):
    found = [(lead["name"], lead["kind"], lead["unit"]) for lead in info["leads"]]
    assert found == list(zip(NAMES, ("ecg", "ppg", "pressure", "respiration"), UNITS, strict=True))
    assert info["lead"] == "II"
    values, about = signal(server, info["id"])
    assert (about["leads"], about["units"]) == (list(NAMES), list(UNITS))
    assert np.abs(values - bedside_signals()).max() < 1e-3
    strip, monitor = server("GET", "/api/models").json()
    assert strip["kinds"] == ["ecg"]
    assert monitor["kinds"] == ["ecg", "ppg", "pressure"]


def test_a_pressure_in_another_unit_is_served_in_mmhg(server, tmp_path):
    signals = bedside_signals()
    signals[2] /= 7.500617
    path = write_bedside(tmp_path / "kpa.csv", signals, units=("mV", "NU", "kPa", "NU"))
    uploaded = server.upload(path).json()
    assert uploaded["leads"][2]["unit"] == "mmHg"
    assert uploaded["interpretation"]["units"]["ABP"] == "kPa"
    values, _ = signal(server, uploaded["id"], lead="ABP")
    assert np.abs(values[0] - bedside_signals()[2]).max() < 0.01


def test_a_pressure_without_unit_is_imputed_once_its_unit_is_stated(server, tmp_path):
    path = tmp_path / "nounit.csv"
    pd.DataFrame(bedside_signals().T, columns=NAMES).to_csv(path, index=False)
    uploaded = server.upload(path, fs=FS_HZ).json()
    assert uploaded["leads"][2]["unit"] == "NU"
    job = server.wait(server.submit("impute", recording=uploaded["id"], options={"gaps": [ABP]}))
    assert job["state"] == "failed"
    assert job["error"].endswith("is not a unit of its kind, pressure; state its unit, under File")
    stated = {"fs_hz": FS_HZ, "units": {"ABP": "mmHg"}}
    answer = server("PUT", f"/api/recordings/{uploaded['id']}/interpretation", json=stated)
    assert answer.status_code == 200, answer.text
    assert answer.json()["leads"][2]["unit"] == "mmHg"
    _, result = server.result("impute", recording=uploaded["id"], options={"gaps": [ABP]})
    assert result["intervals"][0]["unit"] == "mmHg"
    wrong = {**stated, "units": {"ABP": "furlong"}}
    assert server("PUT", f"/api/recordings/{uploaded['id']}/interpretation", json=wrong).status_code == 422


def test_signals_of_several_rates_are_served_as_they_are_stored(server, tmp_path):
    uploaded = server.upload(write_night(tmp_path / "night.edf")).json()
    found = [(lead["name"], lead["fs_hz"], lead["samples"]) for lead in uploaded["leads"]]
    assert found == [("ECG II", 250.0, 15_000), ("RESP", 25.0, 1500), ("Temp", 1.0, 60)]
    for name, row, fs_hz, step in (("ECG II", 0, 250.0, 2e-4), ("RESP", 3, 25.0, 4e-5)):
        values, about = signal(server, uploaded["id"], lead=name, start=10, stop=20)
        assert (about["leads"], about["fs_hz"]) == ([name], fs_hz)
        part = bedside_signals(fs_hz)[row, round(10 * fs_hz) : round(20 * fs_hz)]
        assert np.abs(values[0] - part).max() < step
    bounds, about = signal(server, uploaded["id"], lead="RESP", points=10)
    assert about["kind"] == "envelope"
    assert np.abs([bounds.min() + 0.2, bounds.max() - 0.2]).max() < 1e-3
    assert signal(server, uploaded["id"])[1]["leads"] == ["ECG II"]
    mixed = server("GET", f"/api/recordings/{uploaded['id']}/signal?lead=II&lead=RESP")
    assert mixed.status_code == 422
    assert "RESP 25 Hz" in mixed.json()["detail"]
    gap = {"start_s": 20.0, "stop_s": 21.0}
    both = {"gaps": [{**gap, "lead": "II"}, {**gap, "lead": "RESP"}]}
    answer = server("POST", "/api/impute", json={"recording": uploaded["id"], "options": both})
    assert answer.status_code == 422
    _, result = server.result("impute", recording=uploaded["id"], options={"gaps": both["gaps"][1:]})
    (interval,) = result["intervals"]
    assert (interval["first"], interval["last"], result["fs_hz"]) == (500, 525, 25.0)


@pytest.mark.parametrize("model", [None, "bedside-model"])
def test_a_gap_in_a_pressure_is_imputed_as_the_library_does(server, info, path, monitor_model, model):
    job, result = server.result(
        "impute", recording=info["id"], model=model, options={"gaps": [ABP]}, draw={"draws": 4}
    )
    (interval,) = result["intervals"]
    assert (interval["lead"], interval["unit"]) == ("ABP", "mmHg")
    recording = diffecg.read_recording(path)
    imputer = diffecg.load_imputer("analogues" if model is None else monitor_model)
    options = ImputeOptions(gaps=(Interval(**ABP),))
    plan = plan_imputation(imputer, recording, options)
    expected = impute_recording(imputer, recording, plan, options, DrawOptions(draws=4))
    _, part = expected.parts[0].part()
    for name in ("signal", "mean", "lower", "upper", "draws"):
        np.testing.assert_allclose(interval[name], getattr(part, name), atol=1e-3)
    made, _ = signal(server, job["result_recording"])
    changed = np.flatnonzero((made != signal(server, info["id"])[0]).any(axis=0))
    assert (changed.min(), changed.max()) == (30 * FS_HZ, 31 * FS_HZ - 1)
    assert np.abs(made[2, changed] - part.signal[: len(changed)]).max() < 0.01


def test_a_model_that_does_not_impute_a_kind_names_those_that_do(server, info):
    for task, options in (("impute", {"gaps": [ABP]}), ("forecast", {"at_s": 30.0, "lead": "ABP"})):
        request = {"recording": info["id"], "model": "mitbih-strip", "options": options}
        answer = server("POST", f"/api/{task}", json=request)
        assert answer.status_code == 422
        assert "choose bedside-model, or no model" in answer.json()["detail"]
    denoised = server("POST", "/api/denoise", json={"recording": info["id"], "options": {"intervals": [ABP]}})
    assert denoised.status_code == 422
    assert "ABP is of the kind pressure" in denoised.json()["detail"]
    sheet = server("GET", f"/api/recordings/{info['id']}/sheet?leads=ABP")
    assert "a sheet is for an ECG alone" in sheet.json()["detail"]
    assert server("GET", f"/api/recordings/{info['id']}/sheet?leads=II").status_code == 200


def test_a_forecast_of_a_pressure_is_a_recording_of_all_signals(server, info):
    options = {"at_s": 40.0, "horizon_s": 0.8, "lead": "ABP"}
    job, result = server.result("forecast", recording=info["id"], options=options)
    (interval,) = result["intervals"]
    assert (interval["unit"], interval["first"], interval["last"]) == ("mmHg", 5000, 5100)
    made = server("GET", f"/api/recordings/{job['result_recording']}").json()
    kinds = ["kind", "unit"]
    assert [[lead[key] for key in kinds] for lead in made["leads"]] == [
        [lead[key] for key in kinds] for lead in info["leads"]
    ]
    values, _ = signal(server, made["id"])
    assert np.isfinite(values).all(axis=1).tolist() == [False, False, True, False]
    assert np.abs(values[2, -100:] - interval["signal"]).max() < 0.01
    assert np.abs(values[:, :5000] - bedside_signals()[:, :5000]).max() < 1e-2


def test_beats_are_found_in_pulses_where_there_is_no_ecg(server, info, tmp_path):
    expected = server("GET", f"/api/recordings/{info['id']}/overview?points=20").json()
    assert expected["lead"] == "II"
    assert expected["faults"] == []
    alone = write_bedside(tmp_path / "ppg.csv", bedside_signals()[[3, 1]], ("RESP", "PLETH"), ("NU", "NU"))
    flat = bedside_signals()
    flat[0] = 0.1
    for path in (alone, write_bedside(tmp_path / "flat.csv", flat)):
        uploaded = server.upload(path).json()
        overview = server("GET", f"/api/recordings/{uploaded['id']}/overview?points=20").json()
        assert overview["lead"] == "PLETH"
        rates, others = (np.array([rate for _, rate in one["heart_rate"]]) for one in (overview, expected))
        assert np.abs(rates[1:-1] - others[1:-1]).max() < 3


@pytest.fixture
def page(browser, server):
    page = open_page(browser, server)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert not errors
    page.context.close()


def lane(page, name):
    """Return the middle of the lane of a signal, in pixels from the upper left corner of the window."""
    page.get_by_role("tab", name="Measure").click()
    box = page.locator(".paper").bounding_box()
    heights = np.arange(box["y"] + 8, box["y"] + box["height"] - 30, 4.0)
    found = []
    for y in heights:
        page.mouse.move(box["x"] + 300, y)
        if page.locator(".readout").inner_text().startswith(f"{name} "):
            found.append(y)
    page.get_by_role("tab", name="Repair").click()
    return box["x"], float(np.mean(found))


@pytest.mark.studio
def test_a_pressure_is_shown_marked_and_repaired_in_mmhg(page, path):
    open_files(page, path)
    shown = page.locator(".paper canvas").get_attribute("aria-label")
    assert "4 signals: II, 10 mm/mV; PLETH, 50 mm/NU; ABP, 0.5 mm/mmHg; RESP, 50 mm/NU" in shown
    assert page.locator(".faults li").count() == 0
    left, y = lane(page, "ABP")
    page.mouse.move(left + 300, y)
    assert re.fullmatch(r"ABP \d+\.\d mmHg at 0:0\d\.\d\d", page.locator(".readout").inner_text())
    page.keyboard.down("Shift")
    page.mouse.move(left + 300, y)
    page.mouse.down()
    page.mouse.move(left + 400, y, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")
    page.get_by_role("button", name="Add", exact=True).click()
    assert "ABP marked" in page.locator(".faults li").inner_text()
    assert page.get_by_role("button", name=re.compile("^Denoise")).is_disabled()
    page.locator("summary", has_text="How").click()
    method = page.get_by_label("Imputed by")
    assert method.locator("option:disabled").all_inner_texts() == ["mitbih-strip: ECG"]
    method.select_option("bedside-model")
    impute(page)
    row = page.locator(".result tr").nth(1).inner_text()
    assert "ABP" in row
    assert row.endswith(" mmHg")
    with page.expect_download() as found:
        page.locator(".result a[download]").click()
    name, content = found.value.suggested_filename, found.value.path().read_bytes()
    after = pd.read_csv(io.BytesIO(unzipped(name, content, ".csv")))
    before = pd.read_csv(path)
    assert list(after.columns) == list(before.columns)
    changed = (after != before).any()
    assert [column for column in after.columns if changed[column]] == [
        column for column in before.columns if "ABP" in column
    ]


@pytest.mark.studio
def test_a_forecast_is_that_of_the_signal_that_is_clicked(page, path):
    open_files(page, path)
    left, y = lane(page, "ABP")
    page.get_by_role("tab", name="Forecast").click()
    page.mouse.click(left + 500, y)
    assert page.locator("[data-field=lead]").input_value() == "ABP"
    note = page.locator("#panel")
    method = page.get_by_label("Forecast by")
    assert method.input_value() == "bedside-model", "of the models that forecast a pressure"
    page.locator("[data-field=lead]").select_option("II")
    assert method.input_value() == "mitbih-strip", "of the two the one of fewer kinds"
    method.select_option("bedside-model")
    page.locator("[data-field=lead]").select_option("RESP")
    assert "bedside-model does not impute respiration; similar segments do." in note.inner_text()
    assert page.get_by_label("Forecast by").input_value() == ""
    page.locator("[data-field=lead]").select_option("ABP")
    assert page.get_by_label("Forecast by").input_value() == "bedside-model"
    page.get_by_role("button", name="Forecast", exact=True).click()
    page.wait_for_function("() => document.querySelector('h1').innerText.endsWith('forecast')")
    loaded(page)
    assert page.locator("[data-field=lead]").input_value() == "ABP"
    page.get_by_role("tab", name="Measure").click()
    assert page.locator(".measured").inner_text().count(" m") > 1


@pytest.mark.studio
def test_signals_of_several_rates_are_marked_and_measured_one_at_a_time(page, tmp_path):
    open_files(page, write_night(tmp_path / "night.edf"))
    page.get_by_label("From", exact=True).fill("0:05")
    page.get_by_label("to", exact=True).fill("0:06")
    page.get_by_role("button", name="Add", exact=True).click()
    assert page.locator(".faults li").count() == 3
    assert page.get_by_role("button", name=re.compile("^Impute")).is_disabled()
    assert "RESP has 25 Hz" in page.locator("#panel").inner_text()
    for name in ("ECG II", "Temp"):
        page.locator(".faults li", has_text=name).locator("input").uncheck()
    impute(page)
    assert page.locator(".result tr").nth(1).inner_text().endswith(" NU")
    page.get_by_role("tab", name="Measure").click()
    page.locator("#panel select").select_option("Temp")
    assert "degC" in page.locator(".measured").inner_text()
