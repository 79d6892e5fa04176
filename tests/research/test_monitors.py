"""The benchmark of monitor signals: cases hide what they should, scores of known predictions, the command."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from gap_cases import MONITOR, randomise, tiny_config

from diffecg.datasets.databases import database
from diffecg.datasets.options import RecordingSetOptions
from diffecg.datasets.prepare_recordings import prepare_recordings
from diffecg.datasets.recording_set import RecordingSet
from diffecg.formats.recording import Recording
from diffecg.formats.registry import write_recording
from diffecg.model.folder import save_model
from diffecg.model.gap.network import GapNetwork
from diffecg.signal.simulation import simulate_ecg
from research.benchmarks.monitor_cases import Row, cases_of
from research.benchmarks.monitors import BASELINES, MODEL, SHUFFLED, _pchip, score


@pytest.fixture(scope="module")
def monitor_set(tmp_path_factory):
    """Recordings of a minute with an ECG, a PPG and a pressure at 100 Hz."""
    folder = tmp_path_factory.mktemp("monitors")
    (folder / "db").mkdir()
    for number in range(8):
        ecg = simulate_ecg(60.0, 100.0, seed=number).signal_mv
        pulse = np.convolve(np.abs(ecg), np.hanning(41), mode="same")
        recording = Recording.from_arrays(
            np.stack([ecg, 0.3 * np.roll(pulse, 25), 80 + 30 * np.roll(pulse, 15)]),
            100.0,
            channel_names=["II", "PLETH", "ABP"],
            units=["mV", "NU", "mmHg"],
        )
        write_recording(folder / "db" / f"r{number}.csv", recording)
    kinds = ("ecg", "ppg", "pressure")
    options = RecordingSetOptions(database=database("own"), split="subjects", fs_hz=100.0, kinds=kinds)
    prepare_recordings(folder / "db", folder / "set", options)
    return folder / "set"


def open_set(folder):
    return RecordingSet.open(folder)


def test_cases_hide_the_signal_and_what_is_no_partner(monitor_set):
    recordings = open_set(monitor_set)
    row = Row(kind="pressure", seconds=1.0, partners=("ecg",))
    cases = list(cases_of(recordings, row, gaps=2))
    assert len(cases) == 16
    for case in cases:
        assert case.kinds == ("pressure", "ecg", "ppg")
        missing = np.isnan(case.signal)
        inside = np.zeros(case.signal.shape[1], dtype=bool)
        inside[case.gap] = True
        np.testing.assert_array_equal(missing, np.stack([inside, np.zeros_like(inside), inside]))
        original = recordings.recording(case.recording).signal[2]
        np.testing.assert_array_equal(case.truth, original[case.gap])
    forecast = next(cases_of(recordings, Row(kind="ecg", seconds=1.0, is_forecast=True), gaps=1))
    assert forecast.signal.shape[1] == forecast.gap.stop
    assert np.isnan(forecast.signal[:, forecast.gap]).all()


def test_the_truth_has_no_error_and_interpolation_has_no_beats(monitor_set):
    case = next(cases_of(open_set(monitor_set), Row(kind="pressure", seconds=5.0, partners=("ecg",)), gaps=1))
    line = _pchip(case)
    perfect = replace(line, signal=case.truth, mean=case.truth, draws=np.repeat(case.truth[None], 3, axis=0))
    scores = score(case, perfect)
    assert scores["CRPS"] == scores["squared error"] == scores["systolic"] == scores["mean"] == 0
    assert scores["F1 numerator, 25 ms"] == scores["F1 denominator"] > 0
    of_line = score(case, line)
    assert of_line["F1 numerator, 100 ms"] < of_line["F1 denominator"]
    assert of_line["systolic"] > 5
    assert of_line["CRPS"] > 1


def test_the_command_compares_a_model_with_baselines(monitor_set, research, tmp_path, monkeypatch):
    config = tiny_config(MONITOR)
    with torch.random.fork_rng():
        network = GapNetwork(config)
    randomise(network)
    (tmp_path / "model").mkdir()
    save_model(tmp_path / "model", config, network.state_dict())
    rows = (Row(kind="pressure", seconds=5.0, partners=("ecg",)), Row(kind="ppg", seconds=0.5))
    monkeypatch.setattr("research.benchmarks.monitors.ROWS", rows)
    command = ("monitors", "--data", monitor_set, "--out", tmp_path / "out", "--model", tmp_path / "model")
    status, out, error = research(*command, "--partition", "train", "--gaps", 1, "--draws", 4, "--json")
    assert status == 0, error
    tables = json.loads(out)["tables"]
    assert [row["gap"] for row in tables["Errors"]] == [row.name for row in rows]
    for row in tables["Errors"]:
        best = min(float(row[method]) for method in BASELINES)
        assert float(row["ratio"].split()[0]) == pytest.approx(float(row[MODEL]) / best, rel=0.02)
    assert tables["Errors"][0][SHUFFLED] != "–"
    assert tables["Errors"][1][SHUFFLED] == "–"
    assert {row["method"] for row in tables["Pressures"]} == {*BASELINES, MODEL, SHUFFLED}
