"""A gap with its surroundings and the candidates for what is missing, cut from a recording.

Everything is taken from what is observed: the missing samples of the gap's signal, and after the start of a
forecast those of all signals, are neither read nor given away by the events that are visible.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Int

from diffecg.config.gap import CandidateConfig
from diffecg.signal.cycles import lay_cycles
from diffecg.signal.kinds import signal_kind

PEAKS_REACH_S = 20.0
"""Heartbeats are detected within this distance of a gap."""
SMALLEST_SCALE = 6.0
"""Signals are divided by at least so many of the smallest standard deviations of their kind."""
MIN_PEAKS_S = 2.0
"""No heartbeats are sought in shorter signals."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Gap:
    """Missing samples of one signal of a recording."""

    row: int
    """The signal."""
    samples: slice
    """The missing samples; what the recording holds there is not read."""
    companions: tuple[int | None, ...] = (None,)
    """For each companion of the model a signal that is observed through the gap, if any."""
    beats: int = 0
    """The signal in which heartbeats are found: one that is observed through the gap, if any shows them."""
    is_forecast: bool = False
    """Whether all signals are unknown from the start of the gap on; then there are no companions."""

    @property
    def length(self) -> int:
        """Number of missing samples."""
        return self.samples.stop - self.samples.start

    @property
    def shows_beats(self) -> bool:
        """Whether a companion shows the heartbeats in the gap."""
        return self.beats in self.companions


