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
from diffecg.signal.analogue_search import observed_sd
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
    wanted: ArrayLike | None,
    span: slice | None,
) -> Gaps:
    """Return what is to be imputed.

    Args:
        signal: the user's signal.
        wanted: True where missing samples are to be imputed; None: all.
        span: the samples that are returned; None: all.

    Raises:
        DiffecgError: ``wanted`` is not boolean or of another shape; ``span`` is empty or has a step.
    """
    missing = np.isnan(signal.windows)
    asked = missing if wanted is None else missing & signal.mask(wanted, "wanted")
    samples = missing.shape[-1]
    start, stop, step = (slice(None) if span is None else span).indices(samples)
    if step != 1 or stop <= start:
        raise DiffecgError(f"span {span} must be slice(first, stop) within the {samples} samples")
    inside = np.zeros(samples, dtype=bool)
    inside[start:stop] = True
    return Gaps(wanted=asked & inside, span=slice(start, stop))


def summarise_draws(
    signal: Float[np.ndarray, "window lead time"],
    draws: Float[np.ndarray, "draw window lead time"],
    fs_hz: float,
    *,
    seeds: Sequence[int],
    coverage: float,
    mean: Float[np.ndarray, "window lead time"] | None = None,
    kernel: Float[np.ndarray, "window lead time"] | None = None,
    segments: Float[np.ndarray, "segment window lead time"] | None = None,
    units: Sequence[str] | None = None,
) -> Imputation:
    """Return the result for draws of a signal; observed samples are those of ``signal``.

    Args:
        signal: the signal; NaN = missing.
        draws: draws of it; what is missing in them stays missing.
        fs_hz: sampling rate, in Hz.
        seeds: seed of each draw.
        coverage: nominal coverage of the interval.
        mean: point estimate; None: the mean of the draws.
        kernel: standard deviation of the kernel around each draw; None: the draws alone.
        segments: signals, of which the one nearest to the draws is the representative; None: the draws.
        units: unit of each lead; None: mV.
    """
    units = ("mV",) * signal.shape[1] if units is None else tuple(units)
    missing = np.isnan(signal)
    imputed = draws[:, missing].astype(np.float64)
    kernel = np.zeros_like(signal) if kernel is None else kernel
    bounds = dressed_interval(imputed, kernel[missing].astype(np.float64), coverage)

    def complete(values: Float[np.ndarray, " missing"]) -> Float[np.ndarray, "window lead time"]:
        completed = signal.copy()
        completed[missing] = values
        return completed

    return Imputation(
        signal=_with_representatives(signal, draws, draws if segments is None else segments, units),
        mean=complete(imputed.mean(axis=0) if mean is None else mean[missing]),
        lower=complete(bounds[0]),
        upper=complete(bounds[1]),
        draws=draws,
        kernel=kernel,
        observed=~missing,
        fs_hz=float(fs_hz),
        seeds=tuple(seeds),
        coverage=coverage,
        info={},
        units=units,
        axes="window lead time",
    )


def _with_representatives(
    signal: Float[np.ndarray, "window lead time"],
    draws: Float[np.ndarray, "draw window lead time"],
    segments: Float[np.ndarray, "segment window lead time"],
    units: Sequence[str],
) -> Float[np.ndarray, "window lead time"]:
    """Return the signal with the representative of each gap: the same for leads with a common gap.

    Leads in different units count by their standard deviation.
    """
    several = len(set(units)) > 1
    completed = signal.copy()
    for window, imputed in enumerate(np.isnan(signal) & ~np.isnan(draws[0])):
        for start, stop in true_runs(imputed.any(axis=0)):
            gap = imputed[:, start:stop]
            own, of_segments = (x[:, window, :, start:stop] for x in (draws, segments))
            scale = np.ones(len(units))
            if several:
                scale = np.array([max(observed_sd(own[:, lead]), 1e-9) for lead in range(len(units))])
            of_gap = ((x / scale[:, None])[:, gap].astype(np.float64) for x in (of_segments, own))
            chosen = nearest_to_draws(*of_gap)
            completed[window, :, start:stop] = np.where(
                gap, of_segments[chosen], completed[window, :, start:stop]
            )
    return completed


def nearest_to_draws(
    segments: Float64[np.ndarray, "segment sample"], draws: Float64[np.ndarray, "draw sample"]
) -> int:
    """Return which segment has the least sum of root mean square distances to draws.

    Of the draws themselves, it is their medoid.
    """
    return int(cdist(segments, draws).sum(axis=1).argmin())
