r"""Search for analogues of a gap: segments of the same recording with similar surroundings.

An ECG is nearly periodic, so that a segment which follows and precedes a similar signal is a good estimate
of missing samples. With the compared samples :math:`T_l` of lead :math:`l` (the observed surroundings of the
gap; for a lead that is observed through the gap, the samples inside, too), the mean squared difference at a
shift of :math:`k` samples is

.. math::
    e_k &= \frac{1}{\sum_l |T_l|} \sum_l \sum_{t \in T_l} \left( x_{l,t+k} - x_{l,t} - \mu_{l,k} \right)^2 \\
    \mu_{l,k} &= \frac{1}{|T_l|} \sum_{t \in T_l} (x_{l,t+k} - x_{l,t})

Expanded, it takes running sums of the signal and its squares, and one cross-correlation a lead.

References:
    | Atmospheric Predictability as Revealed by Naturally Occurring Analogues (Lorenz, 1969)
    | https://doi.org/10.1175/1520-0469(1969)26%3C636:APARBN%3E2.0.CO;2
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int64
from scipy.signal import oaconvolve

from diffecg.signal.runs import true_runs

CONTEXT_S = 0.3
"""Length of the surroundings on either side of a gap by which analogues are compared."""
MIN_SEPARATION_S = 0.1
"""Smallest distance between two analogues."""
REACH_S = 1800.0
"""How far from the gap analogues are searched, on either side."""

NONE_TAKEN = np.empty(0, dtype=np.int64)
"""No segments."""

_BLOCK = 1 << 16
"""Starts whose distances are computed together: their arrays fit into the processor's cache."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AnalogueSegments:
    """Analogues of a gap of one lead, best first; empty where there is none."""

    start: Int64[np.ndarray, " analogue"]
    """First sample of each analogue."""
    distance: Float64[np.ndarray, " analogue"]
    """Root mean square difference between the surroundings of the analogue and those of the gap, in mV."""
    segments: Float64[np.ndarray, "analogue gap"]
    """The analogues, shifted to the level of the gap, in mV."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SharedAnalogues:
    """Analogues of a gap that several leads share, at the same places in each; see AnalogueSegments."""

    start: Int64[np.ndarray, " analogue"]
    distance: Float64[np.ndarray, "analogue row"]
    """The distance, the same for all leads, in the unit of each of them."""
    segments: Float64[np.ndarray, "analogue row gap"]


def search_analogues(
    signal: Float[np.ndarray, "lead time"],
    gap: slice,
    *,
    row: int,
    fs_hz: float,
    count: int,
    context_s: float = CONTEXT_S,
    min_separation_s: float = MIN_SEPARATION_S,
    reach_s: float = REACH_S,
) -> AnalogueSegments:
    """Return the segments of a lead whose surroundings are most similar to those of a gap.

    An analogue is observed throughout, and so are its samples at the places that are compared. Other leads
    are compared in the surroundings and inside the gap, where they are observed at the gap and at the
    analogue.

    Args:
        signal: all leads, in mV; NaN = missing. What lead ``row`` has in the gap is ignored.
        gap: the missing samples; a gap at the end of the signal is a forecast, compared by its past only.
        row: the lead of the gap.
        fs_hz: sampling rate, in Hz.
        count: largest number of analogues.
        context_s: length of the compared surroundings on either side of the gap.
        min_separation_s: smallest distance between two analogues.
        reach_s: largest distance of an analogue from the gap.
    """
    if np.isfinite(signal[row, gap]).any():
        signal = signal.copy()
        signal[row, gap] = np.nan
    found = search_shared_analogues(
        signal,
        gap,
        rows=[row],
        fs_hz=fs_hz,
        count=count,
        context_s=context_s,
        min_separation_s=min_separation_s,
        reach_s=reach_s,
    )
    return AnalogueSegments(start=found.start, distance=found.distance[:, 0], segments=found.segments[:, 0])


def search_shared_analogues(
    signal: Float[np.ndarray, "lead time"],
    gap: slice,
    *,
    rows: Sequence[int],
    fs_hz: float,
    count: int,
    context_s: float = CONTEXT_S,
    min_separation_s: float = MIN_SEPARATION_S,
    reach_s: float = REACH_S,
    kinds: Sequence[str] | None = None,
    taken: Int64[np.ndarray, " taken"] = NONE_TAKEN,
) -> SharedAnalogues:
    """Return analogues of a gap of several leads, which are the same segments in each of them.

    Args:
        signal: all leads, each in its unit; NaN = missing. Samples of ``rows`` that are observed in the gap
            are compared.
        gap: the samples of which each of ``rows`` misses some.
        rows: the leads of the gap.
        fs_hz: as for :func:`search_analogues`.
        count: as for :func:`search_analogues`.
        context_s: as for :func:`search_analogues`.
        min_separation_s: as for :func:`search_analogues`.
        reach_s: as for :func:`search_analogues`.
        kinds: kind of each lead; leads of different kinds are compared in units of their standard deviation.
            None: all are of one kind.
        taken: starts of segments that have been found already, to which analogues keep their distance.
    """
    scale = _comparable_scale(signal, kinds or ["ecg"] * len(signal), rows[0])
    context, reach = round(context_s * fs_hz), round(reach_s * fs_hz)
    near = slice(max(gap.start - context, 0), min(gap.stop + context, signal.shape[1]))
    first, stop = max(near.start - reach, 0), min(near.stop + reach, signal.shape[1])
    inside = slice(gap.start - near.start, gap.stop - near.start)
    searched = signal[:, first:stop] * scale[:, None]
    templates = [
        _template(signal[row, near] * scale[row], inside, is_missing=row in rows)
        for row in range(len(signal))
    ]
    if any(not templates[row].compared.any() for row in rows):
        return _nothing(len(rows), gap)
    mean_square = _mean_squares_by_blocks(searched, templates, rows)
    separation = max(1, round(min_separation_s * fs_hz))
    for start in (taken - first - inside.start).tolist():
        mean_square[max(start - separation + 1, 0) : max(start + separation, 0)] = np.inf
    starts = pick_separated(mean_square, count, separation)
    distance = np.array([_distance(searched, templates, rows, start) for start in starts], dtype=np.float64)
    order = np.argsort(distance, kind="stable")
    segments = [
        [_segment(searched[row], templates[row], inside, start) for row in rows] for start in starts[order]
    ]
    if not segments:
        return _nothing(len(rows), gap)
    return SharedAnalogues(
        start=starts[order] + first + inside.start,
        distance=distance[order, None] / scale[list(rows)],
        segments=np.array(segments) / scale[list(rows), None],
    )


def observed_sd(signal: Float[np.ndarray, "*axes"]) -> float:
    """Return the standard deviation of the observed samples of a signal; 0 if there are none."""
    observed = signal[np.isfinite(signal)]
    return float(observed.std(dtype=np.float64)) if observed.size else 0.0


def _comparable_scale(
    signal: Float[np.ndarray, "lead time"], kinds: Sequence[str], row: int
) -> Float32[np.ndarray, " lead"]:
    """Return factors that give leads of different kinds the mean square of the kind of one lead.

    Leads of one kind have one factor, and that of the given lead's kind is 1.
    """
    if len(set(kinds)) == 1:
        return np.ones(len(signal), dtype=np.float32)
    spread, kind_of = np.array([observed_sd(lead) for lead in signal]), np.array(kinds)
    rms = {kind: np.sqrt(np.mean(spread[kind_of == kind] ** 2)) for kind in set(kinds)}
    return np.array([rms[kinds[row]] / max(rms[kind], 1e-12) for kind in kinds], dtype=np.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Template:
    """A lead at the gap and its surroundings."""

    values: Float64[np.ndarray, " near"]
    compared: Bool[np.ndarray, " near"]
    """Samples that are compared."""
    needed: Bool[np.ndarray, " near"]
    """Samples that must be observed at an analogue: those compared, and those that are to be imputed."""

    @property
    def count(self) -> int:
        """Number of compared samples."""
        return int(self.compared.sum())


def _template(values: Float[np.ndarray, " near"], inside: slice, *, is_missing: bool) -> _Template:
    """Return the template of a lead; one that is not missing is compared as a whole or not at all."""
    observed = np.isfinite(values)
    if is_missing:
        compared, needed = observed, observed.copy()
        needed[inside] = True
    else:
        compared = needed = np.full(len(values), observed.all())
    return _Template(
        values=np.where(compared, values, 0.0).astype(np.float64), compared=compared, needed=needed
    )


def _mean_squares_by_blocks(
    searched: Float[np.ndarray, "lead time"], templates: Sequence[_Template], rows: Sequence[int]
) -> Float32[np.ndarray, " start"]:
    """Return the mean squared differences, computed in blocks that fit into the processor's cache."""
    length = len(templates[0].values)
    block = max(_BLOCK, 8 * length)
    return np.concatenate(
        [
            _mean_squares(searched[:, first : first + block + length - 1], templates, rows)
            for first in range(0, searched.shape[1] - length + 1, block)
        ]
    )


