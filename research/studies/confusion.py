"""Confusion matrices by recording, and the scores and intervals that follow from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Shaped
from scipy.stats import t, ttest_rel

from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.classifiers import CLASSIFIERS, Classifier, Mode

BOOTSTRAPS = 1000
Score = Callable[[Int[np.ndarray, "*batch truth predicted"]], Float[np.ndarray, "*batch"]]
"""A number that follows from a confusion matrix."""


class TestSet:
    """Windows of known recordings to test classifiers on; the inputs of each kind are computed once."""

    __test__ = False  # not a test case of pytest

    def __init__(
        self, windows: Windows, labels: Sequence[str], classifiers: Mapping[str, Classifier] = CLASSIFIERS
    ) -> None:
        self.windows = windows.take(np.isin(windows.labels, labels))
        assert self.windows.recordings is not None
        self.recordings = self.windows.recordings
        self.labels = list(labels)
        self.classifiers = classifiers
        self.inputs = cache(self._inputs)

    def _inputs(self, kind: str) -> Any:
        """Return the windows as classifiers of a kind take them."""
        return self.classifiers[kind].represent(self.windows)


def classify(
    kind: str, train: Windows, test: TestSet, seeds: Iterable[int], mode: Mode = "evenly"
) -> list[Int[np.ndarray, "recording truth predicted"]]:
    """Train classifiers of a kind and return the confusion matrices of each on the test set.

    Args:
        kind: one of the test set's classifiers.
        train: the training set, with labels of the test set only.
        test: the test set.
        seeds: one classifier is trained for each.
        mode: sampling of the training windows by class.
    """
    classifier = test.classifiers[kind]
    inputs = classifier.represent(train)
    predictors = (classifier.fit(inputs, train.labels, seed, mode) for seed in seeds)
    return [confusion_matrices(test, predict(test.inputs(kind))) for predict in predictors]


def confusion_matrices(
    test: TestSet, predicted: Shaped[np.ndarray, " window"]
) -> Int[np.ndarray, "recording truth predicted"]:
    """Return a confusion matrix for each recording, the recordings in alphabetical order."""
    recordings, recording = np.unique(test.recordings, return_inverse=True)
    position = {label: i for i, label in enumerate(test.labels)}
    truth, prediction = (
        np.array([position[label] for label in labels], dtype=np.intp)
        for labels in (test.windows.labels.tolist(), predicted.tolist())
    )
    counts = np.zeros((len(recordings), len(position), len(position)), dtype=np.int64)
    np.add.at(counts, (recording, truth, prediction), 1)
    return counts


def macro_f1(counts: Int[np.ndarray, "*batch truth predicted"]) -> Float[np.ndarray, "*batch"]:
    """Return the mean F1 over the classes that the test set has."""
    present = counts.sum(axis=-1) > 0
    return np.asarray(np.where(present, f1(counts), 0).sum(axis=-1) / np.maximum(present.sum(axis=-1), 1))


def f1(counts: Int[np.ndarray, "*batch truth predicted"]) -> Float[np.ndarray, "*batch label"]:
    """Return F1 = 2 TP / (2 TP + FP + FN) of each class; 0 for a class that is never predicted."""
    return 2 * _hits(counts) / np.maximum(counts.sum(axis=-1) + counts.sum(axis=-2), 1)


def sensitivity(counts: Int[np.ndarray, "*batch truth predicted"]) -> Float[np.ndarray, "*batch label"]:
    """Return TP / (TP + FN) of each class; NaN for a class that the test set does not have."""
    return _ratio(_hits(counts), counts.sum(axis=-1))


def predictive_value(counts: Int[np.ndarray, "*batch truth predicted"]) -> Float[np.ndarray, "*batch label"]:
    """Return TP / (TP + FP) of each class; NaN for a class that is never predicted."""
    return _ratio(_hits(counts), counts.sum(axis=-2))


def accuracy(counts: Int[np.ndarray, "*batch truth predicted"]) -> Float[np.ndarray, "*batch"]:
    """Return the share of windows whose predicted label is right."""
    return np.asarray(_hits(counts).sum(axis=-1) / counts.sum(axis=(-2, -1)))


def paired_p(scores: Sequence[float], others: Sequence[float]) -> float:
    """Return the p value of Student's two-sided paired t test; 1 for equal scores."""
    if np.ptp(np.subtract(scores, others)) < 1e-9:  # the test divides by the spread of the differences
        return 1.0 if np.allclose(scores, others) else 0.0
    return float(ttest_rel(scores, others).pvalue)


def paired_interval(scores: Sequence[float], others: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % interval of the mean difference by Student's paired t distribution."""
    differences = np.subtract(scores, others)
    count = len(differences)
    half = float(t.ppf(0.975, count - 1) * differences.std(ddof=1) / np.sqrt(count))
    mean = float(differences.mean())
    return mean - half, mean + half


def bootstrap_weights(subjects: int, seed: int = 0) -> Int[np.ndarray, "bootstrap subject"]:
    """Return how often each subject is in each of BOOTSTRAPS samples with replacement."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(subjects, np.full(subjects, 1 / subjects), size=BOOTSTRAPS)


def difference_interval(
    counts: Int[np.ndarray, "seed recording truth predicted"],
    others: Int[np.ndarray, "seed recording truth predicted"],
    score: Score = macro_f1,
) -> tuple[float, float]:
    """Return the 95 % bootstrap interval, over recordings, of the difference in a score's mean over seeds.

    Percentiles of the bootstrapped differences, with the same resampled recordings on both sides (Efron and
    Tibshirani 1993, An Introduction to the Bootstrap, section 13.3).
    """
    weights = bootstrap_weights(counts.shape[1])
    scores, other_scores = (
        score(np.einsum("br,srtp->bstp", weights, one)).mean(axis=1) for one in (counts, others)
    )
    lower, upper = np.quantile(scores - other_scores, [0.025, 0.975])
    return float(lower), float(upper)


def _hits(counts: Int[np.ndarray, "*batch truth predicted"]) -> Int[np.ndarray, "*batch label"]:
    return np.diagonal(counts, axis1=-2, axis2=-1)


def _ratio(part: Int[np.ndarray, "..."], whole: Int[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)
