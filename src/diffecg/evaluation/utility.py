"""What synthetic windows are worth: classifiers trained on them and tested on people nobody trained on.

Esteban et al. (2017), arXiv 1706.02633, section 4 (TSTR, TRTS). Test windows take no part in any choice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diffecg.evaluation.classifiers import CLASSIFIERS
from diffecg.evaluation.closeness import LEAST, Advance
from diffecg.evaluation.rows import ALL, Row, mean_of, spread_of
from diffecg.evaluation.sets import WindowSet, mean_beats, one_set

SECTION = "utility"
SETTINGS = {
    "TSTR": "trained on synthetic, tested on real",
    "TRTS": "trained on real, tested on synthetic",
    "TS+RTR": "trained on both, tested on real",
}
"""The floor of a setting has real windows in place of the synthetic ones: TRTR, trained on real and tested on
real windows; for TRTS, tested on held-out windows of the people trained on. TRTS asks whether a class can be
recognised, so that windows more alike than real ones exceed its floor."""
Scores = dict[tuple[str, str], float]
"""Metric and class to value."""


def utility(
    synthetic: WindowSet,
    train: WindowSet,
    test: WindowSet,
    held_out: WindowSet,
    *,
    seeds: int = 5,
    advance: Advance = lambda _: None,
) -> list[Row]:
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
    sets = (synthetic, train, test, held_out)
    labels = [one for one in train.classes() if all(_enough(s, one) for s in sets)]
    if len(labels) < 2:
        note = f"undefined: fewer than two classes with {LEAST} windows in each set"
        return [Row(SECTION, f"{name}, macro-F1", ALL, "", "higher", note=note) for name in SETTINGS]
    synthetic, train, test, held_out = (s.take(np.isin(s.labels, labels)) for s in sets)
    trivial = mean_beats(train, synthetic.labels.tolist())
    rows: list[Row] = []
    for name, fit in CLASSIFIERS.items():
        columns = (*SETTINGS, "TRTR", "TRTS floor", "TRTS baseline", "baseline")
        found: dict[str, list[Scores]] = {key: [] for key in columns}
        for seed in range(seeds):
            on_real = fit(train, seed)
            tested = {"TRTR": test, "TRTS": synthetic, "TRTS floor": held_out, "TRTS baseline": trivial}
            for setting, windows in tested.items():
                found[setting].append(classification(windows.labels, on_real(windows), labels))
            advance(f"{name} on real beats")
            trained = {"TSTR": synthetic, "TS+RTR": one_set([synthetic, train]), "baseline": trivial}
            for setting, windows in trained.items():
                found[setting].append(classification(test.labels, fit(windows, seed)(test), labels))
                advance(f"{name}, {setting}")
        for setting in SETTINGS:
            ends = ("TRTS floor", "TRTS baseline") if setting == "TRTS" else ("TRTR", "baseline")
            best = "as the floor" if setting == "TRTS" else "higher"
            rows += _rows(f"{setting}, {name}", best, found[setting], *(found[end] for end in ends))
    return rows


def steps(seeds: int = 5) -> int:
    """Return how often :func:`utility` calls ``advance``."""
    return len(CLASSIFIERS) * seeds * 4


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


def _rows(
    prefix: str, best: str, found: list[Scores], floor: list[Scores], baseline: list[Scores]
) -> list[Row]:
    rows = []
    for metric, label in found[0]:
        columns = [[scores[metric, label] for scores in one] for one in (found, floor, baseline)]
        rows.append(
            Row(
                SECTION,
                f"{prefix}, {metric}",
                label,
                "",
                best,
                value=mean_of(columns[0]),
                spread=spread_of(columns[0]),
                floor=mean_of(columns[1]),
                floor_spread=spread_of(columns[1]),
                baseline=mean_of(columns[2]),
                note="" if mean_of(columns[0]) is not None else "undefined: the class was never guessed",
            )
        )
    return rows


def _enough(windows: WindowSet, label: str) -> bool:
    return int((windows.labels == label).sum()) >= LEAST
