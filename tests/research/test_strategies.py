"""Oversampling and strategies against class imbalance."""

import numpy as np
import pytest

from diffecg.datasets.loading import open_windows
from diffecg.errors import DiffecgError
from diffecg.evaluation.generation import classifiers
from research.studies import oversampling, strategies
from research.studies.beats import select_beats

LABELS = ["N", "S", "V", "F"]


def test_smote_interpolates_between_beats_of_a_class(beats):
    synthetic = oversampling.smote(beats, {"S": 30, "F": 3}, seed=0)
    assert synthetic.labels.tolist() == ["S"] * 30 + ["F"] * 3
    real = beats.with_label("S").flat().astype(float)
    for point in synthetic.with_label("S").flat():
        directions = real[:, None] - real[None]
        along = np.einsum("ijk,jk->ij", directions, point - real)
        along /= np.maximum(np.square(directions).sum(axis=2), 1e-9)
        distance = np.abs(real[None] + along[..., None] * directions - point).max(axis=2)
        distance[(along < -1e-6) | (along > 1 + 1e-6)] = np.inf
        assert distance.min() < 1e-5
    single = beats.take(np.flatnonzero(beats.labels == "F")[:1])
    repeated = np.repeat(single.signal_mv, 2, axis=0)
    assert np.array_equal(oversampling.smote(single, {"F": 2}, 0).signal_mv, repeated)


def test_distorted_beats_keep_their_label_and_rr(beats, monkeypatch):
    counts = {"S": 25, "V": 3}
    distorted = oversampling.distort(beats, counts, seed=3)
    assert distorted.counts() == counts
    assert not np.isin(distorted.flat()[:, 10], beats.flat()[:, 10]).any()
    assert {tuple(rr) for rr in distorted.with_label("S").rr_s} <= {
        tuple(rr) for rr in beats.with_label("S").rr_s
    }
    for name in ("JITTER", "SCALE", "WARP"):
        monkeypatch.setattr(oversampling, name, 0.0)
    undistorted = oversampling.distort(beats, counts, seed=3)
    repeated = oversampling.repeat(beats, counts, 3)
    assert np.allclose(undistorted.signal_mv, repeated.signal_mv, atol=1e-6)


def test_strategies_add_the_promised_number_of_beats(beats):
    pool = {"pool": oversampling.from_pool(beats.drop_columns("recording", "rr_before_s", "rr_after_s"))}
    counts = {"N": 40, "S": 10, "V": 20, "F": 6}
    for amount, expected in ((None, dict.fromkeys(LABELS, 40)), (3, {"N": 40, "S": 40, "V": 80, "F": 24})):
        strategy = strategies.Strategy("any", source="pool", amount=amount)
        augmented = strategies.augment(beats, strategy, pool, seed=0)
        assert augmented.counts() == expected
        assert np.array_equal(augmented.signal_mv[: len(beats)], beats.signal_mv)
        for label in counts:  # missing RR intervals would reveal synthetic beats
            real_rr = {tuple(rr) for rr in beats.with_label(label).rr_s}
            assert {tuple(rr) for rr in augmented.with_label(label).rr_s} <= real_rr
    assert strategies.augment(beats, strategies.STRATEGIES[0], pool, 0) is beats
    assert strategies.subsample(beats, 0.1, seed=0).counts() == {"N": 4, "S": 2, "V": 2, "F": 2}
    assert strategies.subsample(beats, 1.0, seed=0) is beats


@pytest.mark.parametrize("mode", ["evenly", "as they occur", "weighted"])
def test_training_modes_sample_classes_at_the_stated_frequencies(beats, mode):
    rows = classifiers.training_order(beats.labels, np.random.default_rng(0), 7600, mode)
    share = {label: (beats.labels[rows] == label).mean() for label in LABELS}
    frequency = {label: (beats.labels == label).mean() for label in LABELS}
    expected = dict.fromkeys(LABELS, 0.25) if mode == "evenly" else frequency
    assert share == pytest.approx(expected, abs=0.01)


def test_selected_beats_have_the_labels_of_the_models(windows):
    prepared = open_windows(windows["beat"])
    beats = select_beats(prepared)
    trained = set(prepared.partition("train").labels)
    assert beats.unique_labels() == [label for label in LABELS if label in trained]
    assert set(beats.partition("train").recordings) & set(beats.partition("test").recordings) == set()
    with pytest.raises(DiffecgError, match="no windows in the partition 'other'"):
        beats.partition("other")
