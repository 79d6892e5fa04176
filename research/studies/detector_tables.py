"""Tables of the study of detectors."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Int

from diffecg.composition.language import BEAT_LABELS
from research.rivals.r_peak_detectors import DETECTORS
from research.studies.confusion import paired_p
from research.studies.detection_scores import (
    SCORES,
    Score,
    beat_f1,
    interval,
    predictive_value,
    score_seeds,
    sensitivity,
    stack_counts,
)
from research.studies.detector_options import (
    ARMS,
    DS2,
    HELD_OUT,
    OTHER_DATABASE,
    REAL,
    THRESHOLDS,
    DetectorOptions,
    choice_name,
    test_name,
)
from research.tables import Table, format_mean, format_number

MethodCounts = Mapping[str, Mapping[str, Int[np.ndarray, "seed recording 6 5"]]]
"""Counts by method and condition."""
_NOTES = {
    HELD_OUT: "Held-out recordings of DS1, on which the thresholds were chosen: no result.",
    DS2: "DS2, on which no setting was chosen.",
    OTHER_DATABASE: "All recordings of svdb, on which no setting was chosen.",
}
_MATCHED = (
    "First lead; a detection counts within 150 ms of the annotation (ANSI/AAMI EC57), over whole recordings "
    "without ventricular flutter. Noise of nstdb at a ratio of variances, from parts of its recordings that "
    "no training has seen. In %: mean ± standard deviation over seeds"
)


def choose_thresholds(results: Mapping[str, Any], options: DetectorOptions) -> dict[str, float]:
    """Return the threshold of each arm with the best F1 of R peaks, averaged over conditions and seeds."""
    return {arm: max(THRESHOLDS, key=partial(_mean_f1, results, options, arm)) for arm in ARMS}


def detector_tables(
    results: Mapping[str, Any], options: DetectorOptions, thresholds: Mapping[str, float]
) -> list[Table]:
    """Return the tables of the held-out recordings and, if there are tests, of both test sets.

    Args:
        results: by name of cell.
        options: of the study.
        thresholds: by arm.
    """
    tests = (DS2, OTHER_DATABASE) if options.seeds else ()
    tables = []
    for test in (HELD_OUT, *tests):
        counts = _counts_of(results, test, options, thresholds)
        tables += [_peak_table(test, counts, options), _error_table(test, counts, options)]
        tables.append(_type_table(test, counts, options))
        if test != HELD_OUT:
            tables.append(_difference_table(test, counts, options))
    chosen = ", ".join(f"{arm} {threshold:g}" for arm, threshold in thresholds.items())
    note = f"Smallest probability of an R peak, chosen on held-out recordings of DS1: {chosen}."
    return [*tables, Table(title="Thresholds", note=note, head=("arm", "threshold"), rows=_rows(thresholds))]


def _counts_of(
    results: Mapping[str, Any], test: str, options: DetectorOptions, thresholds: Mapping[str, float]
) -> MethodCounts:
    """Return the counts of public detectors and of all arms on a test set."""
    prefix, seeds = ("choice, ", options.choice_seeds) if test == HELD_OUT else ("", options.seeds)
    name_of = choice_name if test == HELD_OUT else test_name
    found: dict[str, list[Any]] = {name: [results[f"{prefix}{name}"][test]] for name in DETECTORS}
    for arm, threshold in thresholds.items():
        found[arm] = [results[name_of(arm, seed)][test][f"{threshold:g}"] for seed in range(seeds)]
    return {
        method: {name: stack_counts([one[name] for one in runs]) for name in options.conditions}
        for method, runs in found.items()
    }


def _mean_f1(results: Mapping[str, Any], options: DetectorOptions, arm: str, threshold: float) -> float:
    runs = [results[choice_name(arm, seed)][HELD_OUT] for seed in range(options.choice_seeds)]
    counts = [stack_counts([run[f"{threshold:g}"][name] for run in runs]) for name in options.conditions]
    return float(np.mean([score_seeds(one, beat_f1).mean() for one in counts]))


def _peak_table(test: str, counts: MethodCounts, options: DetectorOptions) -> Table:
    rows = [
        (method, *(_cell(of_method[name], beat_f1) for name in options.conditions))
        for method, of_method in counts.items()
    ]
    note = f"{_NOTES[test]} F1 of R peaks. {_MATCHED} (95 % interval over recordings)."
    return Table(title=f"R peaks, {test}", note=note, head=("detector", *options.conditions), rows=rows)


def _error_table(test: str, counts: MethodCounts, options: DetectorOptions) -> Table:
    def cell(one: Int[np.ndarray, "seed recording 6 5"]) -> str:
        values = (100 * score_seeds(one, score).mean() for score in (sensitivity, predictive_value))
        return ", ".join(format_number(float(value)) for value in values)

    rows = [
        (method, *(cell(of_method[name]) for name in options.conditions))
        for method, of_method in counts.items()
    ]
    note = f"{_NOTES[test]} Sensitivity and positive predictive value of R peaks, in %, means over seeds."
    title = f"Sensitivity and predictive value, {test}"
    return Table(title=title, note=note, head=("detector", *options.conditions), rows=rows)


def _type_table(test: str, counts: MethodCounts, options: DetectorOptions) -> Table:
    rows = [
        (name, arm, *(_cell(counts[arm][name], SCORES[label]) for label in BEAT_LABELS))
        for name in options.conditions
        for arm in ARMS
    ]
    numbers = counts[REAL][options.conditions[0]][0].sum(axis=0)[: len(BEAT_LABELS)].sum(axis=1)
    beats = ", ".join(f"{number:,} {label}" for number, label in zip(numbers, BEAT_LABELS, strict=True))
    note = f"{_NOTES[test]} F1 of detected and correctly typed beats. {_MATCHED} (interval). {beats}."
    head = ("condition", "trained on", *BEAT_LABELS)
    return Table(title=f"Types of beats, {test}", note=note, head=head, rows=rows)


def _difference_table(test: str, counts: MethodCounts, options: DetectorOptions) -> Table:
    others = [arm for arm in ARMS if arm != REAL]
    rows = [
        (
            name,
            label,
            *(_difference(counts[arm][name], counts[REAL][name], score) for arm in others),
        )
        for name in options.conditions
        for label, score in SCORES.items()
    ]
    note = (
        f"{_NOTES[test]} Difference in F1 to training on real recordings, in percentage points: mean over "
        f"{options.seeds} seeds; p of Student's paired t test over seeds, not corrected for the "
        f"{len(rows) * len(others)} comparisons of this table; 95 % bootstrap interval over recordings."
    )
    return Table(
        title=f"Differences to real recordings, {test}",
        note=note,
        head=("condition", "F1 of", *others),
        rows=rows,
    )


def _cell(counts: Int[np.ndarray, "seed recording 6 5"], score: Score) -> str:
    low, high = interval(counts, score)
    mean = format_mean((100 * score_seeds(counts, score)).tolist(), 2)
    return f"{mean} ({100 * low:.1f} to {100 * high:.1f})"


def _difference(
    counts: Int[np.ndarray, "seed recording 6 5"],
    others: Int[np.ndarray, "seed recording 6 5"],
    score: Score,
) -> str:
    ours, theirs = score_seeds(counts, score), score_seeds(others, score)
    low, high = interval(counts, score, others)
    p = f"p = {paired_p(ours.tolist(), theirs.tolist()):.3f}" if len(ours) > 1 else "one seed"
    return f"{100 * (ours - theirs).mean():+.2f} ({p}; {100 * low:+.2f} to {100 * high:+.2f})"


def _rows(thresholds: Mapping[str, float]) -> list[tuple[str, ...]]:
    return [(arm, f"{threshold:g}") for arm, threshold in thresholds.items()]
