"""Forecasts of a signal that is still coming in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diffecg.errors import DiffecgError
from diffecg.inference.checks import as_signal
from diffecg.inference.model import Model
from diffecg.inference.results import Imputation
from diffecg.signal.resampling import check_rate, interpolate_gaps
from diffecg.signal.rpeaks import MIN_RR_S, detect_r_peaks

LEAST_S = 3.0
"""Nothing is forecast from less."""
BEATS_S = 10.0
"""Where beats are looked for."""
SETTLED_S = 0.1
"""A peak counts once so much has followed it."""


class Forecaster:
    """Forecasts the seconds after each heartbeat of a signal that comes in piece by piece.

    It keeps what a forecast is made from, some windows of the model, and nothing else however long it runs.

    Example:
        >>> import diffecg
        >>> forecaster = diffecg.Forecaster(diffecg.load("mitbih-strip"), fs_hz=250, draws=8)
        >>> ahead = forecaster.push([0.0] * 25)  # None until a heartbeat has come
    """

    def __init__(self, model: Model, fs_hz: float, *, horizon_s: float = 1.0, **settings: Any) -> None:
        """Begin a stream.

        Args:
            model: what forecasts.
            fs_hz: sampling rate of the stream, in Hz.
            horizon_s: seconds to draw.
            **settings: as for :meth:`Model.impute`: draws, seed, band, …

        Raises:
            DiffecgError: a rate of no ECG.
        """
        check_rate(fs_hz)
        self.model, self.fs_hz, self.horizon_s, self.settings = model, float(fs_hz), horizon_s, settings
        self.kept = round(max(model.past_s, BEATS_S) * fs_hz)
        """Samples that are kept at most."""
        self.past_mv: NDArray[np.floating] = np.empty(0)
        """The last samples (time), in mV."""
        self.seen = 0
        """Samples that came so far."""
        self._last_beat = 0

    def push(self, samples_mv: ArrayLike) -> Imputation | None:
        """Take the next samples (time), in mV, NaN = missing; return a forecast if a heartbeat has ended.

        However many heartbeats a push brings, there is one forecast, of what follows its last sample.

        Raises:
            DiffecgError: no samples of one lead; settings out of range.
        """
        new = as_signal(samples_mv)
        if new.ndim != 1:
            raise DiffecgError(f"samples of shape {new.shape} are not those of one lead, (time)")
        self.past_mv = np.concatenate([self.past_mv, new])[-self.kept :]
        self.seen += len(new)
        beat = self._newest_beat()
        if beat is None:
            return None
        self._last_beat = beat
        return self.model.forecast(self.past_mv, self.fs_hz, horizon_s=self.horizon_s, **self.settings)

    def _newest_beat(self) -> int | None:
        """Return the sample of the last heartbeat, counted from the stream's start, if it is a new one."""
        recent = self.past_mv[-round(BEATS_S * self.fs_hz) :]
        known = np.isfinite(recent)
        if known.sum() < LEAST_S * self.fs_hz:
            return None
        peaks = detect_r_peaks(interpolate_gaps(recent), self.fs_hz)
        peaks = peaks[peaks < len(recent) - SETTLED_S * self.fs_hz] + self.seen - len(recent)
        new = peaks[peaks > self._last_beat + MIN_RR_S * self.fs_hz]
        return int(new[-1]) if len(new) else None
