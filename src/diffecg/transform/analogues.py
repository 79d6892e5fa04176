r"""Analogues: segments of the same recording whose surroundings resemble those of a gap.

An ECG is nearly periodic, so that the segment which follows and precedes a similar signal is a good estimate
of missing samples. This is nearest-neighbour imputation by template matching: the template is the observed
signal within a context on either side of the gap, in all leads, and includes what other leads show inside the
gap. With the template's samples :math:`T_l` in lead :math:`l`, the mismatch at a shift of :math:`k` samples
is

.. math::
    e_k &= \frac{1}{\sum_l |T_l|} \sum_l \sum_{t \in T_l} \left( x_{l,t+k} - x_{l,t} - \mu_{l,k} \right)^2 \\
    \mu_{l,k} &= \frac{1}{|T_l|} \sum_{t \in T_l} (x_{l,t+k} - x_{l,t})

where the offset :math:`\mu_{l,k}` removes differences in level. Expanded, the sums are cross-correlations,
which the FFT computes for all shifts at once. The best shifts at a minimal distance from each other give the
analogues, with the weights :math:`(e_\mathrm{best} + \epsilon) / (e_k + \epsilon)`.

References:
    | Atmospheric Predictability as Revealed by Naturally Occurring Analogues (Lorenz, 1969)
    | https://doi.org/10.1175/1520-0469(1969)26%3C636:APARBN%3E2.0.CO;2
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

MAX_GAPS = 4
"""Largest number of gaps per lead with analogues; later gaps get none."""

MISMATCH_EPSILON = 1e-4
r"""Constant :math:`\epsilon` in the weights, in squared units of the signal: analogues whose mismatch is far
below it have nearly equal weights."""


class Analogues(NamedTuple):
    """Analogues of the missing samples, with their weighted statistics."""

    segments: Float[Tensor, "analogue batch lead time"]
    """Estimates of the missing samples, best first."""
    weights: Float[Tensor, "analogue batch lead time"]
    """Normalised weights; zero where there is no analogue and where the signal is observed."""
    mean: Float[Tensor, "batch lead time"]
    """Weighted mean; zero where there is no analogue."""
    variance: Float[Tensor, "batch lead time"]
    """Weighted variance; zero where there are fewer than two analogues."""
    found_fraction: Float[Tensor, "batch lead time"]
    """Number of analogues found, as a fraction of ``count``."""


def find_analogues(
    signal: Float[Tensor, "batch lead wide"],
    observed: Bool[Tensor, "batch lead wide"],
    *,
    count: int,
    context: int,
    min_separation: int | None = None,
    search_margin: int = 0,
) -> Analogues:
    """Find analogues of the gaps of each lead, with mean and variance.

    The arguments are those of :func:`nearest_segments`.
    """
    segments, weights = nearest_segments(
        signal,
        observed,
        count=count,
        context=context,
        min_separation=min_separation,
        search_margin=search_margin,
    )
    weights = weights / weights.sum(dim=0).clamp(min=1e-6)
    mean = (weights * segments).sum(dim=0)
    return Analogues(
        segments=segments,
        weights=weights,
        mean=mean,
        variance=(weights * (segments - mean).square()).sum(dim=0),
        found_fraction=(weights > 0).to(mean.dtype).mean(dim=0),
    )


def nearest_segments(
    signal: Float[Tensor, "batch lead wide"],
    observed: Bool[Tensor, "batch lead wide"],
    *,
    count: int,
    context: int,
    min_separation: int | None = None,
    search_margin: int = 0,
) -> tuple[Float[Tensor, "analogue batch lead time"], Float[Tensor, "analogue batch lead time"]]:
    """Return the segments with the surroundings nearest to those of each gap, and their weights.

    Args:
        signal: The signal; missing samples may have any value.
        observed: True where the signal is observed.
        count: Number of segments.
        context: Samples on either side of a gap that are compared.
        min_separation: Smallest distance of two segments in samples; by default a third of the context.
        search_margin: Samples before and after the window, which are searched, but whose own gaps are
            ignored.

    Returns:
        The segments, best first, and their weights, without the margins. The weight of the best segment is 1;
        weights are zero where no segment was found and where the signal is observed.
    """
    if min_separation is None:
        min_separation = max(1, context // 3)
    x = torch.where(observed, signal, 0.0)
    window = slice(search_margin, x.shape[2] - search_margin)
    gap_numbers = _number_gaps(observed, window)
    segments, weights = (x.new_zeros(count, *x.shape) for _ in range(2))
    for lead in range(x.shape[1]):
        for number in range(1, min(int(gap_numbers[:, lead].max()), MAX_GAPS) + 1):
            gap = gap_numbers[:, lead] == number
            rows = torch.nonzero(gap.any(dim=1) & observed[:, lead].any(dim=1)).squeeze(1)
            if len(rows):
                mismatch, offset = _mismatch(x[rows], observed[rows], gap[rows], lead, context)
                new_segments, new_weights = _select(x[rows, lead], mismatch, offset, count, min_separation)
                segments[:, rows, lead] = torch.where(gap[rows], new_segments, segments[:, rows, lead])
                weights[:, rows, lead] = torch.where(gap[rows], new_weights, weights[:, rows, lead])
    return segments[..., window], weights[..., window]


def cross_correlation(
    template: Float[Tensor, "batch lead time"],
    signal: Float[Tensor, "batch lead time"],
    *,
    outside: float = 0.0,
) -> Float[Tensor, "batch lead shift"]:
    """Return the sum over t of template(t) signal(t + shift), for shifts from -time + 1 to time - 1.

    Args:
        template: The template.
        signal: The signal.
        outside: Value of the signal before its start and after its end.
    """
    length = template.shape[-1]
    size = 2 * length
    spectrum = torch.fft.rfft(template, size).conj() * torch.fft.rfft(signal - outside, size)
    circular = torch.fft.irfft(spectrum, size)
    linear = torch.cat([circular[..., length + 1 :], circular[..., :length]], dim=-1)
    return linear + outside * template.sum(dim=-1, keepdim=True)


def _number_gaps(observed: Bool[Tensor, "batch lead time"], window: slice) -> Tensor:
    """Return the number of the gap that a sample belongs to, counted within the window from 1; else 0."""
    missing = torch.zeros_like(observed)
    missing[..., window] = ~observed[..., window]
    edges = F.pad(missing.to(torch.int8), (1, 0)).diff(dim=2)
    return (edges == 1).cumsum(dim=2) * missing


def _mismatch(
    x: Float[Tensor, "batch lead time"],
    observed: Bool[Tensor, "batch lead time"],
    gap: Bool[Tensor, "batch time"],
    lead: int,
    context: int,
) -> tuple[Float[Tensor, "batch shift"], Float[Tensor, "batch shift"]]:
    """Return mismatch (infinite if samples are missing) and offset of the gap's lead at each shift."""
    index = torch.arange(x.shape[2], device=x.device)
    first = gap.to(torch.int8).argmax(dim=1, keepdim=True)
    last = x.shape[2] - 1 - gap.flip(1).to(torch.int8).argmax(dim=1, keepdim=True)
    near = (index >= first - context) & (index <= last + context)
    template = near[:, None] & observed
    # The sums are large and their differences small: single precision would let round-off choose.
    mismatch, offset = _compare(x.double(), template.double())
    needed = template.clone()
    needed[:, lead] = near
    missing = cross_correlation(needed.to(x.dtype), 1 - observed.to(x.dtype), outside=1).sum(dim=1)
    return torch.where(missing < 0.5, mismatch.to(x.dtype), torch.inf), offset[:, lead].to(x.dtype)


