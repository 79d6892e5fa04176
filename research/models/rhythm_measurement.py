"""Heart rates, RR intervals and ectopic beats of recordings with one rhythm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from diffecg.composition.rhythm_statistics import EctopyStatistics, RhythmStatistics

QUANTILES = 21
MIN_INTERVALS = 4
PREMATURE, LATE = 0.85, 1.2
"""An interval below or above these fractions of the median is not one of a regular rhythm."""
COUPLING_RANGE, PAUSE_RANGE = (0.3, PREMATURE), (0.6, 2.2)
MAX_STORED = 60


def measure_rhythm(rr_s: Sequence[Float[np.ndarray, "_"]], *, is_irregular: bool) -> RhythmStatistics:
    """Measure RR intervals, in s, of recordings with one rhythm.

    Args:
        rr_s: intervals of each recording.
        is_irregular: whether irregular intervals belong to the rhythm; if not, recordings with premature or
            late beats are left out, as they hold ectopic beats or missed ones.
    """
    kept = [rr for rr in rr_s if len(rr) >= MIN_INTERVALS and (is_irregular or _is_regular(rr))]
    variation = np.array([rr.std(ddof=1) / rr.mean() for rr in kept])
    deviations = [(rr - rr.mean()) / max(rr.std(ddof=1), 1e-9) for rr in kept]
    # Deviations from a recording's own mean of n intervals have a correlation of about -1/n by themselves.
    products = [np.mean(one[1:] * one[:-1]) + 1 / len(one) for one in deviations]
    return RhythmStatistics(
        heart_rate=_quantiles(np.array([60 / rr.mean() for rr in kept]), 1),
        variation=_quantiles(variation, 4),
        deviation=_quantiles(np.concatenate(deviations), 2),
        autocorrelation=round(float(np.mean(products)), 2),
    )


def measure_ectopy(
    rr_s: Sequence[Float[np.ndarray, "_"]], is_like_median: Sequence[Bool[np.ndarray, "_"]], *, alike: bool
) -> EctopyStatistics:
    """Measure single premature beats.

    Args:
        rr_s: intervals of each recording, in s.
        is_like_median: whether each beat resembles the median beat of its recording; one more than intervals.
        alike: whether the beats in question do.
    """
    pairs, shares = list[tuple[float, float]](), list[float]()
    for rr, likes in zip(rr_s, is_like_median, strict=True):
        if len(rr) < MIN_INTERVALS:
            continue
        regular = rr[(rr > PREMATURE * np.median(rr)) & (rr < LATE * np.median(rr))]
        ratios = rr / (regular.mean() if len(regular) > 1 else np.median(rr))
        found = [
            (float(ratios[i]), float(ratios[i + 1]))
            for i in range(len(ratios) - 1)
            if COUPLING_RANGE[0] < ratios[i] < COUPLING_RANGE[1]
            and PAUSE_RANGE[0] < ratios[i + 1] < PAUSE_RANGE[1]
            and likes[i + 1] == alike
            and (i == 0 or ratios[i - 1] > PREMATURE)
        ]
        if found:
            shares.append(len(found) / (len(rr) + 1))
            pairs += found
    chosen = np.linspace(0, len(pairs) - 1, min(MAX_STORED, len(pairs))).round().astype(int)
    pairs.sort()
    return EctopyStatistics(
        share=_quantiles(np.array(shares), 3),
        pairs=tuple((round(pairs[i][0], 3), round(pairs[i][1], 3)) for i in chosen),
    )


def _is_regular(rr: Float[np.ndarray, " interval"]) -> bool:
    ratios = rr / np.median(rr)
    return bool(ratios.min() > PREMATURE and ratios.max() < LATE)


def _quantiles(values: Float[np.ndarray, " value"], digits: int) -> tuple[float, ...]:
    """Return quantiles from the lowest to the highest percent."""
    found: Any = np.quantile(values, np.linspace(0.01, 0.99, QUANTILES))
    return tuple(float(value) for value in found.round(digits))