@dataclass(frozen=True, kw_only=True, eq=False)
class GapWindow:
    """The arrays of one gap; see :class:`diffecg.model.gap.inputs.GapInputs` for their meaning."""

    start: int
    """First sample of the window; it may lie before the recording."""
    signal: Float32[np.ndarray, " time"]
    observed: Bool[np.ndarray, " time"]
    missing: Bool[np.ndarray, " time"]
    candidates: Float32[np.ndarray, "candidate time"]
    valid: Bool[np.ndarray, "candidate time"]
    companions: Float32[np.ndarray, "companion time"]
    companion_observed: Bool[np.ndarray, "companion time"]
    companion_candidates: Float32[np.ndarray, "companion candidate time"]
    companion_valid: Bool[np.ndarray, "companion candidate time"]
    log_lag: Float32[np.ndarray, " candidate"]
    is_cycle: Bool[np.ndarray, " candidate"]
    is_forecast: bool
    kind: int
    smallest_scale: Float32[np.ndarray, " signal"]


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
    signal: Float[np.ndarray, "lead time"],
    kinds: Sequence[str],
    gap: Gap,
    starts: Int[np.ndarray, " analogue"],
    config: CandidateConfig,
    window: slice,
) -> GapWindow:
    """Return a gap with its surroundings and candidates.

    Args:
        signal: the recording at the rate of the model, each signal in its unit; NaN = missing.
        kinds: kind of each signal.
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
        _heartbeats(signal, kinds, gap, config.fs_hz),
        gap.samples,
        window,
        fs_hz=config.fs_hz,
        count=config.cycles,
        is_forecast=gap.is_forecast,
        through_gap=gap.shows_beats,
    )
    log_lag = np.full(config.analogues + config.cycles, -1.0, dtype=np.float32)
    log_lag[: config.analogues] = 0
    log_lag[: len(starts)] = np.log10(1 + np.abs(shifts) / config.fs_hz)

    hidden = slice(gap.samples.start, signal.shape[1]) if gap.is_forecast else gap.samples
    places = np.concatenate([analogues, cycles])
    own, observed = _read(signal[gap.row], hidden, time)
    candidates, valid = _interpolate(signal[gap.row], hidden, places)
    companions = [_read_companion(signal, row, time, places, valid) for row in gap.companions]
    read, read_observed, of_candidates, of_candidates_valid = map(np.stack, zip(*companions, strict=True))
    scaled = [signal_kind(kind).smallest_sd for kind in (kinds[gap.row], *config.companions)]
    return GapWindow(
        start=window.start,
        signal=own,
        observed=observed,
        missing=missing,
        candidates=candidates,
        valid=valid,
        companions=read,
        companion_observed=read_observed,
        companion_candidates=of_candidates,
        companion_valid=of_candidates_valid,
        log_lag=log_lag,
        is_cycle=np.arange(len(places)) >= config.analogues,
        is_forecast=gap.is_forecast,
        kind=config.kinds.index(kinds[gap.row]),
        smallest_scale=np.array(scaled, dtype=np.float32) * np.float32(SMALLEST_SCALE),
    )


NOTHING = slice(0, 0)
"""No samples."""


def _read_companion(
    signal: Float[np.ndarray, "lead recorded"],
    row: int | None,
    time: Int[np.ndarray, " time"],
    places: Float[np.ndarray, "candidate time"],
    valid: Bool[np.ndarray, "candidate time"],
) -> tuple[
    Float32[np.ndarray, " time"],
    Bool[np.ndarray, " time"],
    Float32[np.ndarray, "candidate time"],
    Bool[np.ndarray, "candidate time"],
]:
    """Return a companion and where it is observed, and the same at the places of the valid candidates."""
    if row is None:
        nothing, nowhere = np.zeros(valid.shape, dtype=np.float32), np.zeros_like(valid)
        return nothing[0], nowhere[0], nothing, nowhere
    own, observed = _read(signal[row], NOTHING, time)
    of_candidates, seen = _interpolate(signal[row], NOTHING, places)
    seen &= valid
    return own, observed, of_candidates * seen, seen


def _read(
    lead: Float[np.ndarray, " time"], hidden: slice, samples: Int[np.ndarray, "*places"]
) -> tuple[Float32[np.ndarray, "*places"], Bool[np.ndarray, "*places"]]:
    """Return samples of a lead, and which of them are observed; the others are zero."""
    is_hidden = (samples >= hidden.start) & (samples < hidden.stop)
    inside = (samples >= 0) & (samples < len(lead)) & ~is_hidden
    values = lead[np.where(inside, samples, 0)]
    seen = inside & np.isfinite(values)
    return np.where(seen, values, 0).astype(np.float32), seen


def _interpolate(
    lead: Float[np.ndarray, " time"], hidden: slice, places: Float[np.ndarray, "*places"]
) -> tuple[Float32[np.ndarray, "*places"], Bool[np.ndarray, "*places"]]:
    """Return a lead at places between samples, linearly interpolated; NaN = nowhere."""
    anywhere = np.isfinite(places)
    before = np.floor(np.where(anywhere, places, -1)).astype(np.int64)
    fraction = np.where(anywhere, places - before, 0).astype(np.float32)
    left, left_seen = _read(lead, hidden, before)
    right, right_seen = _read(lead, hidden, before + 1)
    seen = left_seen & (right_seen | (fraction == 0))
    return np.where(seen, left * (1 - fraction) + right * fraction, np.float32(0)), seen


def _heartbeats(
    signal: Float[np.ndarray, "lead time"], kinds: Sequence[str], gap: Gap, fs_hz: float
) -> Int[np.ndarray, " beat"]:
    """Return the heartbeats near a gap that are visible, in the signal that shows them."""
    find_events = signal_kind(kinds[gap.beats]).find_events
    reach, samples = round(PEAKS_REACH_S * fs_hz), gap.samples
    first = max(samples.start - reach, 0)
    stop = samples.start if gap.is_forecast else min(samples.stop + reach, signal.shape[1])
    shown = signal[gap.beats, first:stop].astype(np.float64)
    if not gap.shows_beats:
        shown[samples.start - first : samples.stop - first] = np.nan
    if find_events is None or len(shown) < MIN_PEAKS_S * fs_hz or not np.isfinite(shown).any():
        return np.empty(0, dtype=np.int64)
    return first + find_events(shown, fs_hz)
