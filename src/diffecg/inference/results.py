"""What the tasks return."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Preview:
    """What a stretch looks like in the midst of being drawn."""

    draw: int
    """Which draw."""
    start_s: float
    """Where the stretch begins, in s from the signal's first sample."""
    fs_hz: float
    """Sampling rate, in Hz: the model's."""
    signal_mv: NDArray[np.floating]
    """(lead, time), in mV."""
    sigma: float
    """Noise that is still in it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Imputation:
    """A signal with its missing samples drawn several times: what ``impute`` and ``forecast`` return.

    For ``impute`` all arrays cover the signal given; for ``forecast`` they cover the horizon only.
    Axes are those of the signal given, (time) or (lead, time).
    """

    signal_mv: NDArray[np.floating]
    """Mean of the draws, in mV; observed samples as they were given, bit for bit."""
    lower_mv: NDArray[np.floating]
    """Lower bound of the band, in mV: a quantile of the draws (:func:`diffecg.signal.intervals.bounds`)."""
    upper_mv: NDArray[np.floating]
    """Upper bound of the band, in mV."""
    draws_mv: NDArray[np.floating]
    """All draws, axes (draw, …), in mV."""
    observed: NDArray[np.bool_]
    """True where the signal was given."""
    fs_hz: float
    """Sampling rate, in Hz: that of the signal given."""
    seeds: tuple[int, ...]
    """Seed of each draw."""
    coverage: float
    """Nominal coverage of the prediction interval."""
    info: dict[str, Any]
    """Model, sampler, steps, version: what it takes to make the same again."""

    def lead(self, row: int | list[int]) -> Imputation:
        """Return one lead, axes (time), or some of what has axes (lead, time)."""
        return replace(
            self,
            signal_mv=self.signal_mv[row],
            lower_mv=self.lower_mv[row],
            upper_mv=self.upper_mv[row],
            draws_mv=self.draws_mv[:, row],
            observed=self.observed[row],
        )
