"""The benchmark of 12-lead generation on records that are made here."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from ptbxl_cases import made_record
from sklearn.metrics import roc_auc_score

from diffecg.errors import DiffecgError
from research.benchmarks.twelve_leads import beats, records
from research.benchmarks.twelve_leads.baselines import BASELINES, Source, random_peaks
from research.benchmarks.twelve_leads.discrimination import distinguish, rounded
from research.benchmarks.twelve_leads.networks import Recipe, ResidualNetwork, fit_network, predict
from research.benchmarks.twelve_leads.scores import weighted_aurocs
from research.benchmarks.twelve_leads.study import NetworkCache
from research.benchmarks.twelve_leads.wavelets import wavelet_features


def test_records_are_read_with_superclasses_and_statements(small_ptbxl, tmp_path):
    found = records.read_ptbxl(small_ptbxl, tmp_path)
    again = records.read_ptbxl(small_ptbxl, tmp_path)  # from the copy
    assert found.signal_uv.shape == (80, 8, 1000)
    assert np.array_equal(found.signal_uv[3], made_record(73, 1.2, 3)[[0, 1, 6, 7, 8, 9, 10, 11]])
    assert np.array_equal(found.signal_uv, again.signal_uv)
    assert found.table["labels"][1] == ["MI", "IMI", "AFIB"]
    assert found.targets(("MI", "HYP"))[:5].tolist() == [[0, 0], [1, 0], [0, 0], [0, 0], [0, 1]]
    assert len(found.folds([9])) == 8


def test_r_peaks_are_found_and_give_the_heart_rate(small_ptbxl, tmp_path):
    found = records.read_ptbxl(small_ptbxl, tmp_path)
    peaks = beats.r_peaks(found.signal_uv[:3], records.FS_HZ)
    for number, own in enumerate(peaks):
        assert own.tolist() == list(range(60, 995, 70 + number))
        assert beats.heart_rate(own, records.FS_HZ) == pytest.approx(6000 / (70 + number))


def test_a_tiled_beat_is_itself_at_each_r_peak():
    beat = np.random.default_rng(0).standard_normal((2, beats.BEAT_SAMPLES))
    tiled = beats.tile(beat, np.array([-50, 100, 300, 380]), 500)
    assert np.array_equal(tiled[:, 60:180], beat)
    kept = 80 - beats.BLEND_SAMPLES
    assert np.array_equal(tiled[:, 260 : 260 + kept], beat[:, :kept])  # cut by the beat at 380
    assert np.array_equal(tiled[:, 340:460], beat)
    assert np.isfinite(tiled).all()
    assert np.allclose(np.diff(tiled[:, 180:260], n=2), 0)  # a line


def test_random_peaks_keep_the_intervals_of_the_record():
    placed = random_peaks(np.array([0, 80, 170, 230]), 1000, np.random.default_rng(0))
    assert set(np.diff(placed)) <= {80, 90, 60}
    assert placed[0] <= 0
    assert 1000 <= placed[-1] < 1000 + beats.BEAT_SAMPLES


@pytest.mark.parametrize("name", BASELINES)
def test_baselines_generate_a_record_for_each_from_its_seed_alone(name, small_ptbxl, tmp_path):
    real = records.read_ptbxl(small_ptbxl, tmp_path)
    source = Source.of(real)
    once = BASELINES[name](source, 0)
    assert len(once) == len(real)
    assert np.array_equal(once.signal_uv, BASELINES[name](source, 0).signal_uv)
    assert np.abs(once.signal_uv).max() < 3000


def test_sets_are_written_and_read(tmp_path):
    signal_uv = np.random.default_rng(0).integers(-2000, 2000, (3, 8, 1000)).astype(np.int16)
    table = pd.DataFrame({"labels": [["MI"], ["NORM", "SR"], []], "seed": range(3)})
    records.write_set(records.Records(signal_uv=signal_uv, table=table), tmp_path / "set")
    found = records.read_set(tmp_path / "set")
    assert np.array_equal(found.signal_uv, signal_uv)
    assert found.targets(("MI", "NORM")).tolist() == [[1, 0], [0, 1], [0, 0]]
    assert records.read_set(tmp_path / "set").targets(("SBRAD",)).sum() == 0
    table.assign(rhythm=pd.Series(["SBRAD", None, "SR"])).to_parquet(tmp_path / "set" / records.TABLE)
    assert records.read_set(tmp_path / "set").targets(("SBRAD",)).tolist() == [[1], [0], [0]]
    np.save(tmp_path / "set" / records.SIGNAL, (signal_uv / 1000).astype(np.float32))
    assert np.array_equal(records.read_set(tmp_path / "set").signal_uv, signal_uv)
    np.save(tmp_path / "set" / records.SIGNAL, signal_uv[:, :5])
    with pytest.raises(DiffecgError, match=r"needed are \(record, 8, 1000\)"):
        records.read_set(tmp_path / "set")


def test_networks_are_trained_once_and_repeat(tmp_path):
    recipe = Recipe(crop=64, epochs=2, widths=(8, 8))
    rng = np.random.default_rng(0)
    targets = np.repeat([[0.0], [1.0]], 40, axis=0)
    signal_uv = (rng.standard_normal((80, 2, 100)) * 100 + 500 * targets[:, :, None]).astype(np.int16)
    cache = NetworkCache(folder=tmp_path)
    first, second = (cache.fit(signal_uv, targets, recipe, seed=0) for _ in range(2))
    assert len(list(tmp_path.iterdir())) == 1
    outputs = predict(first, signal_uv, recipe)
    assert np.array_equal(outputs, predict(second, signal_uv, recipe))
    assert np.array_equal(
        outputs, predict(fit_network(signal_uv, targets, recipe, seed=0), signal_uv, recipe)
    )
    assert outputs[40:].mean() > outputs[:40].mean()


def test_training_continues_from_the_weights_of_a_network():
    recipe = Recipe(crop=64, batch=20, steps=10, widths=(8, 8))
    rng = np.random.default_rng(0)
    targets = np.repeat([[0.0], [1.0]], 40, axis=0)
    signal_uv = (rng.standard_normal((80, 2, 100)) * 100 + 500 * targets[:, :, None]).astype(np.int16)
    first = fit_network(signal_uv, targets, recipe, seed=0)
    before = predict(first, signal_uv, recipe)
    still = fit_network(signal_uv, targets, replace(recipe, learning_rate=1e-12), seed=5, start=first)
    assert np.array_equal(predict(first, signal_uv, recipe), before)
    for own, other in zip(first.parameters(), still.parameters(), strict=True):
        assert np.allclose(own.detach(), other.detach(), atol=1e-6)
    by_steps, by_epochs = (
        predict(fit_network(signal_uv, targets, own, seed=0), signal_uv, recipe)
        for own in (replace(recipe, steps=8), replace(recipe, steps=None, epochs=2))
    )
    assert np.array_equal(by_steps, by_epochs)
    assert not np.array_equal(by_steps, before)


def test_weighted_aurocs_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    positive = rng.random(60) < 0.3
    outputs = np.round(rng.normal(positive, 1), 1)  # with ties
    weights = rng.integers(0, 4, (5, 60))
    expected = [roc_auc_score(positive, outputs, sample_weight=row) for row in weights]
    assert weighted_aurocs(outputs, positive, weights) == pytest.approx(expected)
    assert np.isnan(weighted_aurocs(outputs, positive, (~positive).astype(int)[None])).all()


def test_signals_are_compared_at_a_resolution_of_five_microvolts():
    assert rounded(np.array([-7, -2, 3, 10], np.int16)).tolist() == [-5, 0, 5, 10]


def test_equal_sets_cannot_be_told_apart_and_shifted_ones_can(tmp_path):
    recipe = Recipe(crop=64, epochs=6, widths=(8, 8))
    noise = np.random.default_rng(0).integers(-300, 300, (4, 200, 2, 64)).astype(np.int16)
    networks = NetworkCache(folder=tmp_path)
    same = distinguish(networks, (noise[0], noise[1]), (noise[2], noise[3]), recipe, seed=0)
    shifted = noise + np.array([0, 400, 0, 400], np.int16)[:, None, None, None]
    other = distinguish(networks, (shifted[0], shifted[1]), (shifted[2], shifted[3]), recipe, seed=0)
    assert same == pytest.approx(0.5, abs=0.1)
    assert other > 0.95


def test_the_network_has_the_stated_size():
    with torch.device("meta"):
        network = ResidualNetwork(8, 5)
    assert sum(weights.numel() for weights in network.parameters()) == 213_429


def test_wavelet_features_do_not_depend_on_the_chunks():
    signal_uv = np.random.default_rng(0).integers(-500, 500, (5, 8, 1000)).astype(np.int16)
    features = wavelet_features(signal_uv)
    assert features.shape == (5, 6 * 12 * 8)
    assert np.isfinite(features).all()
    assert np.allclose(features, wavelet_features(signal_uv, chunk=2), atol=1e-4)


def test_the_command_scores_a_baseline_and_continues(research, small_ptbxl, tmp_path):
    common = ["--cache", tmp_path / "cache"]
    status, _, err = research(
        "twelve-leads-baselines", small_ptbxl, "--out", tmp_path / "sets", "--only", "tiled-random", *common
    )
    assert status == 0, err
    command = [
        "twelve-leads",
        small_ptbxl,
        "--sets",
        tmp_path / "sets" / "tiled-random",
        "--out",
        tmp_path / "scores",
    ]
    command += [*common, "--seeds", 2, "--measures", "heart-rate", "tstr", "rhythm", "discrimination", "age"]
    status, _, err = research(*command, "privacy", "fidelity")
    assert status == 0, err
    results = sorted((tmp_path / "scores" / "tiled-random").glob("*.json"))
    assert len(results) == 7
    rows = json.loads((tmp_path / "scores" / "tiled-random" / "tstr-fold9.json").read_text())["rows"]
    assert [row["label"] for row in rows] == ["macro", *records.SUPERCLASSES]
    assert all(len(row["values"]) == len(row["reference"]) == 2 for row in rows)
    rate = json.loads((tmp_path / "scores" / "tiled-random" / "heart-rate-fold9.json").read_text())["rows"][0]
    assert rate["values"][0] < 1
    table = (tmp_path / "scores" / "fold9.md").read_text()
    written = [path.stat().st_mtime_ns for path in results]
    assert research(*command, "privacy", "fidelity")[0] == 0
    assert [path.stat().st_mtime_ns for path in results] == written
    assert "| TSTR | macro |" in table
    assert (tmp_path / "scores" / "fold9.md").read_text() == table
