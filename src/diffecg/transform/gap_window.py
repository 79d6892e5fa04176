"""A gap with its surroundings and the candidates for what is missing, cut from a recording.

Everything is taken from what is observed: the missing samples of the gap's lead, and after the start of a
forecast those of all leads, are neither read nor given away by R peaks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Int

from diffecg.config.gap import CandidateConfig
from diffecg.signal.cycles import lay_cycles
from diffecg.signal.rpeaks import r_peaks_of_recording

PEAKS_REACH_S = 20.0
"""R peaks are detected within this distance of a gap."""
MIN_PEAKS_S = 2.0
"""No R peaks are sought in shorter signals."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Gap:
    """Missing samples of one lead of a recording."""

    row: int
    """The lead."""
    samples: slice
    """The missing samples; what the recording holds there is not read."""
    companion: int | None = None
    """A lead that is observed through the gap, if any; none in a forecast."""
    is_forecast: bool = False
    """Whether all leads are unknown from the start of the gap on."""

    @property
    def length(self) -> int:
        """Number of missing samples."""
        return self.samples.stop - self.samples.start


@dataclass(frozen=True, kw_only=True, eq=False)
class GapWindow:
    """The arrays of one gap; see :class:`diffecg.model.gap.inputs.GapInputs` for their meaning."""

    start: int
    """First sample of the window; it may lie before the recording."""
    signal_mv: Float32[np.ndarray, " time"]
    observed: Bool[np.ndarray, " time"]
    missing: Bool[np.ndarray, " time"]
    candidates_mv: Float32[np.ndarray, "candidate time"]
    valid: Bool[np.ndarray, "candidate time"]
    companion_mv: Float32[np.ndarray, " time"]
    companion_observed: Bool[np.ndarray, " time"]
    companion_candidates_mv: Float32[np.ndarray, "candidate time"]
    companion_valid: Bool[np.ndarray, "candidate time"]
    log_lag: Float32[np.ndarray, " candidate"]
    is_cycle: Bool[np.ndarray, " candidate"]
    is_forecast: bool


def window_samples(gap: Gap, config: CandidateConfig, hop: int) -> slice:
    """Return the window of a gap: of the length of training, or longer to keep as much signal beside it.

    Args:
        gap: the gap.
        config: settings of the window.
        hop: the window is a multiple of it.
    """
    beside = config.length - config.longest_s * config.fs_hz
    length = max(config.length, math.ceil((gap.length + beside) / hop) * hop)
    if gap.is_forecast:
        return slice(gap.samples.stop - length, gap.samples.stop)
    start = gap.samples.start + gap.length // 2 - length // 2
    return slice(start, start + length)


def cut_gap_window(
    signal_mv: Float[np.ndarray, "lead time"],
    gap: Gap,
    starts: Int[np.ndarray, " analogue"],
    config: CandidateConfig,
    window: slice,
) -> GapWindow:
    """Return a gap with its surroundings and candidates.

    Args:
        signal_mv: the recording at the rate of the model, in mV; NaN = missing.
        gap: the gap.
        starts: first samples of its analogues; fewer than there should be leave candidates unused.
        config: settings of the candidates.
        window: the samples of the window.
    """
    time = np.arange(window.start, window.stop)
    missing = (time >= gap.samples.start) & (time < gap.samples.stop)
    shifts = starts - gap.samples.start
    analogues = np.full((config.analogues, len(time)), np.nan)
    analogues[: len(starts)] = time + shifts[:, None]
    cycles = lay_cycles(
        _r_peaks(signal_mv, gap, config.fs_hz),
        gap.samples,
        window,
        fs_hz=config.fs_hz,
        count=config.cycles,
        is_forecast=gap.is_forecast,
        through_gap=gap.companion is not None,
    )
    log_lag = np.full(config.analogues + config.cycles, -1.0, dtype=np.float32)
    log_lag[: config.analogues] = 0
    log_lag[: len(starts)] = np.log10(1 + np.abs(shifts) / config.fs_hz)

    hidden = slice(gap.samples.start, signal_mv.shape[1]) if gap.is_forecast else gap.samples
    places = np.concatenate([analogues, cycles])
    own, observed = _read(signal_mv[gap.row], hidden, time)
    candidates, valid = _interpolate(signal_mv[gap.row], hidden, places)
    companion, companion_observed = np.zeros_like(own), np.zeros_like(observed)
    companion_candidates, companion_valid = np.zeros_like(candidates), np.zeros_like(valid)
    if gap.companion is not None and not gap.is_forecast:
        companion, companion_observed = _read(signal_mv[gap.companion], NOTHING, time)
        companion_candidates, companion_valid = _interpolate(signal_mv[gap.companion], NOTHING, places)
        companion_valid &= valid
        companion_candidates *= companion_valid
    return GapWindow(
        start=window.start,
        signal_mv=own,
        observed=observed,
        missing=missing,
        candidates_mv=candidates,
        valid=valid,
        companion_mv=companion,
        companion_observed=companion_observed,
        companion_candidates_mv=companion_candidates,
        companion_valid=companion_valid,
        log_lag=log_lag,
        is_cycle=np.arange(len(places)) >= config.analogues,
        is_forecast=gap.is_forecast,
    )


NOTHING = slice(0, 0)
"""No samples."""


def _read(
    lead_mv: Float[np.ndarray, " time"], hidden: slice, samples: Int[np.ndarray, "*places"]
) -> tuple[Float32[np.ndarray, "*places"], Bool[np.ndarray, "*places"]]:
    """Return samples of a lead, and which of them are observed; the others are zero."""
    is_hidden = (samples >= hidden.start) & (samples < hidden.stop)
    inside = (samples >= 0) & (samples < len(lead_mv)) & ~is_hidden
    values = lead_mv[np.where(inside, samples, 0)]
    seen = inside & np.isfinite(values)
    return np.where(seen, values, 0).astype(np.float32), seen


def _interpolate(
    lead_mv: Float[np.ndarray, " time"], hidden: slice, places: Float[np.ndarray, "*places"]
) -> tuple[Float32[np.ndarray, "*places"], Bool[np.ndarray, "*places"]]:
    """Return a lead at places between samples, linearly interpolated; NaN = nowhere."""
    anywhere = np.isfinite(places)
    before = np.floor(np.where(anywhere, places, -1)).astype(np.int64)
    fraction = np.where(anywhere, places - before, 0).astype(np.float32)
    left, left_seen = _read(lead_mv, hidden, before)
    right, right_seen = _read(lead_mv, hidden, before + 1)
    seen = left_seen & (right_seen | (fraction == 0))
    return np.where(seen, left * (1 - fraction) + right * fraction, np.float32(0)), seen


def _r_peaks(signal_mv: Float[np.ndarray, "lead time"], gap: Gap, fs_hz: float) -> Int[np.ndarray, " beat"]:
    """Return the R peaks near a gap that are visible: in the companion lead, or around the gap."""
    reach, samples = round(PEAKS_REACH_S * fs_hz), gap.samples
    first = max(samples.start - reach, 0)
    stop = samples.start if gap.is_forecast else min(samples.stop + reach, signal_mv.shape[1])
    row = gap.row if gap.companion is None else gap.companion
    lead = signal_mv[row, first:stop].astype(np.float64)
    if gap.companion is None:
        lead[samples.start - first : samples.stop - first] = np.nan
    if len(lead) < MIN_PEAKS_S * fs_hz or not np.isfinite(lead).any():
        return np.empty(0, dtype=np.int64)
    return first + r_peaks_of_recording(lead, fs_hz)
