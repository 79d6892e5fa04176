"""Preparation of gaps for a model of gaps: companion leads, analogues, and windows."""

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
from diffecg.signal.analogue_search import search_shared_analogues
from diffecg.transform.gap_window import Gap

CORRELATED_S = 30.0
"""Signal on either side of a gap by which the companion lead is chosen."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SearchedGap:
    """A gap of one lead with its analogues."""

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
    signal: ModelRateSignal, gap: LeadGap, candidates: CandidateConfig, reach_s: float
) -> Iterator[SearchedGap]:
    """Yield each lead of a gap with its analogues: the same for all leads, or those of each lead.

    Args:
        signal: the recording.
        gap: the gap.
        candidates: settings of the candidates.
        reach_s: how far from the gap analogues are searched, on either side, in s.
    """
    whole = signal.gap(gap.samples)
    companions = {row: _companion(signal.signal_mv, whole, row, gap.rows, candidates) for row in gap.rows}
    starts = _search(signal.signal_mv, whole, gap.rows, companions, candidates, reach_s)
    found = dict.fromkeys(gap.rows, starts)
    if len(starts) < MIN_POOL and len(gap.rows) > 1:
        found = {
            row: _search(signal.signal_mv, whole, [row], companions, candidates, reach_s) for row in gap.rows
        }
    for row in gap.rows:
        samples = _missing_part(signal, gap.samples, row)
        own = signal.gap(samples)
        companion = companions[row]
        is_last = whole.stop == signal.signal_mv.shape[1] and whole.start > 0
        yield SearchedGap(
            samples=samples,
            gap=Gap(row=row, samples=own, companion=companion, is_forecast=is_last and companion is None),
            analogues=found[row] + (own.start - whole.start),
        )


def choose_by_seed(
    excluded: Bool[np.ndarray, " candidate"], searched: SearchedGap, seeds: Sequence[int]
) -> Int64[np.ndarray, " draw"]:
    """Return the candidate of each draw; the same analogue for leads that are missing together."""
    usable = np.flatnonzero(~excluded)
    lags = searched.analogues - searched.gap.samples.start
    return usable[choose_alternatives(seeds, len(usable), lags.tobytes())]


def _search(
    signal_mv: Float32[np.ndarray, "lead time"],
    gap: slice,
    rows: Sequence[int],
    companions: dict[int, int | None],
    candidates: CandidateConfig,
    reach_s: float,
) -> Int64[np.ndarray, " analogue"]:
    """Return the first samples of the analogues that some leads share; their companions are compared, too."""
    others = sorted({other for row in rows if (other := companions[row]) is not None})
    return search_shared_analogues(
        signal_mv[[*rows, *others]],
        gap,
        rows=range(len(rows)),
        fs_hz=candidates.fs_hz,
        count=candidates.analogues,
        context_s=candidates.context_s,
        min_separation_s=candidates.min_separation_s,
        reach_s=reach_s,
    ).start


def _missing_part(signal: ModelRateSignal, samples: slice, row: int) -> slice:
    """Return the part of a gap from the first to the last missing sample of a lead."""
    missing = np.flatnonzero(np.isnan(signal.recorded_mv[row, samples]))
    return slice(samples.start + int(missing[0]), samples.start + int(missing[-1]) + 1)


def _companion(
    signal_mv: Float32[np.ndarray, "lead time"],
    gap: slice,
    row: int,
    rows: Sequence[int],
    candidates: CandidateConfig,
) -> int | None:
    """Return the lead that is observed through a gap and correlates best with the gap's lead around it."""
    context, reach = (round(s * candidates.fs_hz) for s in (candidates.context_s, CORRELATED_S))
    near = slice(max(gap.start - context, 0), gap.stop + context)
    around = signal_mv[:, max(gap.start - reach, 0) : gap.stop + reach]
    best, companion = 0.0, None
    for other in range(len(signal_mv)):
        if other in rows or not np.isfinite(signal_mv[other, near]).all():
            continue
        both = around[[row, other]].astype(np.float64)
        both = both[:, np.isfinite(both).all(axis=0)]
        if both.shape[1] < context or not both.std(axis=1).all():
            continue
        correlation = abs(float(np.asarray(np.corrcoef(both))[0, 1]))
        if correlation > best:
            best, companion = correlation, other
    return companion
