"""Written windows and recordings are read back by diffecg and by other programs."""

import json

import numpy as np
import pandas as pd
import pytest
import wfdb

import diffecg
from diffecg.datasets.formats.registry import read_windows, write_windows
from diffecg.errors import DiffecgError
from diffecg.formats.registry import read_recording
from diffecg.inference.export import write_forecast, write_imputed
from diffecg.inference.gaps import Segment, find_segments
from diffecg.inference.options import DrawOptions, ImputeOptions
from diffecg.inference.planning import ForecastPlan, ImputationPlan
from diffecg.inference.recordings import impute_recording
from diffecg.plotting.paper import Paper, mm_per_unit, panel_range


@pytest.fixture(scope="module")
def beats(runs):
    return diffecg.load(runs["beat"]).generate(["V", "S", None], 3, seed=7, steps=2)


def test_npz_files_contain_all_windows(beats, tmp_path):
    write_windows(beats, tmp_path / "v.npz")
    with np.load(tmp_path / "v.npz", allow_pickle=False) as back:
        assert np.array_equal(back["signal_mv"], beats.signal_mv)
        assert back["labels"].tolist() == ["V", "S", "?"]
        assert back["seeds"].tolist() == [7, 8, 9]
        assert back["fs_hz"] == 360
        card = json.loads(str(back["card"]))
    assert card["synthetic"] is True
    assert (card["first_seed"], card["steps"], card["count"]) == (7, 2, 3)


@pytest.mark.parametrize("name", ["v.npz", "v.parquet", "v.csv"])
def test_what_generate_writes_is_opened(beats, tmp_path, name):
    write_windows(beats, tmp_path / name)
    back = diffecg.open_windows(tmp_path / name)
    assert back.labels.tolist() == ["V", "S", "?"]
    assert np.allclose(back.flat(), beats.flat(), atol=1e-5)  # a table has five decimals


def test_parquet_files_contain_all_windows(beats, tmp_path):
    write_windows(beats, tmp_path / "v.parquet")
    table = pd.read_parquet(tmp_path / "v.parquet")
    back = np.stack([np.stack(row) for row in table["signal_mv"]])
    assert np.array_equal(back, beats.signal_mv)
    assert table["label"].tolist() == ["V", "S", "?"]


def test_csv_files_contain_all_windows(beats, tmp_path):
    write_windows(beats, tmp_path / "v.csv")
    table = pd.read_csv(tmp_path / "v.csv")
    assert np.allclose(table.filter(like="mv_").to_numpy(), beats.signal_mv[:, 0], atol=1e-5)
    assert table["seed"].tolist() == [7, 8, 9]
    assert set(table["lead"]) == {"MLII"}
    assert json.loads((tmp_path / "v.card.json").read_text())["unit"] == "mV"


def test_wfdb_folders_contain_all_windows(beats, tmp_path):
    write_windows(beats, tmp_path / "v")
    names = (tmp_path / "v" / "RECORDS").read_text().split()
    assert names == ["w00000007", "w00000008", "w00000009"]
    recording = wfdb.rdrecord(str(tmp_path / "v" / names[0]))
    assert np.allclose(recording.p_signal[:, 0], beats.signal_mv[0, 0], atol=6e-4)
    assert (recording.fs, recording.sig_name, recording.units) == (360, ["MLII"], ["mV"])
    annotation = wfdb.rdann(str(tmp_path / "v" / names[0]), "atr")
    assert (annotation.sample.tolist(), annotation.symbol) == ([128], ["V"])
    assert read_recording(tmp_path / "v" / names[2]).channel_names == ("MLII",)
    assert not (tmp_path / "v" / f"{names[2]}.atr").exists()


@pytest.mark.parametrize("name", ["v.npz", "v.csv", "v.parquet", "v"])
def test_chunks_are_written_like_all_windows_at_once(beats, runs, tmp_path, name):
    stream = diffecg.load(runs["beat"]).stream(["V", "S", None], 3, seed=7, steps=2, chunk=2)
    card = write_windows(stream, tmp_path / name, count=3)
    (tmp_path / "whole").mkdir()
    assert card == write_windows([beats], tmp_path / "whole" / name, count=3)
    assert card["labels"] == {"V": 1, "S": 1, "?": 1}
    back, whole = read_windows(tmp_path / name), read_windows(tmp_path / "whole" / name)
    assert np.abs(back.signal_mv - whole.signal_mv).max() < 1e-4
    assert np.abs(back.signal_mv - beats.signal_mv).max() < 6e-4
    assert back.labels.tolist() == whole.labels.tolist() == ["V", "S", "?"]
    assert back.info == whole.info


@pytest.mark.parametrize("name", ["v.npz", "v.csv", "v.parquet", "v"])
def test_a_stream_that_ends_early_leaves_no_files(beats, tmp_path, name):
    with pytest.raises(DiffecgError, match=r"received 3 windows instead of 5; set count to"):
        write_windows([beats], tmp_path / name, count=5)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["v.npz", "v.csv", "v.parquet", "v"])
def test_a_failed_generation_leaves_no_files(runs, tmp_path, name):
    stream = diffecg.load(runs["beat"]).stream("X", 3)
    with pytest.raises(DiffecgError, match="unknown label 'X'"):
        write_windows(stream, tmp_path / "new" / name, count=3)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["v.npz", "v.csv", "v.parquet", "v"])
def test_files_are_replaced_only_with_force(beats, tmp_path, name):
    write_windows(beats, tmp_path / name)
    with pytest.raises(DiffecgError, match="--force"):
        write_windows(beats, tmp_path / name)
    write_windows(beats, tmp_path / name, force=True)


