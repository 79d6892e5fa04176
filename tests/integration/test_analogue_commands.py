"""Impute and forecast without a model: what is written, what is listed, and which flags go together."""

import json
import subprocess
import sys

import edfio
import numpy as np
import pandas as pd
import pytest
import wfdb
from helpers import make_ecg, write_recording

import diffecg
from diffecg.inference.gap_notes import ANNOTATOR

IMPUTE = ["impute", "--engine", "analogues"]
GAPS = ["--gap", "20:20.5", "--gap", "30:31", "--gap", "40:52"]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Return a recording of a minute, at 360 Hz."""
    return write_recording(tmp_path_factory.mktemp("recording") / "100")


def test_impute_writes_a_draw_and_states_it_everywhere(run, source, tmp_path):
    out = tmp_path / "out"
    status, printed, err = run(*IMPUTE, source, *GAPS, "--out", out)
    assert (status, err) == (0, "")
    assert (
        "2 gap(s), 1.50 s of MLII; written: representative of 16 draws, analogues; 90 % interval" in printed
    )
    assert "1 gap(s) longer than --max-gap not imputed" in printed
    before, after = (diffecg.read_recording(path) for path in (source, out / "100"))
    changed = np.flatnonzero((before.stored != after.stored).any(axis=0)) / 360
    assert 20 <= changed.min() <= changed.max() < 31
    with np.load(out / "draws.npz") as held:
        draws, at = held["draws_mv"], held["sample"]
        first = at < 25 * 360
        written = after.signal_mv[0, at[first]]
        assert np.abs(draws[:, first] - written).max(axis=1).min() < 3e-3, "one of the draws"
        assert not np.allclose(written, held["mean_mv"][first], atol=3e-3)
    table = pd.read_csv(out / "gaps.csv")
    assert table["written"].tolist() == [
        *["representative of 16 draws, analogues"] * 2,
        "nothing: longer than --max-gap",
    ]
    assert table["mean_interval_width_mv"].notna().tolist() == [True, True, False]
    card = json.loads((out / "card.json").read_text())
    assert card["written"] == "representative of 16 draws, analogues"
    assert [one["start"] for one in card["intervals"]] == [7200, 10_800]
    assert [one["start"] for one in card["too_long"]] == [14_400]
    notes = wfdb.rdann(str(out / "100"), ANNOTATOR)
    width = table["mean_interval_width_mv"][0]
    assert notes.sample.tolist() == [7200, 10_800, 14_400]
    assert (
        notes.aux_note[0]
        == f"imputed MLII: representative of 16 draws, analogues, 90 % interval width {width:.2f} mV"
    )
    assert notes.aux_note[2] == "not imputed MLII: longer than --max-gap"
    assert (out / "100.atr").read_bytes() == source.with_suffix(".atr").read_bytes()


def test_notes_of_an_earlier_imputation_are_kept(run, source, tmp_path):
    assert run(*IMPUTE, source, "--gap", "20:20.5", "--out", tmp_path / "one")[0] == 0
    again = [*IMPUTE, tmp_path / "one" / "100", "--gap", "30:31", "--annotator", "atr"]
    assert run(*again, "--out", tmp_path / "two")[0] == 0
    assert wfdb.rdann(str(tmp_path / "two" / "100"), ANNOTATOR).sample.tolist() == [7200, 10_800]


@pytest.mark.parametrize(
    ("write", "words"), [("mean", "mean of 16 draws"), ("none", "nothing, beside it 16 draws")]
)
def test_the_mean_or_nothing_is_written_on_request(run, source, tmp_path, write, words):
    out = tmp_path / "out"
    status, printed, _ = run(*IMPUTE, source, *GAPS[:2], "--write", write, "--out", out)
    assert status == 0
    assert f"written: {words}, analogues" in printed
    before, after = (diffecg.read_recording(path) for path in (source, out / "100"))
    with np.load(out / "draws.npz") as held:
        gap, mean_mv = held["sample"], held["mean_mv"]
    expected = before.signal_mv[0, gap] if write == "none" else mean_mv
    assert after.signal_mv[0, gap] == pytest.approx(expected, abs=3e-3)
    note = wfdb.rdann(str(out / "100"), ANNOTATOR).aux_note[0]
    assert note.startswith("not imputed" if write == "none" else "imputed")


def test_missing_samples_stay_missing_if_nothing_is_written(run, tmp_path):
    signal = make_ecg(0)[0]
    signal[7200:7300] = np.nan
    pd.DataFrame({"time_s": np.arange(len(signal)) / 360, "II (mV)": signal}).to_csv(
        tmp_path / "r.csv", index=False
    )
    assert run(*IMPUTE, tmp_path / "r.csv", "--write", "none", "--out", tmp_path / "out")[0] == 0
    back = diffecg.read_recording(tmp_path / "out" / "r.csv")
    assert np.isnan(back.signal_mv[0, 7200:7300]).all()
    (note,) = back.annotations
    assert (note.time_s, note.duration_s) == pytest.approx((20.0, 100 / 360))
    assert note.text.startswith("not imputed II: nothing, beside it 16 draws, analogues, 90 % interval width")


def test_an_edf_file_is_copied_and_its_notes_lie_beside_it(run, tmp_path):
    ecg = make_ecg(0, fs_hz=250.0)[0]
    signals = [edfio.EdfSignal(ecg, 250, label="ECG II", physical_dimension="mV", physical_range=(-5, 5))]
    edfio.Edf(signals, annotations=[edfio.EdfAnnotation(6.1, 2.5, "loose")]).write(tmp_path / "night.edf")
    assert run(*IMPUTE, tmp_path / "night.edf", "--gap", "30:31", "--out", tmp_path / "out")[0] == 0
    before, after = (edfio.read_edf(tmp_path / name) for name in ("night.edf", "out/night.edf"))
    assert before.annotations == after.annotations
    table = pd.read_csv(tmp_path / "out" / "night_annotations.csv")
    assert table["time_s"].tolist() == [30.0]
    assert table["text"][0].startswith("imputed ECG II: representative of 16 draws, analogues")


def test_a_longer_gap_is_imputed_with_max_gap(run, source, tmp_path):
    status, _, err = run(*IMPUTE, source, *GAPS[-2:], "--out", tmp_path / "a")
    assert status == 1
    assert "the gap is longer than --max-gap 10" in err
    assert "lasts 12 s: raise --max-gap" in err
    assert not (tmp_path / "a").exists()
    asked = ["--max-gap", 15, "--json"]
    status, printed, _ = run(*IMPUTE, source, *GAPS[-2:], *asked, "--out", tmp_path / "b")
    assert status == 0
    assert json.loads(printed)["too_long"] == 0


def test_forecast_needs_no_model(run, source, tmp_path):
    status, printed, _ = run(
        "forecast", "--engine", "analogues", source, "--at", 40, "--out", tmp_path / "ahead"
    )
    assert status == 0
    assert "16 draws, analogues, 90 % interval" in printed
    table = pd.read_csv(tmp_path / "ahead" / "forecast.csv")
    assert list(table) == ["time_s", "draw_mv", "mean_mv", "lower_mv", "upper_mv", "recorded_mv"]
    assert np.abs(table["mean_mv"] - table["recorded_mv"]).mean() < 0.3


@pytest.mark.parametrize("command", ["impute", "forecast"])
def test_flags_of_the_other_engine_and_models_as_recordings_are_refused(run, gaps, source, tmp_path, command):
    out = ["--out", tmp_path / "out"]
    for model in ("mitbih-strip", gaps):
        status, _, err = run(command, model, source, *out)
        assert status == 1
        assert f"{model} is a model, not a recording; give it as diffecg {command} --model {model}" in err
    for flags in (
        ["--engine", "analogues", "--steps", 3],
        ["--engine", "analogues", "--model", "mitbih-strip"],
    ):
        status, _, err = run(command, source, *flags, *out)
        assert status == 1
        assert "is of the diffusion engine; leave it out" in err


def test_a_model_is_chosen_by_name_or_by_default(run, gaps, source, tmp_path):
    few = ["--gap", "20:20.5", "--draws", 1, "--steps", 1, "--json"]
    for flags, model in ((["--model", gaps], "gaps"), ([], "mitbih-strip")):
        status, printed, _ = run("impute", source, *flags, *few, "--out", tmp_path / model)
        assert status == 0
        result = json.loads(printed)
        assert (result["engine"], result["model"]) == ("diffusion", model)


def test_analogues_do_not_load_torch(source, tmp_path):
    command = [*IMPUTE, str(source), "--gap", "20:21", "--out", str(tmp_path / "out")]
    code = (
        "import sys; from diffecg.cli.app import main\n"
        f"try: main({command})\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_noise_elsewhere_is_no_source_of_analogues(run, source, tmp_path):
    """What is to be imputed, or is too long to be, is not taken for signal."""
    recording = diffecg.read_recording(source)
    signal = recording.signal_mv
    signal[0, 14_400:18_720] = 4.0  # 12 s, saturated
    changed = diffecg.Recording.from_arrays(signal, 360, channel_names=recording.channel_names)
    diffecg.write_recording(tmp_path / "r.npz", changed)
    flags = ["--lead", "MLII", "--gap", "30:31", "--detect", "flat"]
    assert run(*IMPUTE, tmp_path / "r.npz", *flags, "--out", tmp_path / "out")[0] == 0
    with np.load(tmp_path / "out" / "draws.npz") as held:
        assert held["draws_mv"].max() < 3
    reasons = pd.read_csv(tmp_path / "out" / "gaps.csv")["reason"].tolist()
    assert reasons == ["given", "flat"]
