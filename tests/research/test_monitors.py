"""The benchmark of monitor signals: cases and windows hide what they should, scores of known predictions."""

import json
from dataclasses import replace
from types import SimpleNamespace

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
from research.benchmarks.monitor_cases import ROWS, Row, cases_of
from research.benchmarks.monitor_methods import MonitorNetwork, interpolate
from research.benchmarks.monitor_windows import COLUMNS, SAMPLES, draw_batch, in_columns, monitor_windows
from research.benchmarks.monitors import BASELINES, MODEL, SHUFFLED, score
from research.rivals.imputation_networks import TrainedNetwork
from research.rivals.imputers import WINDOWS


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
    line = interpolate(case)
    perfect = replace(line, signal=case.truth, mean=case.truth, draws=np.repeat(case.truth[None], 3, axis=0))
    scores = score(case, perfect)
    assert scores["CRPS"] == scores["squared error"] == scores["systolic"] == scores["mean"] == 0
    assert scores["F1 numerator, 25 ms"] == scores["F1 denominator"] > 0
    of_line = score(case, line)
    assert of_line["F1 numerator, 100 ms"] < of_line["F1 denominator"]
    assert of_line["systolic"] > 5
    assert of_line["CRPS"] > 1


def test_training_windows_hide_gaps_whose_truth_is_known(monitor_set):
    recordings = open_set(monitor_set)
    rng = np.random.default_rng(0)
    for batch in (draw_batch(recordings, rng) for _ in range(4)):
        assert not (batch.hidden & batch.observed).any()
        known = batch.hidden | batch.observed
        assert known[..., [0, 2, 3]].all()
        assert not known[..., [1, 4]].any()
        assert (batch.signal[~known] == 0).all()
        for signal, observed, hidden in zip(batch.signal, batch.observed, batch.hidden, strict=True):
            assert hidden.any()
            for column in np.flatnonzero(hidden.any(axis=0)):
                seen = signal[observed[:, column], column]
                assert np.median(seen) == pytest.approx(0, abs=1e-4)
                assert seen.std() == pytest.approx(1, abs=1e-4)
                gap = np.flatnonzero(hidden[:, column])
                assert 25 <= len(gap) == gap[-1] - gap[0] + 1 <= 500


def test_every_row_is_among_the_windows_of_training():
    """What is missing at the same time, and whether anything is observed afterwards."""
    signal = np.random.default_rng(1).normal(size=(len(COLUMNS), 2 * SAMPLES)).astype(np.float32)

    class Recordings:
        fs_hz = 125.0

        def __len__(self):
            return 1

        def recording(self, number):
            return SimpleNamespace(signal=signal, kinds=COLUMNS)

    rng = np.random.default_rng(0)
    drawn = [window for _ in range(60) for window in draw_batch(Recordings(), rng).hidden]
    seen = {(tuple(window.any(axis=0)), bool(window[-1].any())) for window in drawn}
    for row in ROWS:
        observed = [COLUMNS.index(kind) for kind in row.partners]
        missing = tuple(column not in observed for column in range(len(COLUMNS)))
        assert (missing, row.is_forecast) in seen, row.name


def test_columns_are_those_of_the_kinds():
    signal = np.repeat(np.arange(4, dtype=np.float32)[:, None], 3, axis=1)
    columns = in_columns(signal, ("pressure", "ecg", "ppg", "ppg"))
    np.testing.assert_array_equal(columns, [[1, np.nan, 2, 0, np.nan]] * 3)


class PressureFromPpg:
    """Predicts pressure from the PPG a tenth of a second later, from which it follows, by least squares."""

    def draw(self, signal, observed, count):
        pressure, ppg = signal[..., COLUMNS.index("pressure")], signal[..., COLUMNS.index("ppg")]
        seen = observed[0, :-10, COLUMNS.index("pressure")]
        inputs = torch.stack([ppg[0, 10:], torch.ones(SAMPLES - 10)], dim=1)
        weights = torch.linalg.lstsq(inputs[seen], pressure[0, :-10][seen][:, None]).solution
        drawn = torch.zeros_like(signal)
        drawn[0, :-10, COLUMNS.index("pressure")] = (inputs @ weights)[:, 0]
        return drawn[None]


def test_a_network_that_predicts_the_truth_is_exact(monitor_set):
    network = MonitorNetwork(
        TrainedNetwork(kind="truth", windows=monitor_windows(100.0), network=PressureFromPpg())
    )
    row = Row(kind="pressure", seconds=1.0, partners=("ppg",))
    cases = list(cases_of(open_set(monitor_set), row, gaps=1))
    assert cases
    for case in cases:
        predicted = network.impute(case, draws=4)
        assert predicted.draws.shape == (1, 100)
        np.testing.assert_allclose(predicted.signal, case.truth, atol=0.2)
        error = np.abs(predicted.mean - case.truth).mean()
        assert score(case, predicted)["CRPS"] == pytest.approx(error)


@pytest.mark.parametrize("kind", ["unet", "saits"])
def test_the_commands_compare_a_model_with_baselines(kind, monitor_set, research, tmp_path, monkeypatch):
    if kind == "saits":
        pytest.importorskip("pypots", reason="SAITS is that of PyPOTS")
    train = ("monitor-networks", "--data", monitor_set, "--out", tmp_path, "--only", kind)
    status, _, error = research(*train, "--minutes", 0.02)
    assert status == 0, error
    config = tiny_config(MONITOR)
    with torch.random.fork_rng():
        network = GapNetwork(config)
    randomise(network)
    (tmp_path / "model").mkdir()
    save_model(tmp_path / "model", config, network.state_dict())
    rows = (Row(kind="pressure", seconds=5.0, partners=("ecg",)), Row(kind="ppg", seconds=0.5))
    monkeypatch.setattr("research.benchmarks.monitors.ROWS", rows)
    command = ("monitors", "--data", monitor_set, "--out", tmp_path / "out", "--model", tmp_path / "model")
    command += ("--vs", f"{kind}={tmp_path / kind}")
    status, out, error = research(*command, "--partition", "train", "--gaps", 1, "--draws", 4, "--json")
    assert status == 0, error
    tables = json.loads(out)["tables"]
    assert [row["gap"] for row in tables["Errors"]] == [row.name for row in rows]
    for row in tables["Errors"]:
        best = min(float(row[method]) for method in (*BASELINES, kind))
        assert float(row["ratio"].split()[0]) == pytest.approx(float(row[MODEL]) / best, rel=0.02)
    assert tables["Errors"][0][SHUFFLED] != "–"
    assert tables["Errors"][1][SHUFFLED] == "–"
    assert {row["method"] for row in tables["Pressures"]} == {*BASELINES, kind, MODEL, SHUFFLED}


def test_networks_of_other_windows_are_refused(monitor_set, research, tmp_path):
    with torch.random.fork_rng():
        TrainedNetwork.create("unet", WINDOWS).save(tmp_path / "unet", {})
    command = ("monitors", "--data", monitor_set, "--out", tmp_path / "out", "--partition", "train", "--vs")
    for text, message in (("unet", "NAME=FOLDER"), (f"unet={tmp_path / 'unet'}", "train one")):
        status, _, error = research(*command, text)
        assert status == 1
        assert message in error
    assert not (tmp_path / "out").exists()
