"""Preparation of gaps for a model of gaps: companions, analogues, and windows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Int64

from diffecg.config.gap import CandidateConfig
from diffecg.inference.analogue_pool import MIN_POOL
from diffecg.inference.gap_imputer import LeadGap
from diffecg.inference.model_rate import ModelRateSignal
from diffecg.inference.seeds import choose_alternatives
from diffecg.signal.analogue_search import NONE_TAKEN, SharedAnalogues, search_shared_analogues
from diffecg.signal.kinds import HEARTBEAT_KINDS
from diffecg.transform.gap_window import Gap

CORRELATED_S = 30.0
"""Signal on either side of a gap by which companions are chosen."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SearchedGap:
    """A gap of one signal with its analogues."""

    samples: slice
    """The gap, at the rate of the recording."""
    gap: Gap
    """The gap at the rate of the model."""
    analogues: Int64[np.ndarray, " analogue"]
    """First samples of the analogues, at the rate of the model; fewer than two if there are none."""

    @property
    def is_found(self) -> bool:
        """Whether the gap has analogues."""
        return len(self.analogues) >= MIN_POOL


def search_gaps(
    signal: ModelRateSignal, kinds: Sequence[str], gap: LeadGap, candidates: CandidateConfig, reach_s: float
) -> Iterator[SearchedGap]:
    """Yield each signal of a gap with its analogues: the same for all signals, or those of each.

    Args:
        signal: the recording.
        kinds: kind of each signal.
        gap: the gap.
        candidates: settings of the candidates.
        reach_s: how far from the gap analogues are searched, on either side, in s.
    """
    whole = signal.gap(gap.samples)
    companions = {
        row: choose_companions(signal.signal, kinds, whole, row, gap.rows, candidates) for row in gap.rows
    }
    starts = _search(signal.signal, kinds, whole, gap.rows, companions, candidates, reach_s)
    found = dict.fromkeys(gap.rows, starts)
    if len(starts) < MIN_POOL and len(gap.rows) > 1:
        found = {
            row: _search(signal.signal, kinds, whole, [row], companions, candidates, reach_s)
            for row in gap.rows
        }
    for row in gap.rows:
        samples = _missing_part(signal, gap.samples, row)
        own = signal.gap(samples)
        is_last = whole.stop == signal.signal.shape[1] and whole.start > 0
        yield SearchedGap(
            samples=samples,
            gap=Gap(
                row=row,
                samples=own,
                companions=companions[row],
                beats=beats_row(kinds, row, companions[row]),
                is_forecast=is_last and not any(other is not None for other in companions[row]),
            ),
            analogues=found[row] + (own.start - whole.start),
        )


def choose_by_seed(
    excluded: Bool[np.ndarray, " candidate"], searched: SearchedGap, seeds: Sequence[int]
) -> Int64[np.ndarray, " draw"]:
    """Return the candidate of each draw; the same analogue for signals that are missing together."""
    usable = np.flatnonzero(~excluded)
    lags = searched.analogues - searched.gap.samples.start
    return usable[choose_alternatives(seeds, len(usable), lags.tobytes())]


def _search(
    signal: Float32[np.ndarray, "lead time"],
    kinds: Sequence[str],
    gap: slice,
    rows: Sequence[int],
    companions: dict[int, tuple[int | None, ...]],
    candidates: CandidateConfig,
    reach_s: float,
) -> Int64[np.ndarray, " analogue"]:
    """Return the first samples of the analogues that some signals share.

    Companions are compared, too, but for the last ``candidates.alone`` analogues.
    """
    others = sorted({other for row in rows for other in companions[row] if other is not None})

    def search(used: Sequence[int], count: int, taken: Int64[np.ndarray, " taken"]) -> SharedAnalogues:
        return search_shared_analogues(
            signal[list(used)],
            gap,
            rows=range(len(rows)),
            fs_hz=candidates.fs_hz,
            count=count,
            context_s=candidates.context_s,
            min_separation_s=candidates.min_separation_s,
            reach_s=reach_s,
            kinds=[kinds[row] for row in used],
            taken=taken,
        )

    across = search([*rows, *others], candidates.analogues - candidates.alone, NONE_TAKEN).start
    return (
        np.concatenate([across, search(rows, candidates.alone, across).start]) if candidates.alone else across
    )


def _missing_part(signal: ModelRateSignal, samples: slice, row: int) -> slice:
    """Return the part of a gap from the first to the last missing sample of a signal."""
    missing = np.flatnonzero(np.isnan(signal.recorded[row, samples]))
    return slice(samples.start + int(missing[0]), samples.start + int(missing[-1]) + 1)


def choose_companions(
    signal: Float32[np.ndarray, "lead time"],
    kinds: Sequence[str],
    gap: slice,
    row: int,
    rows: Sequence[int],
    candidates: CandidateConfig,
) -> tuple[int | None, ...]:
    """Return for each companion of a model a signal of its kind that is observed through a gap, if any.

    Of several signals of a kind, it is the one that correlates best with the gap's signal around it.
    """
    context, reach = (round(s * candidates.fs_hz) for s in (candidates.context_s, CORRELATED_S))
    near = slice(max(gap.start - context, 0), gap.stop + context)
    around = signal[:, max(gap.start - reach, 0) : gap.stop + reach]
    correlation = {
        other: found
        for other in range(len(signal))
        if other not in rows and kinds[other] in candidates.companions
        if np.isfinite(signal[other, near]).all()
        if (found := _correlation(around[[row, other]], context)) > 0
    }
    best = sorted(correlation, key=lambda other: -correlation[other])
    chosen: list[int | None] = []
    for kind in candidates.companions:
        free = [other for other in best if kinds[other] == kind and other not in chosen]
        chosen.append(free[0] if free else None)
    return tuple(chosen)


def _correlation(pair: Float32[np.ndarray, "2 time"], least: int) -> float:
    """Return the absolute correlation of two signals; 0 where too little of both is observed, or is flat."""
    both = pair[:, np.isfinite(pair).all(axis=0)].astype(np.float64)
    if both.shape[1] < least or not both.std(axis=1).all():
        return 0.0
    return abs(float(np.asarray(np.corrcoef(both))[0, 1]))


def beats_row(kinds: Sequence[str], row: int, companions: Sequence[int | None]) -> int:
    """Return the signal in which heartbeats are found, of the kind of the recording that times them best.

    A companion of that kind, which shows them in the gap, comes first, then the signal itself.

    Args:
        kinds: kind of each signal.
        row: the signal with the gap.
        companions: signals that are observed through the gap.
    """
    kind = next((kind for kind in HEARTBEAT_KINDS if kind in kinds), kinds[row])
    through = [other for other in companions if other is not None and kinds[other] == kind]
    beside = sorted(np.flatnonzero(np.array(kinds) == kind).tolist(), key=lambda other: other != row)
    return int((*through, *beside)[0])
