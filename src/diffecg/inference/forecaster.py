"""Forecasts of a live stream."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from diffecg.errors import DiffecgError
from diffecg.inference.imputer import Imputer
from diffecg.inference.loading import load_imputer
from diffecg.inference.results import Imputation
from diffecg.inference.seeds import RandomState, derive_seed, root_seed
from diffecg.signal.arrays import as_floats
from diffecg.signal.resampling import check_rate, interpolate_gaps
from diffecg.signal.rpeaks import MIN_RR_S, detect_r_peaks

MIN_SIGNAL_S = 3.0
"""No forecast is made from fewer observed seconds."""
DETECTION_S = 10.0
"""R peaks are detected in this much of the latest signal."""
SETTLING_S = 0.1
"""An R peak is accepted once this much signal has followed it."""


class Forecaster:
    """Forecasts of a stream of one lead, one after each heartbeat.

    Keeps only the latest samples, however long the stream.

    Example:
        >>> import diffecg
        >>> forecaster = diffecg.Forecaster("analogues", fs_hz=250, horizon_s=0.5)
        >>> forecaster.push([0.0] * 25) is None  # no heartbeat yet
        True
    """

    def __init__(
        self,
        imputer: str | Path | Imputer,
        fs_hz: float,
        *,
        horizon_s: float = 1.0,
        label: str | None = None,
        draws: int = 16,
        seed: RandomState = 0,
        coverage: float = 0.9,
    ) -> None:
        """Create a forecaster for a stream.

        Args:
            imputer: ``analogues``, the name of a model, or a loaded one; that of
                :meth:`Model.with_sampling` has a sampler and steps of its choice.
            fs_hz: sampling rate of the stream, in Hz.
            horizon_s: length of each forecast, in s.
            label: as for :meth:`Model.forecast`.
            draws: as for :meth:`Model.forecast`.
            seed: an integer, a generator of NumPy, or None (unpredictable); each forecast has noise of its
                own, whatever the size of the pieces of the stream.
            coverage: as for :meth:`Model.forecast`.

        Raises:
            DiffecgError: a sampling rate out of range.
        """
        check_rate(fs_hz)
        self.imputer, self.fs_hz, self.horizon_s = load_imputer(imputer), float(fs_hz), horizon_s
        self.label, self.draws, self.coverage = label, draws, coverage
        self.seed = root_seed(seed)
        """Seed of the stream; the forecast after a heartbeat has the seed that it and the R peak make."""
        self.max_samples = round(max(self.imputer.past_s, DETECTION_S) * fs_hz)
        """Number of samples kept."""
        self.past_mv: Float[np.ndarray, " time"] = np.empty(0)
        """The latest samples, in mV."""
        self.received = 0
        """Number of samples received."""
        self._last_peak = 0

    def push(self, samples_mv: ArrayLike) -> Imputation | None:
        """Append samples, axes (time), in mV; return a forecast if they complete a heartbeat, else None.

        There is one forecast per call, from the last sample on, even if the samples complete several
        heartbeats. NaN = missing.

        Raises:
            DiffecgError: samples of several leads; arguments of the forecast out of range.
        """
        new_mv = as_floats(samples_mv)
        if new_mv.ndim != 1:
            raise DiffecgError(f"samples of shape {new_mv.shape} must be of one lead, axes (time)")
        self.past_mv = np.concatenate([self.past_mv, new_mv])[-self.max_samples :]
        self.received += len(new_mv)
        peak = self._new_peak()
        if peak is None:
            return None
        self._last_peak = peak
        return self.imputer.forecast(
            self.past_mv,
            self.fs_hz,
            horizon_s=self.horizon_s,
            label=self.label,
            draws=self.draws,
            seed=derive_seed(self.seed, peak),
            coverage=self.coverage,
        )

    def _new_peak(self) -> int | None:
        """Return the latest R peak, as a sample of the stream, if it is a new one."""
        recent_mv = self.past_mv[-round(DETECTION_S * self.fs_hz) :]
        observed = np.isfinite(recent_mv)
        if observed.sum() < MIN_SIGNAL_S * self.fs_hz:
            return None
        peaks = detect_r_peaks(interpolate_gaps(recent_mv), self.fs_hz)
        settled = peaks[peaks < len(recent_mv) - SETTLING_S * self.fs_hz] + self.received - len(recent_mv)
        new = settled[settled > self._last_peak + MIN_RR_S * self.fs_hz]
        return int(new[-1]) if len(new) else None
