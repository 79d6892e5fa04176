"""Scores from confusion matrices, with scikit-learn and SciPy as references."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ttest_rel
from sklearn.metrics import confusion_matrix, f1_score, precision_score, recall_score

from diffecg.evaluation.generation import classifiers
from research.studies import confusion

LABELS = ["N", "S", "V", "F"]


def test_scores_agree_with_scikit_learn(beats):
    rng = np.random.default_rng(1)
    test = confusion.TestSet(beats, LABELS)
    predicted = np.where(rng.random(len(beats)) < 0.6, beats.labels, rng.choice(LABELS[:3], len(beats)))
    counts = confusion.confusion_matrices(test, predicted)
    assert len(counts) == 4
    pooled = counts.sum(axis=0)
    assert np.array_equal(pooled, confusion_matrix(beats.labels, predicted, labels=LABELS))
    of_b = beats.recordings == "b"
    assert np.array_equal(counts[1], confusion_matrix(beats.labels[of_b], predicted[of_b], labels=LABELS))
    options = {"labels": LABELS, "zero_division": 0}
    macro_f1 = f1_score(beats.labels, predicted, average="macro", **options)
    assert confusion.macro_f1(pooled) == pytest.approx(macro_f1)
    recall = recall_score(beats.labels, predicted, average=None, **options)
    precision = precision_score(beats.labels, predicted, average=None, **options)
    assert confusion.sensitivity(pooled) == pytest.approx(recall)
    assert np.nan_to_num(confusion.predictive_value(pooled)) == pytest.approx(precision)
    assert confusion.accuracy(pooled) == pytest.approx((beats.labels == predicted).mean())


def test_a_class_that_the_test_set_lacks_is_left_out():
    counts = np.array([[5, 0, 0], [1, 3, 0], [0, 0, 0]])
    assert confusion.macro_f1(counts) == pytest.approx((10 / 11 + 6 / 7) / 2)
    assert np.isnan(confusion.sensitivity(counts)[2])


def test_paired_differences():
    scores, others = [0.5, 0.6, 0.55, 0.7], [0.45, 0.58, 0.56, 0.61]
    assert confusion.paired_p(scores, others) == pytest.approx(ttest_rel(scores, others).pvalue)
    interval = ttest_rel(scores, others).confidence_interval()
    assert confusion.paired_interval(scores, others) == pytest.approx([*interval])
    assert confusion.paired_p(scores, scores) == 1
    rng = np.random.default_rng(0)
    worse = rng.integers(0, 20, (3, 12, 2, 2))
    better = worse.copy()
    better[..., [0, 1], [0, 1]] += 30
    lower, upper = confusion.difference_interval(better, worse)
    difference = (confusion.macro_f1(better.sum(axis=1)) - confusion.macro_f1(worse.sum(axis=1))).mean()
    assert 0 < lower < difference < upper
    assert confusion.difference_interval(worse, worse) == (0, 0)
    mistaken = worse.copy()
    mistaken[..., 0, 1] += 30  # more false negatives of the first label alone
    lower, upper = confusion.difference_interval(mistaken, worse, confusion.accuracy)
    assert lower < upper < 0
    assert confusion.difference_interval(mistaken, worse, lambda counts: counts[..., 1, 1] * 1.0) == (0, 0)


def test_class_weights_raise_the_sensitivity_to_a_rare_class(beats, monkeypatch):
    monkeypatch.setattr(classifiers, "TRAINING_BEATS", 1280)
    noise_mv = np.random.default_rng(0).normal(0, 1.5, beats.signal_mv.shape).astype("f4")
    noisy = replace(beats, signal=beats.signal_mv + noise_mv)
    every_other = np.arange(len(beats)) % 2 == 0
    imbalanced = noisy.take((noisy.labels == "N") | ((noisy.labels == "S") & every_other))
    test = confusion.TestSet(noisy, ["N", "S"])
    plain, weighted = (
        np.array(confusion.classify("residual CNN", imbalanced, test, range(3), mode)).sum(axis=(0, 1))
        for mode in ("as they occur", "weighted")
    )
    assert confusion.sensitivity(weighted)[1] > confusion.sensitivity(plain)[1]
