"""What came elsewhere in the window between samples like those around a gap.

An ECG repeats itself: the stretch whose surroundings are most like those of the gap is a good first guess of
what is missing. The network gets such guesses as a further condition.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

MOST_GAPS = 4
"""Gaps of a window for which matches are sought, from the left; others have none."""

ERROR_FLOOR = 1e-4
"""Squared differences below it tell no match from another; in units of the signal, squared."""


class Analogues(NamedTuple):
    """Guesses of the missing samples."""

    guesses: Tensor
    """The missing samples by match, the best first (match ... time)."""
    weight: Tensor
    """(match ... time): of each match; zero where there is none, and where the signal is observed."""
    mean: Tensor
    """(... time): weighted mean of the matches; zero where there are none."""
    variance: Tensor
    """(... time): weighted variance of the matches; zero where there are less than two."""
    share: Tensor
    """(... time): share of the wanted matches that were found."""


def find_analogues(
    signal: Tensor, observed: Tensor, *, count: int, context: int, apart: int, reach: int = 0
) -> Analogues:
    """Return the best matches for the gaps of each lead, with mean and variance.

    Arguments as for :func:`search_analogues`.
    """
    guesses, weight = search_analogues(
        signal, observed, count=count, context=context, apart=apart, reach=reach
    )
    total = weight.sum(dim=0)
    weight = weight / total.clamp(min=1e-6)
    mean = (weight * guesses).sum(dim=0)
    variance = (weight * (guesses - mean).square()).sum(dim=0)
    return Analogues(guesses, weight, mean, variance, (weight > 0).float().mean(dim=0))


def search_analogues(
    signal: Tensor, observed: Tensor, *, count: int, context: int, apart: int, reach: int = 0
) -> tuple[Tensor, Tensor]:
    """Return the best matches for the gaps of each lead, and which of them are matches at all.

    A match is a shift at which everything around and inside the gap is observed; the best ones have the
    least squared difference to what is observed there, levels aside: the gap's surroundings, and what other
    leads show around and inside it. The correlations that this takes are computed by FFT for all shifts at
    once.

    Args:
        signal: (batch lead time); anything where missing.
        observed: (batch lead time), True = known.
        count: how many matches to take.
        context: samples on either side that make the surroundings.
        apart: least distance between two matches, in samples.
        reach: samples on either side in which matches are sought, but whose own gaps are nobody's concern.

    Returns:
        Without these samples, what is missing by match, the best first (match batch lead time), and a weight
        of the same shape: that of the best match is one, those of others are less as their squared difference
        is more; zero where there is none and where the signal is observed.
    """
    x = torch.where(observed, signal, torch.zeros_like(signal))
    guesses, weights = (x.new_zeros(count, *x.shape) for _ in range(2))
    inner = slice(reach, x.shape[2] - reach)
    hidden = torch.zeros_like(observed)
    hidden[..., inner] = ~observed[..., inner]
    edges = F.pad(hidden.to(torch.int8), (1, 0)).diff(dim=2)
    number = (edges == 1).cumsum(dim=2) * hidden
    for lead in range(x.shape[1]):
        for gap in range(1, min(int(number[:, lead].max()), MOST_GAPS) + 1):
            inside = number[:, lead] == gap
            rows = torch.nonzero(inside.any(dim=1) & observed[:, lead].any(dim=1)).squeeze(1)
            if len(rows):
                found = _for_one_gap(x[rows], observed[rows], inside[rows], lead, count, context, apart)
                for kept, new in zip((guesses, weights), found, strict=True):
                    kept[:, rows, lead] = torch.where(inside[rows], new, kept[:, rows, lead])
    return guesses[..., inner], weights[..., inner]


def _for_one_gap(
    x: Tensor, observed: Tensor, inside: Tensor, lead: int, count: int, context: int, apart: int
) -> tuple[Tensor, Tensor]:
    """Return the matches for one gap of a lead in each row (match batch time), and which of them are any."""
    length = x.shape[2]
    place = torch.arange(length, device=x.device)
    first = inside.to(torch.int8).argmax(dim=1, keepdim=True)
    last = length - 1 - inside.flip(1).to(torch.int8).argmax(dim=1, keepdim=True)
    near = (place >= first - context) & (place <= last + context)
    around = near[:, None] & observed
    # Differences of large sums: in single precision, round-off would choose between matches.
    error, level = (part.to(x.dtype) for part in _errors(x.double(), around.double(), lead))
    wanted = around.clone()
    wanted[:, lead] = near
    missing = _correlate(wanted.to(x.dtype), 1 - observed.to(x.dtype), outside=1).sum(dim=1)
    error = torch.where(missing < 0.5, error, torch.inf)
    shifts = torch.arange(-length + 1, length, device=x.device)
    guesses, weights = [], []
    smallest = error.amin(dim=1, keepdim=True).clamp(max=1e9) + ERROR_FLOOR
    for _ in range(count):
        least, best = error.min(dim=1, keepdim=True)
        shift = shifts[best]
        source = (place + shift).clamp(0, length - 1)
        guesses.append(x[:, lead].gather(1, source) - level.gather(1, best))
        weights.append((smallest / (least + ERROR_FLOOR)).expand(-1, length))
        error = error.masked_fill((shifts - shift).abs() < apart, torch.inf)
    return torch.stack(guesses), torch.stack(weights)


def _errors(x: Tensor, around: Tensor, lead: int) -> tuple[Tensor, Tensor]:
    """Return the mean squared difference at each shift (batch 2*time-1), levels aside; a lead's levels."""
    total = around.sum(dim=2, keepdim=True)
    own = around * x
    there = _correlate(around, x)
    square = _correlate(around, x.square())
    cross = _correlate(own, x)
    level = (there - own.sum(dim=2, keepdim=True)) / total.clamp(min=1)
    error = square - 2 * cross + (own * x).sum(dim=2, keepdim=True) - total * level.square()
    return error.sum(dim=1).clamp(min=0) / total.sum(dim=1).clamp(min=1), level[:, lead]


def _correlate(pattern: Tensor, signal: Tensor, *, outside: float = 0.0) -> Tensor:
    """Return sum over t of pattern(t) signal(t + shift) for all shifts -time+1 to time-1.

    Args:
        pattern: (batch lead time).
        signal: (batch lead time).
        outside: the signal's value before its start and after its end.
    """
    length = pattern.shape[-1]
    size = 2 * length
    spectrum = torch.fft.rfft(pattern, size).conj() * torch.fft.rfft(signal - outside, size)
    circular = torch.fft.irfft(spectrum, size)
    shifted = torch.cat([circular[..., length + 1 :], circular[..., :length]], dim=-1)
    return shifted + outside * pattern.sum(dim=-1, keepdim=True)
