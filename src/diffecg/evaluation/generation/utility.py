"""What synthetic windows are worth: classifiers trained on them and tested on people nobody trained on.

Esteban et al. (2017), arXiv 1706.02633, section 4 (TSTR, TRTS). Test windows take no part in any choice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.classifiers import CLASSIFIERS, Classifier
from diffecg.evaluation.generation.comparison import mean_beats
from diffecg.evaluation.generation.rows import ALL, LEAST, Advance, MetricRow, metric_row

SECTION = "utility"
SETTINGS = {
    "TSTR": (("synthetic", "test"), ("train", "test"), ("mean beats", "test")),
    "TRTS": (("train", "synthetic"), ("train", "held-out"), ("train", "mean beats")),
    "TS+RTR": (("both", "test"), ("train", "test"), ("mean beats", "test")),
}
"""What classifiers are trained and tested on, for the figure, its floor and its baseline.

Train on synthetic, test on real; the reverse; train on both, test on real. The floor has real windows in
place of the synthetic ones. TRTS asks whether a class can be recognised, so that windows more alike than
real ones exceed its floor.
"""
_TRAINED_ON = sorted({pair[0] for pairs in SETTINGS.values() for pair in pairs})
Scores = dict[tuple[str, str], float]
"""Metric and class to value."""


def utility(
    synthetic: Windows,
    train: Windows,
    test: Windows,
    held_out: Windows,
    *,
    seeds: int = 5,
    advance: Advance = lambda _: None,
) -> list[MetricRow]:
    """Return the rows of utility.

    Args:
        synthetic: the windows to judge.
        train: real windows to train on.
        test: real windows of other people.
        held_out: other real windows of the people trained on.
        seeds: classifiers of each kind.
        advance: called after each classifier that was trained.

    Raises:
        DiffecgError: scikit-learn is not installed.
    """
    sets = {"synthetic": synthetic, "train": train, "test": test, "held-out": held_out}
    labels = [one for one in train.classes() if all(_enough(s, one) for s in sets.values())]
    if len(labels) < 2:
        why = f"fewer than two classes with {LEAST} windows in each set"
        return [metric_row(SECTION, f"{one}, macro-F1", ALL, "", "higher", undefined=why) for one in SETTINGS]
    sets = {name: windows.take(np.isin(windows.labels, labels)) for name, windows in sets.items()}
    sets["mean beats"] = mean_beats(sets["train"], sets["synthetic"].labels.tolist())
    rows: list[MetricRow] = []
    for name, kind in CLASSIFIERS.items():
        found = _scores(kind, sets, labels, seeds, advance)
        for setting, pairs in SETTINGS.items():
            best = "as the floor" if setting == "TRTS" else "higher"
            rows += _rows(f"{setting}, {name}", best, *(found[pair] for pair in pairs))
    return rows


def _scores(
    kind: Classifier, sets: dict[str, Windows], labels: list[str], seeds: int, advance: Advance
) -> dict[tuple[str, str], list[Scores]]:
    """Return the scores, one a seed, for each pair of SETTINGS."""
    seen = {name: (kind.represent(windows), windows.labels) for name, windows in sets.items()}
    signals, answers = zip(seen["synthetic"], seen["train"], strict=True)
    seen["both"] = np.concatenate(signals), np.concatenate(answers)
    found: dict[tuple[str, str], list[Scores]] = {pair: [] for pairs in SETTINGS.values() for pair in pairs}
    for trained_on in _TRAINED_ON:
        for seed in range(seeds):
            predict = kind.fit(*seen[trained_on], seed, "evenly")
            for (one, tested_on), scores in found.items():
                if one == trained_on:
                    tested, truth = seen[tested_on]
                    scores.append(classification(truth, predict(tested), labels))
            advance(f"trained on {trained_on}")
    return found


def steps(seeds: int = 5) -> int:
    """Return how often :func:`utility` calls ``advance``."""
    return len(CLASSIFIERS) * seeds * len(_TRAINED_ON)


def classification(truth: NDArray[np.str_], guess: NDArray[np.str_], labels: Sequence[str]) -> Scores:
    """Return macro-F1 over classes, and each class's sensitivity and positive predictive value.

    The mean of the classes' F1, F1 = 2 TP / (2 TP + FP + FN); 0 for a class that is never guessed.
    """
    scores: Scores = {}
    f1 = []
    for label in labels:
        is_true, is_guess = truth == label, guess == label
        hits = float((is_true & is_guess).sum())
        true, guessed = int(is_true.sum()), int(is_guess.sum())
        f1.append(2 * hits / max(true + guessed, 1))
        scores["sensitivity", label] = hits / max(true, 1)
        scores["positive predictive value", label] = hits / guessed if guessed else float("nan")
    return {("macro-F1", ALL): float(np.mean(f1)), **scores}


def _rows(prefix: str, best: str, *found: list[Scores]) -> list[MetricRow]:
    rows = []
    for metric, label in found[0][0]:
        columns = [[scores[metric, label] for scores in one] for one in found]
        name, why = f"{prefix}, {metric}", "the class was never guessed"
        rows.append(metric_row(SECTION, name, label, "", best, columns, undefined=why))
    return rows


def _enough(windows: Windows, label: str) -> bool:
    return int((windows.labels == label).sum()) >= LEAST
