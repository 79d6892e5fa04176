"""Laid cycles of many gaps at once, on any device: what :mod:`diffecg.signal.cycles` lays, as tensors."""

from __future__ import annotations

import torch
from jaxtyping import Float64, Int
from torch import Tensor

from diffecg.config.gap import CandidateConfig
from diffecg.signal.cycles import (
    AFTER_R_S,
    AFTER_R_SHARE,
    BEFORE_R_S,
    BEFORE_R_SHARE,
    BEYOND_S,
    CYCLES_OF_RATE,
    FORECAST_MARGIN_S,
    MARGIN_S,
    MIN_CYCLES,
    MIN_PEAKS,
    RR_RANGE_S,
)
from diffecg.training.gap.places import Gaps
from diffecg.transform.gap_window import PEAKS_REACH_S

_MOST_PEAKS, _MOST_EXPECTED = 128, 32
"""Most R peaks near a gap, and most beats expected in it, that are used."""


def lay_cycles_batch(
    peaks: Float64[Tensor, "recording peak"],
    gaps: Gaps,
    window: Int[Tensor, "recording gap"],
    candidates: CandidateConfig,
) -> Float64[Tensor, "recording gap cycle time"]:
    """Return which sample of its recording each cycle lays at each sample of a window; NaN = none.

    Args:
        peaks: R peaks of the recordings, ascending; then infinity.
        gaps: the gaps.
        window: first sample of the window of each gap.
        candidates: settings of the candidates.
    """
    fs_hz = candidates.fs_hz
    visible = _visible(peaks, gaps, fs_hz)
    start, stop = gaps.start[..., None], gaps.stop[..., None]
    first, last = visible[..., :-1], visible[..., 1:]
    rr = torch.where(torch.isfinite(last), last - first, torch.inf)
    least, most = (limit * fs_hz for limit in RR_RANGE_S)
    usable = (rr > least) & (rr < most) & ~((first < stop) & (last >= start))
    distance = ((first + last) / 2 - (start + stop) / 2).abs()
    order = torch.where(usable, distance, torch.inf).argsort(dim=2, stable=True)
    count = usable.sum(dim=2)
    nearest = order[..., :CYCLES_OF_RATE]
    expected_rr = _median(rr.gather(2, nearest), count.clamp(max=CYCLES_OF_RATE))
    beats = _with_expected(visible, gaps, expected_rr, fs_hz)
    time = window[..., None] + torch.arange(candidates.length, device=peaks.device)
    rank = torch.arange(candidates.cycles, device=peaks.device) % count.clamp(1, CYCLES_OF_RATE)[..., None]
    cycle = nearest.gather(2, rank.clamp(max=nearest.shape[2] - 1))
    laid = _lay(first.gather(2, cycle), rr.gather(2, cycle), beats, time.double(), fs_hz)
    is_enough = (count >= MIN_CYCLES) & (torch.isfinite(visible).sum(dim=2) >= MIN_PEAKS)
    return torch.where(is_enough[..., None, None], laid, torch.nan)


def _visible(
    peaks: Float64[Tensor, "recording peak"], gaps: Gaps, fs_hz: float
) -> Float64[Tensor, "recording gap visible"]:
    """Return the R peaks near each gap that are visible, ascending; then infinity."""
    reach, margin = PEAKS_REACH_S * fs_hz, MARGIN_S * fs_hz
    begin = (gaps.start - reach).double()
    at = torch.searchsorted(peaks, begin.contiguous())[..., None]
    at = at + torch.arange(_MOST_PEAKS, device=peaks.device)
    row = torch.arange(len(peaks), device=peaks.device)[:, None, None]
    near = torch.where(at < peaks.shape[1], peaks[row, at.clamp(max=peaks.shape[1] - 1)], torch.inf)
    start, stop = gaps.start[..., None], gaps.stop[..., None]
    beside = (near < start - margin) | (near >= stop + margin) | gaps.shows_beats[..., None]
    shown = torch.where(
        gaps.is_forecast[..., None],
        near < start - FORECAST_MARGIN_S * fs_hz,
        beside & (near < stop + reach),
    )
    return torch.where(shown, near, torch.inf).sort(dim=2).values


def _median(
    values: Float64[Tensor, "recording gap value"], count: Int[Tensor, "recording gap"]
) -> Float64[Tensor, "recording gap"]:
    """Return the median of the first ``count`` values."""
    rank = torch.arange(values.shape[2], device=values.device)
    ordered = torch.where(rank < count[..., None], values, torch.inf).sort(dim=2).values
    middle = torch.stack([(count - 1).clamp(min=0) // 2, count // 2], dim=2).clamp(max=values.shape[2] - 1)
    return ordered.gather(2, middle).mean(dim=2)


def _with_expected(
    visible: Float64[Tensor, "recording gap visible"],
    gaps: Gaps,
    rr: Float64[Tensor, "recording gap"],
    fs_hz: float,
) -> Float64[Tensor, "recording gap beat"]:
    """Return the visible beats and, at regular intervals, those that are expected in the gap."""
    start, stop = gaps.start[..., None], gaps.stop[..., None]
    before = torch.where(visible < start, visible, -torch.inf).amax(dim=2, keepdim=True)
    after = torch.where(visible >= stop, visible, torch.inf).amin(dim=2, keepdim=True)
    interval, beyond = rr[..., None], BEYOND_S * fs_hz
    rank = torch.arange(1, _MOST_EXPECTED + 1, device=visible.device)
    between = ((after - before) / interval).round().clamp(min=1)
    in_between = torch.where(rank < between, before + rank * (after - before) / between, torch.inf)
    later = torch.where(
        rank <= ((stop + beyond - before) / interval).floor() + 1, before + rank * interval, torch.inf
    )
    earlier = torch.where(
        rank <= ((after - start + beyond) / interval).floor() + 1, after - rank * interval, torch.inf
    )
    expected = torch.where(
        torch.isfinite(before) & torch.isfinite(after),
        in_between,
        torch.where(torch.isfinite(before), later, earlier),
    )
    known = gaps.shows_beats[..., None] | ~torch.isfinite(expected)
    return torch.cat([visible, torch.where(known, torch.inf, expected)], dim=2).sort(dim=2).values


def _lay(
    start: Float64[Tensor, "recording gap cycle"],
    length: Float64[Tensor, "recording gap cycle"],
    beats: Float64[Tensor, "recording gap beat"],
    time: Float64[Tensor, "recording gap time"],
    fs_hz: float,
) -> Float64[Tensor, "recording gap cycle time"]:
    """Return the samples of cycles that are laid between beats; NaN beyond the first and last beat."""
    following = torch.searchsorted(beats, time.contiguous(), right=True)
    here, there = (beats.gather(2, (following + step).clamp(0, beats.shape[2] - 1)) for step in (-1, 0))
    between = (following >= 1) & (following < beats.shape[2]) & torch.isfinite(there)
    rr = torch.where(between, there - here, 1.0)[:, :, None]
    since = torch.where(between, time - here, 0.0)[:, :, None]
    length = length[..., None]
    shorter = torch.minimum(rr, length)
    after = (AFTER_R_SHARE * shorter).clamp(max=AFTER_R_S * fs_hz)
    before = (BEFORE_R_SHARE * shorter).clamp(max=BEFORE_R_S * fs_hz)
    stretch = (length - after - before).clamp(min=1e-3) / (rr - after - before).clamp(min=1e-3)
    stretched = after + (since - after) * stretch
    offset = torch.where(
        since < after, since, torch.where(since > rr - before, length - (rr - since), stretched)
    )
    return torch.where(between[:, :, None], start[..., None] + offset, torch.nan)