def _mean_squares(
    searched: Float[np.ndarray, "lead time"], templates: Sequence[_Template], rows: Sequence[int]
) -> Float32[np.ndarray, " start"]:
    """Return the mean squared difference of the surroundings at each start; infinite where none can be."""
    starts = searched.shape[1] - len(templates[0].values) + 1
    total, counts = np.zeros(starts, dtype=np.float32), np.zeros(starts, dtype=np.float32)
    impossible = np.zeros(starts, dtype=bool)
    for row, template in enumerate(templates):
        if not template.count:
            continue
        squares, missing = _sums_of_squares(searched[row], template)
        if row in rows:
            impossible |= missing
        else:
            squares[missing] = 0
        total += squares
        counts += np.float32(template.count) * (~missing)
    return np.where(impossible, np.float32(np.inf), np.maximum(total, 0) / np.maximum(counts, 1))


def _sums_of_squares(
    signal: Float[np.ndarray, " time"], template: _Template
) -> tuple[Float32[np.ndarray, " start"], Bool[np.ndarray, " start"]]:
    """Return the sum of squared differences without level at each start, and where samples are missing."""
    observed = np.isfinite(signal)
    complete = bool(observed.all())
    known = signal if complete else signal[observed]
    # A constant changes nothing, and single precision is exact near zero only.
    level = known.mean() if len(known) else 0.0
    filled = (signal - level if complete else np.where(observed, signal - level, 0.0)).astype(np.float32)
    own = np.where(template.compared, template.values - template.values.sum() / template.count, 0.0)
    squares = _window_sums(np.square(filled), template.compared)
    squares -= np.square(_window_sums(filled, template.compared)) / template.count
    squares += np.square(own).sum()
    squares = squares.astype(np.float32) - oaconvolve(filled, 2 * own[::-1].astype(np.float32), "valid")
    if complete:
        return squares, np.zeros(len(squares), dtype=bool)
    return squares, _window_sums(~observed, template.needed) > 0


