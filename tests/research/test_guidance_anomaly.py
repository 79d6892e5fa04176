"""Small versions of the studies of guidance and anomaly scores, and their measures."""

import json

import numpy as np
import pytest

from diffecg.evaluation.generation import classifiers
from research.studies import anomaly
from research.studies.anomaly import by_gaussian, by_nearest, evaluate, interval, within_recordings
from research.studies.guidance import mean_difference


@pytest.fixture
def few_bootstraps(monkeypatch):
    """Few bootstraps, since each takes milliseconds and each method and group has an interval."""
    monkeypatch.setattr(anomaly, "BOOTSTRAPS", 10)


def test_mean_difference_of_pairs():
    windows = np.array([[0.0, 0.0], [1.0, 1.0], [3.0, 3.0]])
    assert mean_difference(windows) == pytest.approx((1 + 2 + 3) / 3)


def test_auroc_within_recordings_ignores_differences_between_them():
    ectopic = np.tile([True, False], 40)
    recordings = np.repeat(["a", "b", "c"], [20, 40, 20])
    offset = np.where(recordings == "a", 0.0, np.where(recordings == "b", -100.0, 100.0))
    assert within_recordings(ectopic, ectopic + offset, recordings) == 1
    assert within_recordings(ectopic, ~ectopic + offset, recordings) == 0
    assert np.isnan(within_recordings(ectopic, offset, recordings, least=30))


def test_interval_covers_the_auroc_of_alike_recordings():
    rng = np.random.default_rng(0)
    ectopic = np.arange(2000) % 2 > 0
    low, high = interval(ectopic, rng.normal(ectopic * 1.0), np.arange(2000) // 100)
    assert low < 0.76 < high  # Phi(1 / sqrt(2))
    assert high - low < 0.1


@pytest.mark.usefixtures("few_bootstraps")
def test_baselines_find_beats_that_the_training_beats_lack(beats):
    train = beats.take(beats.labels == "N")
    for method in (by_gaussian(train, 8), by_nearest(train)):
        groups = evaluate(method, beats, 1)
        assert groups["S, V, F"]["auroc"][0] > 0.95


@pytest.mark.usefixtures("few_bootstraps")
def test_studies_write_a_row_for_each_scale_and_method(research, runs, windows, tmp_path):
    settings = ["--data", windows["beat"], "--model", runs["beat"], "--count", 20, "--json"]
    status, out, error = research("guidance", *settings, "--out", tmp_path / "guidance", "--scale", 0, 2)
    assert status == 0, error
    rows = json.loads(out)["tables"]["Fidelity and diversity"]
    assert [row["guidance"] for row in rows if row["label"] == "N"] == ["0", "2", "real"]
    few = ["--levels", 2, "--seeds", 2]
    status, out, error = research("anomaly", *settings, "--out", tmp_path / "anomaly", *few)
    assert status == 0, error
    tables = json.loads(out)["tables"]
    assert [row["method"] for row in tables["Partition validation"]][:2] == ["sigma 2", "chosen levels"]
    assert tables["Partition test"][0]["method"] == "denoising error"
    assert "±" in tables["Partition test"][0]["S, V, F"]


def test_beat_models_are_compared_on_two_databases(research, runs, windows, tmp_path, monkeypatch):
    monkeypatch.setattr(classifiers, "TRAINING_BEATS", 256)
    command = [
        "beat-models",
        "--data",
        windows["beat"],
        "--data",
        windows["beat"],
        "--out",
        tmp_path / "study",
    ]
    command += ["--models", runs["beat"], "--count", 60, "--repeats", 2, "--seeds", 2, "--json"]
    command += ["--partitions", "train", "train"]
    status, out, error = research(*command)
    assert status == 0, error
    tables = json.loads(out)["tables"]
    rows = {(row["database"], row["label"], row["beats"]): row for row in tables["Fidelity"]}
    assert rows["mitdb", "N", "real training beats"].keys() == rows["svdb", "N", "reference"].keys()
    model, real = (
        float(rows["svdb", "N", name]["sliced Wasserstein, time"].split()[0])
        for name in (str(runs["beat"]), "real training beats")
    )
    assert model > real
    assert tables["Utility"][1]["residual CNN, mitdb"].endswith("(1.00)")
    assert research(*command)[1] == out
