"""Copies from a normal distribution of each label: moments, labels that are left out, cards, the command."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import diffecg
from diffecg.datasets.formats.registry import write_windows
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.integrations.dataset_card import write_cards


def windows_of(labels, recordings, seed=0):
    """Return windows of two leads, correlated noise around a mean for each label."""
    rng = np.random.default_rng(seed)
    labels = np.array(labels)
    mixing = np.random.default_rng(9).standard_normal((6, 40))
    signal = rng.standard_normal((len(labels), 6)) @ mixing + 5.0 * (labels == "V")[:, None]
    return Windows.from_arrays(
        signal.reshape(-1, 2, 20).astype(np.float32), 100.0, labels.tolist(), r_peak=8, recording=recordings
    )


@pytest.fixture
def real():
    """400 N of eight recordings, 60 V of three, 5 S of one."""
    labels = ["N"] * 400 + ["V"] * 60 + ["S"] * 5
    recordings = [f"r{i % 8}" for i in range(400)] + [f"r{i % 3}" for i in range(60)] + ["r0"] * 5
    return windows_of(labels, recordings)


def test_samples_have_mean_and_covariance_of_each_label(real):
    copy = diffecg.gaussian_copy(real, counts={"N": 50_000, "V": 20_000}, seed=1)
    for label in ("N", "V"):
        own, sampled = real.with_label(label).flat(), copy.with_label(label).flat()
        np.testing.assert_allclose(sampled.mean(axis=0), own.mean(axis=0), atol=0.1)
        covariance = np.cov(own.T)
        np.testing.assert_allclose(np.cov(sampled.T), covariance, atol=0.05 * np.trace(covariance) / 6)


def test_only_the_leading_components_vary(real):
    copy = diffecg.gaussian_copy(real, components=2)
    flat = copy.with_label("N").flat()
    assert np.linalg.matrix_rank(flat - flat.mean(axis=0), tol=0.01) == 2
    _, _, directions = np.linalg.svd(
        real.with_label("N").flat() - real.with_label("N").flat().mean(0), full_matrices=False
    )
    rest = (flat - flat.mean(axis=0)) @ directions[2:].T
    assert np.abs(rest).max() < 1e-3


def test_labels_of_too_few_subjects_are_left_out(real):
    copy = diffecg.gaussian_copy(real)
    assert copy.counts() == {"N": 400, "V": 60}
    assert copy.info["left_out"] == ["S"]
    assert diffecg.gaussian_copy(real, min_subjects=1).counts() == real.counts()
    with pytest.raises(DiffecgError, match="label S has windows of 1 subjects, fewer than 3"):
        diffecg.gaussian_copy(real, counts={"S": 4})
    with pytest.raises(DiffecgError, match="label N has windows of 8 subjects, fewer than 9"):
        diffecg.gaussian_copy(real, min_subjects=9)


def test_subjects_count_and_not_their_recordings(real):
    of_two = replace(real, index=real.index.assign(subject=["a", "b"] * 232 + ["a"]))
    with pytest.raises(DiffecgError, match="label N has windows of 2 subjects"):
        diffecg.gaussian_copy(of_two)


def test_windows_keep_leads_rate_and_r_peak_but_no_identity(real):
    copy = diffecg.gaussian_copy(real)
    assert (copy.channel_names, copy.fs_hz, copy.r_peak) == (real.channel_names, 100.0, 8)
    assert copy.recordings is None
    assert copy.rr_s is None


def test_the_seed_determines_the_copy(real):
    one, same, other = (diffecg.gaussian_copy(real, seed=seed).signal_mv for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_windows_of_unknown_subjects_are_refused(real):
    unknown = real.drop_columns("recording")
    with pytest.raises(DiffecgError, match="column subject or recording, or set min_subjects to 0"):
        diffecg.gaussian_copy(unknown)
    assert diffecg.gaussian_copy(unknown, min_subjects=0).counts() == real.counts()
    several = replace(real, index=pd.DataFrame({"labels": [["N"]] * len(real)}))
    with pytest.raises(DiffecgError, match="several labels"):
        diffecg.gaussian_copy(several)
    with pytest.raises(DiffecgError, match="components 0 must be at least 1"):
        diffecg.gaussian_copy(real, components=0)


def test_the_card_says_that_it_is_synthetic_and_of_which_database(real, tmp_path):
    source = {"database": "mitdb", "licence": "ODC-By 1.0", "split": "strict", "secret": "name"}
    copy = diffecg.gaussian_copy(replace(real, info=source))
    assert "secret" not in copy.info
    write_windows(copy, tmp_path / "copy.parquet")
    written = write_cards(tmp_path)
    text = (tmp_path / "README.md").read_text()
    assert "460 synthetic ECG windows, a copy of those of mitdb" in text
    assert "Synthetic ECG, not of any person" in text
    assert "synthetic-data" in text
    assert written["licence"] == "odc-by"
    assert "synthetic data" in json.loads((tmp_path / "croissant.json").read_text())["keywords"]


def test_impossible_windows_and_counts_are_refused(real):
    missing = real.signal.copy()
    missing[3, 0, 5] = np.nan
    for windows, options, words in (
        (replace(real, signal=missing), {}, "missing or infinite samples"),
        (real, {"seed": -1}, "seed -1 must be at least 0"),
        (real, {"counts": {"N": -3}}, "count of N -3 must be at least 1"),
        (real, {"counts": {"X": 3}}, "unknown label 'X'; choose one of N, S, V"),
        (real.take(np.arange(1)), {"min_subjects": 0}, "label N has one window"),
    ):
        with pytest.raises(DiffecgError, match=words):
            diffecg.gaussian_copy(windows, **options)


def test_a_label_of_one_window_is_left_out(real):
    rows = np.append(np.arange(400), 460)
    copy = diffecg.gaussian_copy(real.take(rows), min_subjects=0)
    assert copy.counts() == {"N": 400}
    assert copy.info["left_out"] == ["S"]
