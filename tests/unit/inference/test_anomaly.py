"""Anomaly scores: the formula, their calibration, independence of batches, and invalid windows."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.spatial.distance import cdist
from scipy.stats import kstest

import diffecg
from diffecg.datasets.formats.registry import write_windows
from diffecg.datasets.loading import open_windows
from diffecg.datasets.windows import Windows
from diffecg.diffusion.noise import SeededNoise
from diffecg.errors import DiffecgError
from diffecg.inference.anomaly import denoising_errors, share_below


@pytest.fixture(scope="module")
def model():
    return diffecg.load("mitbih-beat")


@pytest.fixture(scope="module")
def beats(model):
    return model.generate(None, 40, steps=5)


def test_error_is_that_of_the_formula(model, beats):
    denoiser, sigma = model.denoiser, 2.0
    errors = model.anomaly_score(beats, sigmas=[sigma], draws=2, seed=5)
    with torch.no_grad():
        signal = torch.from_numpy(beats.signal_mv)
        x0 = denoiser.encode(signal)
        condition = denoiser.condition(
            signal, torch.zeros_like(signal) > 0, denoiser.encode_labels([None] * 40)
        )
        expected = np.zeros(40)
        for seed in (5, 6):
            eps = SeededNoise([seed])(x0[:1])
            estimate = denoiser(x0 + sigma * eps, torch.full((40,), sigma), condition)
            # The window is a grid of the STFT, which the projection of the estimate does not change.
            c_out_squared = sigma**2 / (1 + sigma**2)
            expected += (estimate - x0).square().flatten(1).mean(1).numpy() / c_out_squared / 2
    assert errors == pytest.approx(expected, rel=1e-3)


def test_error_depends_neither_on_batches_nor_on_other_windows(model, beats):
    whole = model.anomaly_score(beats, draws=2)
    assert model.anomaly_score(beats, draws=2, batch_size=7) == pytest.approx(whole, rel=1e-4)
    assert model.anomaly_score(beats.take([3]), draws=2) == pytest.approx(whole[3:4], rel=1e-4)
    assert denoising_errors(model.denoiser, beats.signal_mv, sigmas=(2, 5), draws=1, seed=9) == pytest.approx(
        (
            model.anomaly_score(beats, sigmas=[2], draws=1, seed=9)
            + model.anomaly_score(beats, sigmas=[5], draws=1, seed=9)
        )
        / 2
    )


def test_score_is_the_share_of_smaller_reference_errors():
    assert share_below(np.array([0.0, 1.0, 1.5, 9.0]), np.array([3.0, 1.0, 2.0, 1.0])).tolist() == [
        0,
        0,
        0.5,
        1,
    ]
    rng = np.random.default_rng(0)
    scores = share_below(rng.exponential(size=2000), rng.exponential(size=20_000))
    assert kstest(scores, "uniform").pvalue > 0.01


def test_windows_unlike_the_training_windows_score_higher(model, beats):
    reference, others = beats.take(np.arange(20)), beats.take(np.arange(20, 40))
    white = np.random.default_rng(0).standard_normal((20, 1, 256)) * beats.signal_mv.std()
    shuffled = np.roll(others.signal_mv, 70, axis=2)
    settings = {"reference": reference, "draws": 4}
    assert model.anomaly_score(white, **settings).min() == 1
    assert model.anomaly_score(shuffled, **settings).mean() > 0.9
    assert 0.2 < model.anomaly_score(others, **settings).mean() < 0.8


def test_unsuitable_windows_and_settings_are_refused(model, beats):
    cases = [
        ({"windows": np.zeros((3, 1, 100))}, "must be finite and"),
        ({"windows": np.full((3, 1, 256), np.nan)}, "must be finite and"),
        ({"windows": np.zeros((0, 1, 256))}, "there is no window to score"),
        ({"windows": Windows.from_arrays(np.zeros((2, 1, 256)), 250.0)}, "250 Hz"),
        ({"reference": np.zeros((3, 2, 256))}, "must be finite and"),
        ({"sigmas": []}, "noise levels"),
        ({"sigmas": [0.0]}, "noise levels"),
        ({"draws": 0}, "draws 0 must be at least 1"),
        ({"seed": -1}, "seed -1"),
    ]
    for change, message in cases:
        with pytest.raises(DiffecgError, match=message):
            model.anomaly_score(**{"windows": beats, **change})


def test_command_writes_a_row_for_each_window(windows, run, tmp_path):
    folder, out = windows["beat"], tmp_path / "scores.csv"
    few = ["--draws", 1, "--sigma", 2]
    model = ["--model", "mitbih-beat-fast"]
    command = ["score", folder, *model, "--partition", "test", "--reference", folder, *few]
    status, printed, error = run(*command, "--out", out)
    assert status == 0, error
    assert "> 0.99" in printed
    table, beats = pd.read_csv(out), open_windows(folder)
    assert len(table) == len(beats.partition("test"))
    expected = diffecg.load("mitbih-beat-fast").anomaly_score(
        beats.partition("test"), reference=beats.partition("validation"), draws=1, sigmas=[2]
    )
    assert table["score"].to_numpy() == pytest.approx(expected, abs=1e-6)
    assert {"label", "recording", "error"} <= set(table)
    status, printed, _ = run(*command, "--reference-partition", "test", "--json")
    assert status == 0
    scores = json.loads(printed)["score"]
    # The share below the i-th smallest of n errors is (i - 1) / n.
    assert sorted(scores) == pytest.approx(np.arange(len(scores)) / len(scores))
    status, _, error = run(*command, "--out", tmp_path / "scores.txt")
    assert status == 1
    assert "ends in .csv" in error


def test_without_a_model_the_nearest_training_window_counts(windows, run, tmp_path):
    folder, beats = windows["beat"], open_windows(windows["beat"])
    train, validation, test = (
        beats.partition(name).flat().astype(float) for name in ("train", "validation", "test")
    )
    of_test, reference = (cdist(part, train).min(axis=1) / 16 for part in (test, validation))  # 256 samples
    out = tmp_path / "scores.csv"
    command = ["score", folder, "--partition", "test", "--reference", folder, "--out", out]
    status, _, error = run(*command)
    assert status == 0, error
    table = pd.read_csv(out)
    assert table["error"].to_numpy() == pytest.approx(of_test, abs=5e-5)
    assert table["score"].to_numpy() == pytest.approx(share_below(of_test, reference), abs=0.05)
    # Without partitions, a reference window is not its own neighbour.
    write_windows(beats.partition("test").drop_columns("partition"), tmp_path / "all.npz")
    alone = ["score", tmp_path / "all.npz", "--reference", tmp_path / "all.npz", "--json"]
    status, printed, error = run(*alone)
    assert status == 0, error
    scores = json.loads(printed)
    assert scores["error"] == pytest.approx(np.zeros(len(test)), abs=2e-3)
    assert scores["score"] == pytest.approx(np.zeros(len(test)))
    write_windows(Windows.from_arrays(np.zeros((3, 1, 100), np.float32), 360.0), tmp_path / "short.npz")
    status, _, error = run("score", tmp_path / "short.npz", "--reference", folder)
    assert status == 1
    assert "cannot be used together: they differ in length" in error
