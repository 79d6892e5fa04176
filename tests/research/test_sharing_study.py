"""A small version of the study of sharing, and what its comparisons rest on."""

import json

import numpy as np
import pytest

from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation import classifiers
from research.studies import pretraining_arms
from research.studies.oversampling import sample_gaussians
from research.studies.sharing import thin
from research.studies.sharing_copies import REAL
from research.studies.sharing_privacy import (
    OTHER_BEATS,
    OTHER_SUBJECTS,
    PrivacyTest,
    subject_auc,
    subject_scores,
)
from research.studies.sharing_tables import BOTH, OWN


def subjects(names, beats=30, seed=0):
    """Return N beats of subjects, each with a shape of its own that depends on its name alone."""
    shapes = {name: np.random.default_rng(list(name.encode())).standard_normal(40) for name in names}
    recordings = np.repeat(names, beats)
    noise = 0.05 * np.random.default_rng(seed).standard_normal((len(recordings), 40))
    signal = np.stack([shapes[name] for name in recordings]) + noise
    return Windows.from_arrays(
        signal[:, None].astype(np.float32), 90.0, ["N"] * len(recordings), r_peak=20, recording=recordings
    )


@pytest.fixture
def privacy_test():
    """Twelve members and ten other subjects."""
    members, outsiders = [f"m{i}" for i in range(12)], [f"o{i}" for i in range(10)]
    return PrivacyTest(
        members=subjects(members),
        held_out=subjects(members, seed=1),
        outsiders=subjects(outsiders, seed=2),
        each=10,
        seeds=3,
    )


def test_released_beats_of_the_members_reveal_them(privacy_test):
    value, low, high = subject_auc(privacy_test.of_other_beats()["subjects"])
    assert (value, low, high) == (1.0, 1.0, 1.0)


def test_released_beats_of_other_subjects_do_not(privacy_test):
    value, low, high = subject_auc(privacy_test.of_other_subjects()["subjects"])
    assert 0.2 < value < 0.8
    assert low < value < high
    halves = [privacy_test._halves(seed) for seed in (0, 1)]
    for released, tested in halves:
        assert not set(released.recordings) & set(tested.recordings)
        assert len(set(released.recordings)) == len(set(tested.recordings)) == 6
    assert set(halves[0][0].recordings) != set(halves[1][0].recordings)


def test_a_release_of_the_training_beats_is_all_near_copies(privacy_test):
    result = privacy_test.of_copy(privacy_test.members)
    assert result["copies"]["N"] == 1.0
    assert result["beats"]["N"] > 0.9
    noise = privacy_test.of_copy(subjects([f"x{i}" for i in range(12)], seed=3))
    assert noise["copies"]["N"] == 0.0


def test_the_score_of_a_subject_is_minus_its_median_distance():
    windows = Windows.from_arrays(
        np.array([0, 0, 3, 5, 5, 6], np.float32)[:, None, None] * np.ones((6, 1, 4), np.float32),
        90.0,
        ["N"] * 6,
        recording=["a"] * 3 + ["b"] * 3,
    )
    released = np.ones((1, 4), np.float32)
    assert subject_scores(windows, released, each=3).tolist() == pytest.approx([-1, -4])


def test_the_interval_of_the_auc_is_that_of_two_samples_of_subjects():
    rng = np.random.default_rng(0)
    attack = {
        "members": (rng.standard_normal(200) + 1).tolist(),
        "outsiders": rng.standard_normal(200).tolist(),
    }
    value, low, high = subject_auc([attack])
    assert low < value < high
    assert value == pytest.approx(0.76, abs=0.06)  # Phi(1 / sqrt(2))
    assert (high - low) / 3.92 == pytest.approx(0.024, rel=0.3)  # Hanley and McNeil (1982)


def test_gaussian_samples_have_the_moments_of_each_label(beats):
    sampled = sample_gaussians(beats, {"N": 20_000, "F": 3}, 0)
    assert sampled.counts() == {"N": 20_000, "F": 3}
    real, drawn = beats.with_label("N").flat(), sampled.with_label("N").flat()
    assert drawn.mean(axis=0) == pytest.approx(real.mean(axis=0), abs=0.01)
    variance = np.cov(real.T)
    lead = np.linalg.eigh(variance)[1][:, -1]
    assert lead @ np.cov(drawn.T) @ lead == pytest.approx(lead @ variance @ lead, rel=0.05)


def test_thinning_keeps_the_share_of_each_label_and_recording(beats):
    thinned = thin(beats, 3)
    assert thin(beats, 1).counts() == beats.counts()
    for name in set(beats.recordings):
        for label, count in beats.take(beats.recordings == name).counts().items():
            kept = thinned.take((thinned.recordings == name) & (thinned.labels == label))
            assert len(kept) == -(-count // 3)


def test_the_study_continues_with_more_seeds(research, windows, runs, tmp_path, monkeypatch):
    monkeypatch.setattr(classifiers, "TRAINING_BEATS", 256)
    monkeypatch.setattr(pretraining_arms, "MIN_WINDOWS", 1)
    out = tmp_path / "study"
    command = ["sharing", "--data", windows["beat"], "--out", out, "--models", runs["beat"], "--times", 2]
    command += ["--subjects", 2, "--every", 2, "--each", 5, "--json"]
    status, text, error = research(*command, "--seeds", 2)
    assert status == 0, error
    tables = json.loads(text)["tables"]
    names = [REAL, "beat", "beat, 2 times as many", "SMOTE", "PCA Gaussian", "mean beat + noise"]
    assert [row["trained on"] for row in tables["Utility"]] == names
    assert tables["Utility"][0]["residual CNN"].endswith("(1.00)")
    assert [row["published"] for row in tables["Privacy"]] == [*names, OTHER_BEATS, OTHER_SUBJECTS]
    rows = [(row["own subjects"], row["trained on"]) for row in tables["A few real subjects and the copy"]]
    assert rows == [("2", OWN), ("2", BOTH), ("", "beat of all subjects"), ("", f"{REAL} of all subjects")]
    assert (out / "trade-off.png").stat().st_size > 10_000
    cells = {file: file.stat().st_mtime_ns for file in (out / "cells").iterdir()}
    assert len(cells) == 8 + 2 * 3 * (6 + 2)
    assert research(*command, "--seeds", 3)[0] == 0
    assert {file: file.stat().st_mtime_ns for file in cells} == cells
    status, _, error = research(*command, "--classifiers", "forest")
    assert status != 0
    assert "classifier 'forest' is not one of" in error