def _compare(
    x: Float[Tensor, "batch lead time"], template: Float[Tensor, "batch lead time"]
) -> tuple[Float[Tensor, "batch shift"], Float[Tensor, "batch lead shift"]]:
    """Return the mean squared difference from the template at each shift, and the offset of each lead."""
    count = template.sum(dim=2, keepdim=True)
    own = template * x
    shifted_sum = cross_correlation(template, x)
    shifted_squares = cross_correlation(template, x.square())
    products = cross_correlation(own, x)
    offset = (shifted_sum - own.sum(dim=2, keepdim=True)) / count.clamp(min=1)
    squares = shifted_squares - 2 * products + (own * x).sum(dim=2, keepdim=True) - count * offset.square()
    return squares.sum(dim=1).clamp(min=0) / count.sum(dim=1).clamp(min=1), offset


def _select(
    x: Float[Tensor, "batch time"],
    mismatch: Float[Tensor, "batch shift"],
    offset: Float[Tensor, "batch shift"],
    count: int,
    min_separation: int,
) -> tuple[Float[Tensor, "analogue batch time"], Float[Tensor, "analogue batch time"]]:
    """Return the signal at the best shifts, without its offset, and the weights of the shifts."""
    length = x.shape[1]
    index = torch.arange(length, device=x.device)
    shifts = torch.arange(-length + 1, length, device=x.device)
    smallest = mismatch.amin(dim=1, keepdim=True).clamp(max=1e9) + MISMATCH_EPSILON
    segments, weights = [], []
    for _ in range(count):
        least, best = mismatch.min(dim=1, keepdim=True)
        source = (index + shifts[best]).clamp(0, length - 1)
        segments.append(x.gather(1, source) - offset.gather(1, best))
        weights.append((smallest / (least + MISMATCH_EPSILON)).expand(-1, length))
        mismatch = mismatch.masked_fill((shifts - shifts[best]).abs() < min_separation, torch.inf)
    return torch.stack(segments), torch.stack(weights)
