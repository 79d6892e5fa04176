"""Scores of imputed gaps and forecasts against the true signal."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from diffecg.evaluation.imputation.contexts import Truth
from diffecg.evaluation.imputation.detection import TOLERANCE_S, detect_r_peaks, f1_terms, rr_statistics
from diffecg.evaluation.imputation.prediction import Draws, Gap, Prediction

Scores = dict[str, float]
"""Scores of one case by name; NaN = undefined."""

CALIBRATION_LEVELS = np.arange(0.1, 1.0, 0.1).round(1)
"""Nominal coverages of the calibration curve."""
_WIDTH_LEVELS = (0.5, 0.9)
_CONSTANT_MV = 1e-9


def recording_scores(truth: Truth, prediction: Prediction) -> Scores:
    """Return all scores of a case in a recording: errors, intervals, R peaks and RR statistics."""
    found = detect_r_peaks(truth.repaired_mv(prediction.written_mv), truth.fs_hz)
    rmssd, sdnn = np.subtract(rr_statistics(found, truth.fs_hz), rr_statistics(truth.r_peaks, truth.fs_hz))
    return {
        **gap_scores(truth.gap_mv, prediction),
        **r_peak_scores(truth, found),
        "RMSSD error": float(abs(rmssd)),
        "SDNN error": float(abs(sdnn)),
    }


def gap_scores(truth_mv: Gap, prediction: Prediction) -> Scores:
    """Return the errors in a gap, and the coverage and width of the intervals.

    Args:
        truth_mv: true signal in the gap.
        prediction: the prediction; without an interval, coverage and width are undefined.
    """
    point_mv, draws_mv = prediction.point_mv, prediction.draws_mv
    square = float(np.square(point_mv - truth_mv).mean())
    varies = min(np.ptp(truth_mv), np.ptp(point_mv)) > _CONSTANT_MV
    return {
        "absolute error": float(np.abs(point_mv - truth_mv).mean()),
        "squared error": square,
        "RMSE of the gap": float(np.sqrt(square)),
        "squared error, written": float(np.square(prediction.written_mv - truth_mv).mean()),
        "correlation": float(np.corrcoef(point_mv, truth_mv)[0, 1]) if varies else np.nan,
        "CRPS": crps(truth_mv, draws_mv),
        **_interval_scores(truth_mv, prediction),
    }


def r_peak_scores(truth: Truth, found: np.ndarray) -> Scores:
    """Return numerator and denominator of the F1 score of the R peaks in the gap.

    Args:
        truth: the true signal.
        found: R peaks found in the repaired recording.
    """
    tolerance = round(TOLERANCE_S * truth.fs_hz)
    twice_hits, peaks = f1_terms(truth.r_peaks, found, truth.gap, tolerance)
    return {"F1 numerator": float(twice_hits), "F1 denominator": float(peaks)}


def crps(truth_mv: Gap, draws_mv: Draws) -> float:
    """Return the continuous ranked probability score, averaged over samples, in the data's unit.

    The fair estimate from K draws: E|X - y| - E|X - X'| / 2 over different draws (Ferro 2014, Q J R Meteorol
    Soc 140:1917-1923, Eq. 3). For a single draw it is the mean absolute error.
    """
    error = np.abs(draws_mv - truth_mv).mean(axis=0)
    count = len(draws_mv)
    if count > 1:
        ordered = np.sort(draws_mv, axis=0)
        weights = 2 * np.arange(1, count + 1) - count - 1
        # The mean |X - X'| over pairs, from the order statistics.
        differences = 2 * (weights[:, None] * ordered).sum(axis=0) / (count * (count - 1))
        error = error - differences / 2
    return float(error.mean())


def interval_scores(
    truth_mv: Gap, lower_mv: Float[np.ndarray, " gap"], upper_mv: Float[np.ndarray, " gap"]
) -> tuple[float, float]:
    """Return the share of samples inside a prediction interval, and its mean width.

    Args:
        truth_mv: true signal in the gap.
        lower_mv: lower bound.
        upper_mv: upper bound.
    """
    inside = (lower_mv <= truth_mv) & (truth_mv <= upper_mv)
    return float(inside.mean()), float((upper_mv - lower_mv).mean())


def coverage_name(level: float) -> str:
    """Return the name of the score that is the coverage of the interval of a level."""
    return f"coverage {level:.0%}"


def width_name(level: float) -> str:
    """Return the name of the score that is the width of the interval of a level."""
    return f"width {level:.0%}"


def _interval_scores(truth_mv: Gap, prediction: Prediction) -> Scores:
    scores = {}
    for level in CALIBRATION_LEVELS.tolist():
        coverage, width = (
            interval_scores(truth_mv, *prediction.interval(level))
            if prediction.interval
            else (np.nan, np.nan)
        )
        scores[coverage_name(level)] = coverage
        if level in _WIDTH_LEVELS:
            scores[width_name(level)] = width
    return scores
