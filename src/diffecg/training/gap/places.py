"""Gaps at random places of recordings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float64, Int, Int64, Shaped
from torch import Tensor

from diffecg.config.gap import CandidateConfig, GapTrainingConfig
from diffecg.training.gap.signals import SignalGroups

COMMON_LENGTHS_S = (0.25, 0.5, 1.0, 2.0)
"""Half of the gaps have one of these lengths, the others are log-uniform from SHORTEST_S to the longest."""
SHORTEST_S = 0.1
FORECASTS_S = (0.3, 1.5)
"""A third of the forecasts have a length in this range, the others have COMMON_FORECAST_S."""
COMMON_FORECAST_S = 1.0
AFTER_BEAT_SHARE = 0.7
"""Share of the forecasts that start between two heartbeats, where a live forecast starts."""
AFTER_BEAT = (0.4, 0.6)
"""Where that is, as a share of the RR interval before."""
MIN_PAST_S = 15.0
"""A forecast has at least so long a past, or half of a shorter recording."""
MARGIN_S, MARGIN_SHARE = 2.0, 1 / 16
"""No gap is nearer to the ends of a recording; less in short recordings, as a share of their length."""
LARGEST_SHARES = (5, 3)
"""A gap is at most a fifth or a third of its recording."""
LEAST_SD = 2.0
"""Around a gap, a signal with less than so many of the smallest standard deviations of its kind is flat."""
MORE_COMPANIONS = 0.5
"""Probability of each companion beside the first."""
_TRIALS = 12
"""Places that are tried until the gap and its surroundings are observed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Gaps:
    """Gaps in the first signal of each group; equally many in each."""

    start: Int[Tensor, "recording gap"]
    """First missing sample."""
    length: Int[Tensor, "recording gap"]
    is_forecast: Bool[Tensor, "recording gap"]
    """Whether nothing is known after the start of the gap."""
    through_gap: Bool[Tensor, "recording gap companion"]
    """Which companions are observed through the gap."""
    shows_beats: Bool[Tensor, "recording gap"]
    """Whether one of them shows the heartbeats."""
    is_valid: Bool[Tensor, "recording gap"]
    """Whether the gap and its surroundings are observed."""

    @property
    def stop(self) -> Int[Tensor, "recording gap"]:
        """First sample after the gap."""
        return self.start + self.length


def draw_gaps(
    rng: np.random.Generator,
    groups: SignalGroups,
    count: int,
    candidates: CandidateConfig,
    training: GapTrainingConfig,
) -> Gaps:
    """Return ``count`` gaps at random places of each recording.

    Args:
        rng: source of randomness.
        groups: the recordings.
        count: number of gaps in each.
        candidates: settings of the candidates.
        training: settings of training.
    """
    device, fs_hz = groups.samples.device, candidates.fs_hz
    samples = groups.samples.cpu().numpy()[:, None]
    shape = (len(samples), count)
    forecast = rng.random(shape) < training.forecasts
    length = _draw_lengths(rng, forecast, samples, candidates)
    is_forecast = torch.from_numpy(forecast).to(device)
    starts = _draw_starts(rng, groups.beats, samples, length, forecast, fs_hz)
    wanted = torch.from_numpy(_draw_companions(rng, shape, training.companions, len(candidates.companions)))

    # Of the places that are tried, take the first that is observed.
    context = round(candidates.context_s * fs_hz)
    lengths = torch.from_numpy(length).to(device)
    first = starts - context
    stop = starts + (lengths + context * ~is_forecast)[:, :, None]
    inside = (first >= 0) & (stop <= groups.samples[:, None, None])
    first, stop = first.clamp(min=0), stop.minimum(groups.samples[:, None, None])
    usable, *others = (_whole(groups, row, first, stop, inside) for row in range(groups.signal.shape[1]))
    best = usable.to(torch.int8).argmax(dim=2, keepdim=True)
    observed = torch.stack([other.gather(2, best)[..., 0] for other in others], dim=2)
    through_gap = wanted.to(device) & ~is_forecast[:, :, None] & observed
    return Gaps(
        start=starts.gather(2, best)[..., 0],
        length=lengths,
        is_forecast=is_forecast,
        through_gap=through_gap,
        shows_beats=(through_gap & groups.shows_beats[:, None, 1:]).any(dim=2),
        is_valid=usable.any(dim=2),
    )


