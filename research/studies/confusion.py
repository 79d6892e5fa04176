"""What a classifier guessed, counted by recording, so that every score and every interval follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ttest_rel

from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.classifiers import CLASSIFIERS, Mode

Counts = list[list[list[int]]]
"""Axes (recording, true class, guessed class): beats."""
BOOTSTRAPS = 1000


class Unseen:
    """Windows to test on, with what each kind of classifier sees of them, computed once."""

    def __init__(self, windows: Windows, labels: Sequence[str]) -> None:
        self.windows = windows.take(np.isin(windows.labels, labels))
        assert self.windows.recordings is not None
        self.recordings = self.windows.recordings
        self.labels = list(labels)
        self._shown: dict[str, NDArray[np.floating]] = {}

    def shown(self, kind: str) -> NDArray[np.floating]:
        """Return what classifiers of a kind see."""
        if kind not in self._shown:
            self._shown[kind] = CLASSIFIERS[kind].represent(self.windows)
        return self._shown[kind]


def confusions(
    kind: str, train: Windows, test: Unseen, seeds: Iterable[int], mode: Mode = "evenly"
) -> list[Counts]:
    """Return what classifiers of a kind, trained anew for each seed, guess of the test windows.

    Args:
        kind: a name of CLASSIFIERS.
        train: what it learns from, of the classes of the test.
        test: windows of known recordings.
        seeds: of the classifiers.
        mode: how often it sees the windows of each class.
    """
    classifier = CLASSIFIERS[kind]
    seen = classifier.represent(train)
    predictors = (classifier.fit(seen, train.labels, seed, mode) for seed in seeds)
    return [counted(test, predict(test.shown(kind))) for predict in predictors]


def counted(test: Unseen, guess: NDArray[np.str_]) -> Counts:
    """Return how often each class of each recording was taken for each class."""
    recordings, which = np.unique(test.recordings, return_inverse=True)
    counts = np.zeros((len(recordings), len(test.labels), len(test.labels)), dtype=np.int64)
    places = {label: place for place, label in enumerate(test.labels)}
    sides = (test.windows.labels.tolist(), guess.tolist())
    truth, taken_for = (np.array([places[label] for label in side], dtype=np.intp) for side in sides)
    np.add.at(counts, (which, truth, taken_for), 1)
    out: Counts = counts.tolist()
    return out


def macro_f1(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean of the classes' F1, 2 TP / (2 TP + FP + FN), of counts (… truth guess).

    Classes that the test windows lack are left out; 0 for a class that is never guessed.
    """
    scores, there = f1(counts), counts.sum(axis=-1) > 0
    mean: NDArray[np.float64] = np.where(there, scores, 0).sum(axis=-1) / np.maximum(there.sum(axis=-1), 1)
    return mean


def f1(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return each class's F1 (… class) of counts (… truth guess)."""
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    scores: NDArray[np.float64] = 2 * hits / np.maximum(counts.sum(axis=-1) + counts.sum(axis=-2), 1)
    return scores


def sensitivity(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return each class's share of true beats that were found (… class); NaN where there are none."""
    return _ratio(np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(axis=-1))


def predictive_value(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return each class's share of guesses that were right (… class); NaN where it was never guessed."""
    return _ratio(np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(axis=-2))


def accuracy(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the share of beats that were guessed right, of counts (… truth guess)."""
    return _ratio(np.diagonal(counts, axis1=-2, axis2=-1).sum(axis=-1), counts.sum(axis=(-2, -1)))


def paired_p(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the p value of Student's paired t test, two-sided; 1 where nothing differs."""
    if np.ptp(np.subtract(one, other)) < 1e-9:  # the test divides by the spread of the differences
        return 1.0 if np.allclose(one, other) else 0.0
    return float(ttest_rel(one, other).pvalue)


def difference_interval(one: NDArray[np.int64], other: NDArray[np.int64]) -> tuple[float, float]:
    """Return the 95 % interval of the difference in macro-F1 over people: recordings drawn with replacement.

    The quantiles of the bootstrapped differences; the same recordings for both (Efron and Tibshirani 1993, An
    Introduction to the Bootstrap, section 13.3).

    Args:
        one: counts (seed recording truth guess).
        other: the same of what it is compared with.
    """
    rng = np.random.default_rng(0)
    recordings = one.shape[1]
    times = rng.multinomial(recordings, np.full(recordings, 1 / recordings), size=BOOTSTRAPS)
    scores = [macro_f1(np.einsum("br,srtg->bstg", times, counts)).mean(axis=1) for counts in (one, other)]
    low, high = np.quantile(scores[0] - scores[1], [0.025, 0.975])
    return float(low), float(high)


def _ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)