def test_an_unknown_suffix_is_refused(beats, tmp_path):
    with pytest.raises(DiffecgError, match=r"\.npz, \.parquet, \.csv"):
        write_windows(beats, tmp_path / "v.xlsx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("lead", ["MLII", "V1"])
def test_an_imputed_recording_keeps_every_observed_integer(recording, gaps, tmp_path, lead):
    read = read_recording(recording)
    row = read.channel_index(lead)
    folder = tmp_path / "fixed"
    folder.mkdir()
    segment = Segment(row=row, start=3000, stop=3400, reason="given")
    plan = ImputationPlan(segments=[segment], rows=[row], input_rows=[row])
    model = diffecg.load_imputer(gaps)
    result = impute_recording(model, read, plan, ImputeOptions(), DrawOptions(draws=2))
    write_imputed(folder, result)
    back = wfdb.rdrecord(str(folder / "100"), physical=False)
    changed = back.d_signal != read.stored.T
    assert not changed[:, 1 - row].any()
    assert not changed[:3000].any()
    assert not changed[3400:].any()
    assert changed[3000:3400, row].mean() > 0.5
    physical = wfdb.rdrecord(str(folder / "100"))
    assert np.allclose(physical.p_signal[3000:3400, row], result.parts[0].part()[1].signal_mv, atol=3e-3)
    assert (physical.sig_name, physical.fs) == (["MLII", "V1"], 360)
    before, after = (wfdb.rdann(str(path), "atr") for path in (recording, folder / "100"))
    assert np.array_equal(before.sample, after.sample)
    card = json.loads((folder / "card.json").read_text())
    (interval,) = card["intervals"]
    assert (interval["lead"], interval["start"], interval["stop"]) == (lead, 3000, 3400)
    assert card["written"] == "representative of 2 draws, gaps"
    notes = wfdb.rdann(str(folder / "100"), "imputed")
    assert notes.sample.tolist() == [3000]
    assert notes.aux_note[0].startswith(
        f"imputed {lead}: representative of 2 draws, gaps, 90 % interval width"
    )
    assert (folder / "gap-001.png").stat().st_size > 10_000
    with np.load(folder / "draws.npz") as draws:
        assert draws["draws_mv"].shape == (2, 400)


def test_a_forecast_is_written_with_the_recorded_samples(recording, gaps, tmp_path):
    read = read_recording(recording)
    drawn = diffecg.load_imputer(gaps).forecast(read.signal_mv[0, :7200], 360, draws=2)
    write_forecast(tmp_path, read, ForecastPlan(row=0, start=7200), drawn)
    table = pd.read_csv(tmp_path / "forecast.csv")
    assert len(table) == 360
    assert table["time_s"][0] == 20
    assert np.allclose(table["recorded_mv"], read.signal_mv[0, 7200:7560], atol=1e-4)
    back = wfdb.rdrecord(str(tmp_path / "100_forecast"))
    assert back.sig_name == ["MLII", "MLII mean", "MLII lower", "MLII upper"]
    assert np.allclose(back.p_signal[:, 0], drawn.signal_mv, atol=6e-4)


@pytest.mark.parametrize("fmt", ["212", "16", "24", "32"])
def test_recordings_in_other_formats_keep_their_integers(tmp_path, gaps, recording, fmt):
    digital = read_recording(recording).stored.T.copy()
    lost = -(2 ** ({"212": 12}.get(fmt) or int(fmt)) // 2)
    digital[5000:5050] = lost
    wfdb.wrsamp(
        "r",
        360,
        ["uV", "mV"],
        ["MLII", "V1"],
        d_signal=digital,
        fmt=[fmt, fmt],
        adc_gain=[0.2, 200],
        baseline=[1024, 1024],
        write_dir=str(tmp_path),
    )
    read = read_recording(tmp_path / "r")
    known = digital[:, 0] != lost
    assert np.allclose(read.signal_mv[0, known], (digital[known, 0] - 1024) / 200)
    assert np.isnan(read.signal_mv[:, ~known]).all()
    (tmp_path / "out").mkdir()
    plan = ImputationPlan(segments=find_segments(read, [0], [], []), rows=[0], input_rows=[0])
    model = diffecg.load_imputer(gaps)
    result = impute_recording(model, read, plan, ImputeOptions(), DrawOptions(draws=1))
    write_imputed(tmp_path / "out", result)
    back = read_recording(tmp_path / "out" / "r")
    assert np.array_equal(back.stored.T[known], digital[known])
    assert np.isfinite(back.signal_mv[0]).all()
    assert np.isnan(back.signal_mv[1, ~known]).all()


def test_paper_of_other_units_has_a_round_scale():
    pressure = np.array([62.0, 118.0])
    scale = mm_per_unit("mmHg", pressure)
    assert scale == 0.5  # 28 of at most 40 mm
    assert panel_range(scale, pressure) == (60.0, 120.0)
    assert mm_per_unit("mV", pressure) == 10
    assert mm_per_unit("NU", np.array([0.1, 0.1, np.nan])) > 0


def test_ecg_paper_of_a_signal_in_the_wrong_unit_stays_small():
    usual, huge = (Paper(duration_s=3.0, low=low, high=high) for low, high in ((-1.0, 1.5), (-700.0, 1300.0)))
    assert usual.scale == 10
    assert len(usual.draw()[1][0, 0].get_yticks()) == 6
    figure, axes = huge.draw()
    assert figure.get_figheight() < 10
    assert len(axes[0, 0].get_yticks()) == 41