def _draw_companions(
    rng: np.random.Generator, shape: tuple[int, ...], share: float, count: int
) -> Bool[np.ndarray, "recording gap companion"]:
    """Return which companions a gap has: none, or one at random and each of the others or not."""
    one = np.argsort(rng.random((*shape, count)), axis=2) == 0
    more = rng.random((*shape, count)) < MORE_COMPANIONS
    return (rng.random(shape) < share)[..., None] & (one | more)


def _draw_lengths(
    rng: np.random.Generator,
    is_forecast: Bool[np.ndarray, "recording gap"],
    samples: Int[np.ndarray, "recording 1"],
    candidates: CandidateConfig,
) -> Int64[np.ndarray, "recording gap"]:
    """Return lengths of gaps in samples."""
    shape = is_forecast.shape
    any_length = np.exp(rng.uniform(np.log(SHORTEST_S), np.log(candidates.longest_s), shape))
    gap_s = np.where(rng.random(shape) < 0.5, rng.choice(COMMON_LENGTHS_S, shape), any_length)
    ahead_s = np.where(rng.random(shape) < 2 / 3, COMMON_FORECAST_S, rng.uniform(*FORECASTS_S, shape))
    length_s = np.minimum(np.where(is_forecast, ahead_s, gap_s), candidates.longest_s)
    largest = samples // rng.choice(LARGEST_SHARES, shape)
    return np.clip(np.rint(length_s * candidates.fs_hz).astype(np.int64), 1, np.maximum(largest, 1))


def _draw_starts(
    rng: np.random.Generator,
    beats: Float64[Tensor, "recording beat"],
    samples: Int[np.ndarray, "recording 1"],
    length: Int[np.ndarray, "recording gap"],
    is_forecast: Bool[np.ndarray, "recording gap"],
    fs_hz: float,
) -> Int[Tensor, "recording gap trial"]:
    """Return places that gaps might have; some forecasts start between two heartbeats."""
    margin = np.minimum(round(MARGIN_S * fs_hz), (MARGIN_SHARE * samples).astype(np.int64))
    past = np.minimum(round(MIN_PAST_S * fs_hz), samples // 2)
    first = np.where(is_forecast, past, margin)
    last = samples - length - np.where(is_forecast, 0, margin)
    shape = (*length.shape, _TRIALS)
    places = np.maximum(last - first + 1, 1)[:, :, None]
    start = first[:, :, None] + (rng.random(shape) * places).astype(np.int64)
    after_beat = is_forecast[:, :, None] & (rng.random(shape) < AFTER_BEAT_SHARE)
    share = rng.uniform(*AFTER_BEAT, shape)

    def to_device(array: Shaped[np.ndarray, "..."]) -> Tensor:
        return torch.from_numpy(array).to(beats.device)

    # Beats that are not there are infinite, and then nothing is moved.
    starts = to_device(start)
    beat = torch.searchsorted(beats, starts.flatten(1).double().contiguous()).reshape(shape)
    here, before = (
        beats.gather(1, (beat - back).clamp(0, beats.shape[1] - 1).flatten(1)).reshape(shape)
        for back in (0, 1)
    )
    moved = here + to_device(share) * (here - before)
    can_move = to_device(after_beat) & (beat >= 1) & torch.isfinite(moved)
    moved = torch.where(can_move, moved, 0).long().minimum(to_device(last[:, :, None]))
    return torch.where(can_move, moved, starts)


def _whole(
    groups: SignalGroups,
    row: int,
    first: Int[Tensor, "recording gap trial"],
    stop: Int[Tensor, "recording gap trial"],
    inside: Bool[Tensor, "recording gap trial"],
) -> Bool[Tensor, "recording gap trial"]:
    """Return whether one of the signals is observed from ``first`` to ``stop`` and not flat there."""

    def total(values: Tensor) -> Float64[Tensor, "recording gap trial"]:
        sums = torch.nn.functional.pad(values.double().cumsum(dim=1), (1, 0))
        return (sums.gather(1, stop.flatten(1)) - sums.gather(1, first.flatten(1))).reshape(first.shape)

    signal, observed = groups.signal[:, row], groups.observed[:, row]
    least = LEAST_SD * groups.smallest_sd[:, row, None, None]
    count = (stop - first).clamp(min=1)
    variance = total(signal**2) / count - (total(signal) / count) ** 2
    return inside & (total(observed) == stop - first) & (variance > least**2)
