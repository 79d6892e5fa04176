"""Utility: classifiers trained on synthetic and tested on real windows of other subjects, and the reverse.

Esteban et al. (2017), arXiv 1706.02633, section 4 (TSTR, TRTS). Test windows take no part in any choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Shaped

from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.classifiers import CLASSIFIERS, Classifier
from diffecg.evaluation.generation.comparison import mean_beats, shared_labels
from diffecg.evaluation.generation.metrics import (
    ALL,
    MIN_WINDOWS,
    Metric,
    MetricRow,
    MetricValues,
    metric_row,
)
from diffecg.evaluation.progress import Progress
from diffecg.extras import require

SECTION = "utility"
CLASSIFIER_STEPS = 10
"""Steps of progress for a trained classifier."""
PROTOCOLS = {
    "TSTR": (("synthetic", "test"), ("train", "test"), ("mean beats", "test")),
    "TRTS": (("train", "synthetic"), ("train", "held-out"), ("train", "mean beats")),
    "TS+RTR": (("both", "test"), ("train", "test"), ("mean beats", "test")),
}
"""Training set and test set of the metric, of its reference and of its baseline.

Train on synthetic, test on real; train on real, test on synthetic; train on both, test on real. The reference
has real windows in place of the synthetic ones. TRTS measures whether labels can be recognised: windows that
vary less than real ones exceed its reference.
"""
TRAINING_SETS = sorted({pair[0] for pairs in PROTOCOLS.values() for pair in pairs})

Scores = dict[tuple[str, str], float]
"""Values by name of the metric and label."""
SetScores = dict[tuple[str, str], list[Scores]]
"""Scores of each seed, by training set and test set."""


def utility(
    synthetic: Windows,
    train: Windows,
    test: Windows,
    held_out: Windows,
    *,
    seeds: int = 5,
    progress: Progress | None = None,
) -> list[MetricRow]:
    """Return the metrics of utility.

    If windows have several labels each, classifiers recognise one label against the rest.

    Args:
        synthetic: windows to evaluate.
        train: real windows to train on.
        test: real windows of other subjects.
        held_out: other real windows of the training subjects.
        seeds: number of classifiers of each kind.
        progress: advanced by :data:`CLASSIFIER_STEPS` after each classifier that has been trained.

    Raises:
        DiffecgError: scikit-learn is not installed.
    """
    sets = {"synthetic": synthetic, "train": train, "test": test, "held-out": held_out}
    if any(windows.has_several_labels for windows in sets.values()):
        labels = shared_labels(train, synthetic)
        return [row for label in labels for row in _against_rest(sets, label, seeds, progress)]
    labels = [label for label in train.unique_labels() if all(_has_enough(s, label) for s in sets.values())]
    if len(labels) < 2:
        reason = f"fewer than two labels with {MIN_WINDOWS} windows in each set"
        return [
            metric_row(_metric(protocol, f"{protocol}, macro-F1"), ALL, undefined=reason)
            for protocol in PROTOCOLS
        ]
    sets = {name: windows.take(np.isin(windows.labels, labels)) for name, windows in sets.items()}
    sets["mean beats"] = mean_beats(sets["train"], sets["synthetic"].labels.tolist())
    rows: list[MetricRow] = []
    for name, classifier in CLASSIFIERS.items():
        scores = _train_and_test(classifier, sets, labels, seeds, progress)
        for protocol, pairs in PROTOCOLS.items():
            rows += _rows(protocol, name, *(scores[pair] for pair in pairs))
    return rows


def _against_rest(
    sets: Mapping[str, Windows], label: str, seeds: int, progress: Progress | None
) -> list[MetricRow]:
    """Return the metrics of the classification of windows with and without a label."""
    rest = f"not {label}"
    synthetic, train, test, held_out = (
        replace(
            windows,
            index=windows.index.drop(columns="labels", errors="ignore").assign(
                label=np.where(windows.has_label(label), label, rest)
            ),
        )
        for windows in sets.values()
    )
    rows = utility(synthetic, train, test, held_out, seeds=seeds, progress=progress)
    return [
        replace(row, metric=f"{row.metric} against the rest", label=label)
        for row in rows
        if row.label != rest
    ]


def count_steps(seeds: int) -> int:
    """Return the steps of progress of :func:`utility`."""
    return CLASSIFIER_STEPS * len(CLASSIFIERS) * seeds * len(TRAINING_SETS)


def classification_scores(
    truth: Shaped[np.ndarray, " window"], predicted: Shaped[np.ndarray, " window"], labels: Sequence[str]
) -> Scores:
    """Return macro-F1, and the sensitivity and positive predictive value of each label.

    The positive predictive value of a label that is never predicted is NaN; its F1 is 0.

    Raises:
        DiffecgError: scikit-learn is not installed.
    """
    metrics = require("sklearn.metrics", "eval")
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        truth, predicted, labels=list(labels), zero_division=0.0
    )
    never = ~np.isin(labels, predicted)
    scores: Scores = {("macro-F1", ALL): float(f1.mean())}
    for label, sensitivity, ppv in zip(labels, recall, np.where(never, np.nan, precision), strict=True):
        scores["sensitivity", label] = float(sensitivity)
        scores["positive predictive value", label] = float(ppv)
    return scores


def _train_and_test(
    classifier: Classifier,
    sets: dict[str, Windows],
    labels: Sequence[str],
    seeds: int,
    progress: Progress | None,
) -> SetScores:
    """Return the scores of a kind of classifier for each pair of PROTOCOLS."""
    inputs = {name: (classifier.represent(windows), windows.labels) for name, windows in sets.items()}
    signals, targets = zip(inputs["synthetic"], inputs["train"], strict=True)
    inputs["both"] = np.concatenate(signals), np.concatenate(targets)
    scores: SetScores = {pair: [] for pairs in PROTOCOLS.values() for pair in pairs}
    for training_set in TRAINING_SETS:
        for seed in range(seeds):
            predict = classifier.fit(*inputs[training_set], seed, "evenly")
            for test_set in (test for train, test in scores if train == training_set):
                tested, truth = inputs[test_set]
                scores[training_set, test_set].append(classification_scores(truth, predict(tested), labels))
            if progress is not None:
                progress.advance(CLASSIFIER_STEPS)
    return scores


def _rows(
    protocol: str, classifier: str, synthetic: list[Scores], reference: list[Scores], baseline: list[Scores]
) -> list[MetricRow]:
    """Return the rows of one protocol and one kind of classifier; lists have one entry a seed."""
    return [
        metric_row(
            _metric(protocol, f"{protocol}, {classifier}, {key[0]}"),
            key[1],
            MetricValues(
                synthetic=[scores[key] for scores in synthetic],
                reference=[scores[key] for scores in reference],
                baseline=[scores[key] for scores in baseline],
            ),
            undefined="the label was never predicted",
        )
        for key in synthetic[0]
    ]


def _metric(protocol: str, name: str) -> Metric:
    better = "as the reference" if protocol == "TRTS" else "higher"
    return Metric(section=SECTION, name=name, better=better)


def _has_enough(windows: Windows, label: str) -> bool:
    return int((windows.labels == label).sum()) >= MIN_WINDOWS
