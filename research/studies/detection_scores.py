"""Scores of heartbeats that a detector finds: counts of annotated against detected types.

The rows of a matrix of counts are the annotated types N, S, V, F, beats of other types, and detections where
there is no beat; its columns the detected types N, S, V, F, and beats that are not detected.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float, Int

from diffecg.composition.language import BEAT_LABELS
from diffecg.evaluation.imputation.detection import match_peaks
from research.studies.detector_windows import BeatRecording

TOLERANCE_S = 0.15
"""Largest distance of a detection from the annotation, as in ANSI/AAMI EC57."""
TYPES = len(BEAT_LABELS)
OTHER_ROW, FALSE_ROW, MISSED = TYPES, TYPES + 1, TYPES
SHAPE = (TYPES + 2, TYPES + 1)
BOOTSTRAPS = 1000
Counts = Int[np.ndarray, "*batch 6 5"]
Score = Callable[[Counts], Float[np.ndarray, "*batch"]]


def count_detections(
    recording: BeatRecording, time_s: Float[np.ndarray, " detection"], types: Int[np.ndarray, " detection"]
) -> Int[np.ndarray, "6 5"]:
    """Return the counts of a recording.

    Args:
        recording: the recording.
        time_s: of the detected beats, ascending.
        types: their types.
    """
    counted = ~recording.is_flutter(time_s)
    time_s, types = time_s[counted], types[counted]
    true_ms, found_ms = (np.rint(1000 * time).astype(np.int64) for time in (recording.time_s, time_s))
    true, found = match_peaks(true_ms, found_ms, round(1000 * TOLERANCE_S))
    rows = np.where(recording.types >= 0, recording.types, OTHER_ROW)
    columns = np.full(len(rows), MISSED)
    columns[true] = types[found]
    counts = np.zeros(SHAPE, dtype=np.int64)
    np.add.at(counts, (rows, columns), 1)
    counts[FALSE_ROW, :MISSED] = np.bincount(np.delete(types, found), minlength=TYPES)
    return counts


def sensitivity(counts: Counts) -> Float[np.ndarray, "*batch"]:
    """Return the share of the annotated beats that are detected, of any type."""
    return _hits(counts) / np.maximum(counts[..., :FALSE_ROW, :].sum(axis=(-2, -1)), 1)


def predictive_value(counts: Counts) -> Float[np.ndarray, "*batch"]:
    """Return the share of the detections that are beats."""
    return _hits(counts) / np.maximum(counts[..., :MISSED].sum(axis=(-2, -1)), 1)


def beat_f1(counts: Counts) -> Float[np.ndarray, "*batch"]:
    """Return F1 of the R peaks."""
    detected, annotated = counts[..., :MISSED], counts[..., :FALSE_ROW, :]
    return 2 * _hits(counts) / np.maximum(detected.sum(axis=(-2, -1)) + annotated.sum(axis=(-2, -1)), 1)


def type_f1(label: str) -> Score:
    """Return the function of F1 of the beats of a label; annotated beats of other types do not count."""
    number = BEAT_LABELS.index(label)

    def score(counts: Counts) -> Float[np.ndarray, "*batch"]:
        detected = counts[..., number].sum(axis=-1) - counts[..., OTHER_ROW, number]
        annotated = counts[..., number, :].sum(axis=-1)
        return 2 * counts[..., number, number] / np.maximum(detected + annotated, 1)

    return score


SCORES: dict[str, Score] = {
    "R peaks": beat_f1,
    **{label: type_f1(label) for label in BEAT_LABELS},
}
"""F1 scores by name."""


def score_seeds(counts: Int[np.ndarray, "seed recording 6 5"], score: Score) -> Float[np.ndarray, " seed"]:
    """Return the score of each seed over all recordings."""
    return score(counts.sum(axis=1))


def interval(
    counts: Int[np.ndarray, "seed recording 6 5"],
    score: Score,
    others: Int[np.ndarray, "seed recording 6 5"] | None = None,
) -> tuple[float, float]:
    """Return the 95 % bootstrap interval over recordings of a mean score, or of its difference to another's.

    Args:
        counts: of all seeds.
        score: the score.
        others: counts of the other method, on the same recordings; None: the score itself.
    """
    recordings = counts.shape[1]
    rng = np.random.default_rng(0)
    weights = rng.multinomial(recordings, np.full(recordings, 1 / recordings), size=BOOTSTRAPS)
    values = [
        score(np.einsum("br,srtp->bstp", weights, one)).mean(axis=1)
        for one in (counts, others)
        if one is not None
    ]
    low, high = np.quantile(values[0] - (values[1] if len(values) > 1 else 0), [0.025, 0.975])
    return float(low), float(high)


def stack_counts(
    results: Sequence[Sequence[Sequence[Sequence[int]]]],
) -> Int[np.ndarray, "seed recording 6 5"]:
    """Return the stored counts of several seeds as an array."""
    return np.array(results, dtype=np.int64).reshape(len(results), -1, *SHAPE)


def _hits(counts: Counts) -> Int[np.ndarray, "*batch"]:
    return counts[..., :FALSE_ROW, :MISSED].sum(axis=(-2, -1))
