"""The search for analogues of many gaps at once, on any device.

The search of :mod:`diffecg.signal.analogue_search` for one gap, computed for many gaps of the same recordings
by products of matrices. The result is the same, apart from the limit of distance from the gap.
"""

from __future__ import annotations

from typing import TypeVar

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from diffecg.config.gap import CandidateConfig
from diffecg.training.gap.places import Gaps
from diffecg.training.gap.signals import SignalGroups

_ELEMENTS = 1 << 26
"""Mean squares that are computed together."""

BatchT = TypeVar("BatchT", SignalGroups, Gaps)


def search_batch(
    groups: SignalGroups, gaps: Gaps, candidates: CandidateConfig
) -> Int[Tensor, "recording gap analogue"]:
    """Return the first samples of the analogues of gaps, best first; -1 = none.

    Args:
        groups: the recordings.
        gaps: gaps whose surroundings are observed.
        candidates: settings of the candidates.
    """
    recordings, count = gaps.start.shape
    together = max(_ELEMENTS // (count * groups.signal.shape[2]), 1)
    return torch.cat(
        [
            _search(_select(groups, part), _select(gaps, part), candidates)
            for first in range(0, recordings, together)
            for part in [slice(first, first + together)]
        ]
    )


def _select(batch: BatchT, part: slice) -> BatchT:
    """Return some of the recordings."""
    return type(batch)(**{name: value[part] for name, value in vars(batch).items()})


def _search(
    groups: SignalGroups, gaps: Gaps, candidates: CandidateConfig
) -> Int[Tensor, "recording gap analogue"]:
    context = round(candidates.context_s * candidates.fs_hz)
    separation = round(candidates.min_separation_s * candidates.fs_hz)
    total, compared, complete = _surroundings(groups, gaps, context)
    alone = (total.clone(), compared) if candidates.alone else None
    for companion in range(gaps.through_gap.shape[2]):
        recording, gap = gaps.through_gap[..., companion].nonzero(as_tuple=True)
        if len(recording):
            squares, observed, length = _through_gap(groups, 1 + companion, gaps, recording, gap, context)
            total[recording, gap] += torch.where(observed, squares, 0.0)
            compared = compared.float().expand_as(total).clone()
            compared[recording, gap] += torch.where(observed, length[:, None], 0)
    time = torch.arange(total.shape[2], device=total.device)
    first, stop = gaps.start - gaps.length + 1, gaps.stop
    touches = torch.where(
        gaps.is_forecast[:, :, None],
        time >= first[:, :, None],
        (time >= (first - context)[:, :, None]) & (time < (stop + context)[:, :, None]),
    )
    excluded = touches | ~complete
    mean_square = total.clamp_(min=0).div_(compared).masked_fill_(excluded, torch.inf)
    found = _pick_separated(mean_square, candidates.analogues - candidates.alone, separation)
    if alone is None:
        return found
    of_signal = alone[0].clamp_(min=0).div_(alone[1]).masked_fill_(excluded, torch.inf)
    rest = _pick_separated(_without(of_signal, found, separation), candidates.alone, separation)
    return torch.cat([found, rest], dim=2)


def _without(
    mean_square: Float[Tensor, "recording gap start"],
    found: Int[Tensor, "recording gap analogue"],
    separation: int,
) -> Float[Tensor, "recording gap start"]:
    """Return mean squares that are infinite near analogues that have been found."""
    padded = F.pad(mean_square, (separation, separation), value=torch.inf)
    near = torch.arange(1 - separation, separation, device=found.device)
    places = torch.where(found >= 0, found, -separation)[..., None] + separation + near
    return padded.scatter(2, places.clamp(min=0).flatten(2), torch.inf)[..., separation:-separation]


def _surroundings(
    groups: SignalGroups, gaps: Gaps, context: int
) -> tuple[
    Float[Tensor, "recording gap time"], Int[Tensor, "recording gap 1"], Bool[Tensor, "recording gap time"]
]:
    """Return the sums of squared differences of the surroundings, without level, at each start.

    Also the number of compared samples, and where the analogue and its surroundings are observed.
    """
    lead, observed = _centred(groups, 0)
    time, shape = lead.shape[1], gaps.start.shape
    place = torch.arange(time, device=lead.device)
    windows = F.pad(lead, (0, context - 1)).unfold(1, context, 1).transpose(1, 2).contiguous()
    sums, squares = windows.sum(dim=1), windows.square().sum(dim=1)
    row = torch.arange(len(lead), device=lead.device)[:, None]

    def compare(
        here: Int[Tensor, "recording gap"],
    ) -> tuple[Float[Tensor, "recording gap time"], Float[Tensor, "recording gap time"]]:
        """Return the squared differences of windows at some places from all, and those of sums."""
        own = lead[row[:, :, None], here[:, :, None] + place[:context]]
        products = torch.baddbmm(squares[:, None], own, windows, alpha=-2)
        return products.add_(squares[row, here][:, :, None]), sums[:, None] - sums[row, here][:, :, None]

    # Values that are moved beyond an end of the recording are never used: nothing is complete there.
    total, difference = (values.roll(context, dims=2) for values in compare(gaps.start - context))
    after = torch.where(gaps.is_forecast, 0, gaps.stop).clamp(0, time - context)
    there = (place + gaps.length[:, :, None]).clamp(max=time - 1)
    uses = (~gaps.is_forecast).float()[:, :, None]
    of_after, of_sums = (values.gather(2, there).mul_(uses) for values in compare(after))
    total.add_(of_after)
    difference.add_(of_sums)
    compared = context * (2 - gaps.is_forecast.long())[:, :, None]
    stop = gaps.length + context * ~gaps.is_forecast
    complete = _complete(groups, observed, row.expand(shape), place - context, place + stop[:, :, None])
    return total.sub_(difference.square_().div_(compared)), compared, complete


def _through_gap(
    groups: SignalGroups,
    row: int,
    gaps: Gaps,
    recording: Int[Tensor, " chosen"],
    gap: Int[Tensor, " chosen"],
    context: int,
) -> tuple[Float[Tensor, "chosen time"], Bool[Tensor, "chosen time"], Int[Tensor, " chosen"]]:
    """Return the same of a companion, in the surroundings and through some gaps, by Fourier transforms."""
    lead, observed = _centred(groups, row)
    time = lead.shape[1]
    begin, length = gaps.start[recording, gap] - context, gaps.length[recording, gap] + 2 * context
    rank = torch.arange(int(length.max()), device=lead.device)
    inside = rank < length[:, None]
    own = torch.where(inside, lead[recording[:, None], (begin[:, None] + rank).clamp(0, time - 1)], 0.0)
    own = torch.where(inside, own - (own.sum(dim=1) / length)[:, None], 0.0)
    size = _fft_size(time + len(rank))
    spectrum = torch.fft.rfft(lead, size)[recording] * torch.fft.rfft(own, size).conj()
    first = torch.arange(time, device=lead.device) - context
    stop = first + length[:, None]
    products = torch.fft.irfft(spectrum, size)[:, :time].roll(context, dims=1)
    sums = _sums(lead, recording, first, stop)
    squares = _sums(lead**2, recording, first, stop) - sums**2 / length[:, None]
    total = squares + (own**2).sum(dim=1, keepdim=True) - 2 * products
    return total, _complete(groups, observed, recording, first, stop), length


def _centred(
    groups: SignalGroups, row: int
) -> tuple[Float[Tensor, "recording time"], Bool[Tensor, "recording time"]]:
    """Return a comparable signal without its mean, zero where it is missing, and where it is observed."""
    signal, observed = groups.signal[:, row] * groups.scale[:, row, None], groups.observed[:, row]
    # A constant changes nothing, and single precision is exact near zero only.
    mean = signal.sum(dim=1, keepdim=True) / observed.sum(dim=1, keepdim=True).clamp(min=1)
    return torch.where(observed, signal - mean, 0.0), observed


def _sums(
    values: Float[Tensor, "recording time"],
    recording: Int[Tensor, " *gap"],
    first: Int[Tensor, " start"],
    stop: Int[Tensor, "*gap start"],
) -> Float[Tensor, "*gap start"]:
    """Return the sums of values of recordings from ``first`` to ``stop``, as far as they exist."""
    time = values.shape[1]
    sums = F.pad(values.double().cumsum(dim=1), (1, 0))
    upper = sums[recording[..., None], stop.clamp(0, time)]
    return (upper - sums[:, first.clamp(0, time)][recording]).float()


def _complete(
    groups: SignalGroups,
    observed: Bool[Tensor, "recording time"],
    recording: Int[Tensor, " *gap"],
    first: Int[Tensor, " start"],
    stop: Int[Tensor, "*gap start"],
) -> Bool[Tensor, "*gap start"]:
    """Return whether all samples of recordings from ``first`` to ``stop`` exist and are observed."""
    inside = (first >= 0) & (stop <= groups.samples[recording][..., None])
    beyond = torch.arange(observed.shape[1], device=observed.device) >= groups.samples[:, None]
    if bool((observed | beyond).all()):
        return inside
    return inside & (_sums((~observed).float(), recording, first, stop) < 0.5)


def _fft_size(least: int) -> int:
    """Return a power of two, at least as large as the number given."""
    return 1 << (least - 1).bit_length()


def _pick_separated(
    mean_square: Float[Tensor, "recording gap start"], count: int, separation: int
) -> Int[Tensor, "recording gap {count}"]:
    """Return the starts of the least values, best first, at least ``separation`` apart; -1 = none."""
    recordings, gaps, time = mean_square.shape
    values = F.pad(mean_square.flatten(0, 1), (separation, separation), value=torch.inf)
    near = torch.arange(1 - separation, separation, device=values.device)
    found = []
    for _ in range(count):
        least, start = values.min(dim=1)
        found.append(torch.where(torch.isfinite(least), start - separation, -1))
        values.scatter_(1, start.clamp(separation, time + separation - 1)[:, None] + near, torch.inf)
    return torch.stack(found, dim=1).reshape(recordings, gaps, count)
