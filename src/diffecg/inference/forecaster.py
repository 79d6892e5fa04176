"""Forecasts of a live stream."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from diffecg.errors import DiffecgError
from diffecg.inference.checks import check_coverage, check_integer, horizon_samples
from diffecg.inference.imputer import Imputer
from diffecg.inference.imputer_loading import load_imputer
from diffecg.inference.results import Imputation
from diffecg.inference.seeds import RandomState, derive_seed, root_seed
from diffecg.signal.arrays import as_floats
from diffecg.signal.kinds import KINDS, signal_kind
from diffecg.signal.resampling import check_rate
from diffecg.signal.rpeaks import MIN_RR_S

MIN_SIGNAL_S = 3.0
"""No forecast is made from fewer observed seconds."""
DETECTION_S = 10.0
"""Heartbeats are detected in this much of the latest signal."""
SETTLING_S = 0.1
"""A heartbeat is accepted once this much signal has followed it."""


class Forecaster:
    """Forecasts of a stream of one signal, one after each heartbeat, or other event of its kind.

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
        kind: str = "ecg",
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
            kind: kind of the signal (:mod:`diffecg.signal.kinds`).
            horizon_s: length of each forecast, in s.
            label: as for :meth:`Model.forecast`.
            draws: as for :meth:`Model.forecast`.
            seed: an integer, a generator of NumPy, or None (unpredictable); each forecast has noise of its
                own, whatever the size of the pieces of the stream.
            coverage: as for :meth:`Model.forecast`.

        Raises:
            DiffecgError: a sampling rate, horizon, coverage or number of draws out of range; an unknown kind,
                or one without events.
        """
        check_rate(fs_hz)
        horizon_samples(horizon_s, fs_hz)
        self.kind = signal_kind(kind)
        """Kind of the signal."""
        if not self.kind.events:
            known = ", ".join(name for name, other in KINDS.items() if other.events)
            raise DiffecgError(f"no events are detected in {kind}, after which to forecast; choose {known}")
        self.imputer, self.fs_hz, self.horizon_s = load_imputer(imputer), float(fs_hz), horizon_s
        self.label = label
        self.draws, self.coverage = check_integer("draws", draws), check_coverage(coverage)
        self.seed = root_seed(seed)
        """Seed of the stream; a forecast has the seed that it and the sample of the heartbeat make."""
        self.max_samples = round(max(self.imputer.past_s, DETECTION_S) * fs_hz)
        """Number of samples kept."""
        self.past: Float[np.ndarray, " time"] = np.empty(0)
        """The latest samples, in the unit of the kind (mV for ECG)."""
        self.received = 0
        """Number of samples received."""
        self._last_event = 0

    def push(self, samples: ArrayLike) -> Imputation | None:
        """Append samples, and return a forecast if they complete a heartbeat, else None.

        The samples have axes (time) and are in the unit of the kind; NaN = missing. There is one forecast per
        call, from the last sample on, even if the samples complete several heartbeats.

        Raises:
            DiffecgError: samples of several signals; arguments of the forecast out of range.
        """
        new = as_floats(samples)
        if new.ndim != 1:
            raise DiffecgError(f"samples of shape {new.shape} must be of one signal, axes (time)")
        self.past = np.concatenate([self.past, new])[-self.max_samples :]
        self.received += len(new)
        event = self._new_event()
        if event is None:
            return None
        self._last_event = event
        return self.imputer.forecast(
            self.past,
            self.fs_hz,
            horizon_s=self.horizon_s,
            label=self.label,
            draws=self.draws,
            seed=derive_seed(self.seed, event),
            coverage=self.coverage,
            kinds=self.kind.name,
        )

    def _new_event(self) -> int | None:
        """Return the latest event, as a sample of the stream, if it is a new one."""
        recent = self.past[-round(DETECTION_S * self.fs_hz) :]
        observed = np.isfinite(recent)
        if observed.sum() < MIN_SIGNAL_S * self.fs_hz:
            return None
        events = self.kind.events_in(recent, self.fs_hz)
        settled = events[events < len(recent) - SETTLING_S * self.fs_hz] + self.received - len(recent)
        new = settled[settled > self._last_event + MIN_RR_S * self.fs_hz]
        return int(new[-1]) if len(new) else None
