"""From draws of the missing samples of a signal to the result of an imputation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float64
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist

from diffecg.errors import DiffecgError
from diffecg.inference.results import Imputation
from diffecg.signal.arrays import SignalArray
from diffecg.signal.intervals import dressed_interval
from diffecg.signal.runs import true_runs


class Gaps(NamedTuple):
    """The missing samples that are imputed, and the samples that are returned."""

    wanted: Bool[np.ndarray, "window lead time"]
    """True where a missing sample is imputed."""
    span: slice
    """The samples that are returned."""


def find_gaps(
    signal: SignalArray,
    windows_mv: Float[np.ndarray, "window lead time"],
    wanted: ArrayLike | None,
    span: slice | None,
) -> Gaps:
    """Return what is to be imputed.

    Args:
        signal: the user's signal.
        windows_mv: the same, in mV; NaN = missing.
        wanted: True where missing samples are to be imputed; None: all.
        span: the samples that are returned; None: all.

    Raises:
        DiffecgError: ``wanted`` is not boolean or of another shape; ``span`` is empty or has a step.
    """
    missing = np.isnan(windows_mv)
    asked = missing if wanted is None else missing & signal.mask(wanted, "wanted")
    samples = missing.shape[-1]
    start, stop, step = (slice(None) if span is None else span).indices(samples)
    if step != 1 or stop <= start:
        raise DiffecgError(f"span {span} must be slice(first, stop) within the {samples} samples")
    inside = np.zeros(samples, dtype=bool)
    inside[start:stop] = True
    return Gaps(wanted=asked & inside, span=slice(start, stop))


def summarise_draws(
    signal_mv: Float[np.ndarray, "window lead time"],
    draws_mv: Float[np.ndarray, "draw window lead time"],
    fs_hz: float,
    *,
    seeds: Sequence[int],
    coverage: float,
    mean_mv: Float[np.ndarray, "window lead time"] | None = None,
    kernel_mv: Float[np.ndarray, "window lead time"] | None = None,
    segments_mv: Float[np.ndarray, "segment window lead time"] | None = None,
) -> Imputation:
    """Return the result for draws of a signal; observed samples are those of ``signal_mv``.

    Args:
        signal_mv: the signal, in mV; NaN = missing.
        draws_mv: draws of it, in mV; what is missing in them stays missing.
        fs_hz: sampling rate, in Hz.
        seeds: seed of each draw.
        coverage: nominal coverage of the interval.
        mean_mv: point estimate, in mV; None: the mean of the draws.
        kernel_mv: standard deviation of the kernel around each draw, in mV; None: the draws alone.
        segments_mv: signals, of which the one nearest to the draws is the representative; None: the draws.
    """
    missing = np.isnan(signal_mv)
    imputed_mv = draws_mv[:, missing].astype(np.float64)
    kernel_mv = np.zeros_like(signal_mv) if kernel_mv is None else kernel_mv
    bounds_mv = dressed_interval(imputed_mv, kernel_mv[missing].astype(np.float64), coverage)

    def complete(values_mv: Float[np.ndarray, " missing"]) -> Float[np.ndarray, "window lead time"]:
        completed = signal_mv.copy()
        completed[missing] = values_mv
        return completed

    return Imputation(
        signal_mv=_with_representatives(
            signal_mv, draws_mv, draws_mv if segments_mv is None else segments_mv
        ),
        mean_mv=complete(imputed_mv.mean(axis=0) if mean_mv is None else mean_mv[missing]),
        lower_mv=complete(bounds_mv[0]),
        upper_mv=complete(bounds_mv[1]),
        draws_mv=draws_mv,
        kernel_mv=kernel_mv,
        observed=~missing,
        fs_hz=float(fs_hz),
        seeds=tuple(seeds),
        coverage=coverage,
        info={},
        axes="window lead time",
    )


def _with_representatives(
    signal_mv: Float[np.ndarray, "window lead time"],
    draws_mv: Float[np.ndarray, "draw window lead time"],
    segments_mv: Float[np.ndarray, "segment window lead time"],
) -> Float[np.ndarray, "window lead time"]:
    """Return the signal with the representative of each gap: the same for leads with a common gap."""
    completed = signal_mv.copy()
    for window, imputed in enumerate(np.isnan(signal_mv) & ~np.isnan(draws_mv[0])):
        for start, stop in true_runs(imputed.any(axis=0)):
            gap = imputed[:, start:stop]
            draws, segments = (x[:, window, :, start:stop] for x in (draws_mv, segments_mv))
            chosen = nearest_to_draws(*(x[:, gap].astype(np.float64) for x in (segments, draws)))
            completed[window, :, start:stop] = np.where(
                gap, segments[chosen], completed[window, :, start:stop]
            )
    return completed


def nearest_to_draws(
    segments: Float64[np.ndarray, "segment sample"], draws: Float64[np.ndarray, "draw sample"]
) -> int:
    """Return which segment has the least sum of root mean square distances to draws.

    Of the draws themselves, it is their medoid.
    """
    return int(cdist(segments, draws).sum(axis=1).argmin())