def _window_sums(
    values: Float32[np.ndarray, " time"] | Bool[np.ndarray, " time"], mask: Bool[np.ndarray, " near"]
) -> Float64[np.ndarray, " start"]:
    """Return the sums of the values under a mask that starts at each sample, as far as it fits."""
    cumulative = np.zeros(len(values) + 1)
    np.cumsum(values, out=cumulative[1:])
    count = len(values) - len(mask) + 1
    sums = np.zeros(count)
    for first, stop in true_runs(mask):
        sums += cumulative[stop : stop + count]
        sums -= cumulative[first : first + count]
    return sums


def pick_separated(
    mean_square: Float32[np.ndarray, " start"], count: int, separation: int
) -> Int64[np.ndarray, " analogue"]:
    """Return the starts of the least values, best first, at least ``separation`` apart."""
    padding = -len(mean_square) % separation
    blocks = np.pad(mean_square, (0, padding), constant_values=np.inf).reshape(-1, separation)
    least, flat = blocks.min(axis=1), blocks.reshape(-1)
    starts: list[int] = []
    while len(starts) < count:
        block = int(least.argmin())
        if not np.isfinite(least[block]):
            break
        start = block * separation + int(blocks[block].argmin())
        starts.append(start)
        flat[max(start - separation + 1, 0) : start + separation] = np.inf
        least[max(block - 1, 0) : block + 2] = blocks[max(block - 1, 0) : block + 2].min(axis=1)
    return np.array(starts, dtype=np.int64)


def _distance(
    searched: Float[np.ndarray, "lead time"], templates: Sequence[_Template], rows: Sequence[int], start: int
) -> float:
    """Return the root mean square difference of the surroundings at one start, in double precision."""
    total, count = 0.0, 0
    for row, template in enumerate(templates):
        there = searched[row, start : start + len(template.values)].astype(np.float64)
        difference = (there - template.values)[template.compared]
        if template.count and (row in rows or np.isfinite(there).all()):
            total += float(np.square(difference - difference.mean()).sum())
            count += template.count
    return float(np.sqrt(total / count))


def _segment(
    signal: Float[np.ndarray, " time"], template: _Template, inside: slice, start: int
) -> Float64[np.ndarray, " gap"]:
    """Return the samples of an analogue, shifted to the level of the gap."""
    there = signal[start : start + len(template.values)].astype(np.float64)
    return np.asarray(there[inside] - (there - template.values)[template.compared].mean())


def _nothing(rows: int, gap: slice) -> SharedAnalogues:
    return SharedAnalogues(
        start=np.empty(0, dtype=np.int64),
        distance=np.empty((0, rows)),
        segments=np.empty((0, rows, gap.stop - gap.start)),
    )
