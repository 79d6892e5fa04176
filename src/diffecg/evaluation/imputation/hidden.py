"""How well the gaps of a recording are imputed, measured where it was observed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from diffecg.evaluation.imputation.scores import crps, interval_scores
from diffecg.inference.checks import check_integer
from diffecg.inference.gaps import Segment, group_segments
from diffecg.inference.imputer import Imputer, Progress
from diffecg.inference.kind_signals import imputed_units, read_signals
from diffecg.inference.options import DrawOptions, ImputeOptions
from diffecg.inference.planning import ImputationPlan
from diffecg.inference.recordings import ImputedRecording, ImputedSegment, impute_recording
from diffecg.signal.kinds import signal_kind

CONTEXT_S = 0.3
"""An interval is hidden where so much signal is observed on either side of it."""
_TRIALS = 100


@dataclass(frozen=True, kw_only=True)
class HiddenInterval:
    """The scores of an observed interval that was hidden and imputed."""

    lead: str
    unit: str
    """Unit of errors and CRPS."""
    start_s: float
    stop_s: float
    absolute_error: float
    """Mean absolute error of the mean of the draws."""
    crps: float
    """Continuous ranked probability score of the draws."""
    coverage: float
    """Share of the samples inside the prediction interval."""


def check_imputation(
    imputer: Imputer,
    result: ImputedRecording,
    options: ImputeOptions,
    draws: DrawOptions,
    *,
    count: int,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[HiddenInterval]:
    """Hide observed intervals that are as long as the gaps, impute them, and compare with the recording.

    Each is a gap at another time: in the same leads, with the same other signals observed. The gaps
    themselves stay hidden.

    Args:
        imputer: what imputed the recording.
        result: the imputed recording.
        options: the options with which it was imputed.
        draws: the number of draws, and the coverage of the prediction interval.
        count: number of times, at most: there are fewer where little is observed.
        seed: seed of the times.
        progress: called with (times done, times in total).

    Raises:
        DiffecgError: ``count`` is not a positive integer.
    """
    check_integer("check", count)
    found: list[HiddenInterval] = []
    plans = list(_plans(result, count, np.random.default_rng(seed)))
    for done, plan in enumerate(plans, start=1):
        hidden = impute_recording(imputer, result.recording, plan, replace(options, write="none"), draws)
        found += [_score(hidden, part) for part in hidden.parts]
        if progress is not None:
            progress(done, len(plans))
    return found


def _plans(result: ImputedRecording, count: int, rng: np.random.Generator) -> Iterator[ImputationPlan]:
    """Yield plans in which a gap is moved to a time when its leads are observed."""
    plan = result.plan
    gaps = group_segments(plan.segments, 0)
    for number in range(count):
        moved = _move(result, gaps[number % len(gaps)], rng)
        if moved is not None:
            yield replace(plan, segments=moved, skipped=[*plan.segments, *plan.skipped])


def _move(result: ImputedRecording, gap: Sequence[Segment], rng: np.random.Generator) -> list[Segment] | None:
    """Return the segments of a gap at a random time when their leads are observed; None if none is found."""
    leads = result.recording.select(result.plan.rows)
    context = round(CONTEXT_S * leads.fs_hz)
    first, last = min(one.start for one in gap), max(one.stop for one in gap)
    earliest, latest = context - first, leads.samples - context - last
    for _ in range(_TRIALS if earliest < latest else 0):
        shift = int(rng.integers(earliest, latest))
        moved = [replace(one, start=one.start + shift, stop=one.stop + shift, reason="given") for one in gap]
        if all(_is_observed(result, one, context) for one in moved):
            return moved
    return None


def _is_observed(result: ImputedRecording, segment: Segment, context: int) -> bool:
    """Return whether a segment and its surroundings are observed, not flat, and in no gap."""
    start, stop = segment.start - context, segment.stop + context
    if any(
        gap.row == segment.row and gap.start < stop and start < gap.stop
        for gap in (*result.plan.segments, *result.plan.skipped)
    ):
        return False
    near = _read(result, segment.row, start, stop)
    kind = signal_kind(result.recording.channels[segment.row].signal_kind)
    return bool(np.isfinite(near).all() and near.std() >= kind.smallest_sd)


def _score(hidden: ImputedRecording, part: ImputedSegment) -> HiddenInterval:
    """Return the scores of a hidden interval."""
    segment, fs_hz = part.segment, hidden.first.fs_hz
    truth = _read(hidden, segment.row, segment.start, segment.stop)
    _, imputation = part.part()
    coverage, _ = interval_scores(truth, imputation.lower, imputation.upper)
    return HiddenInterval(
        lead=hidden.recording.channel_names[segment.row],
        unit=imputed_units(hidden.recording, [segment.row])[0],
        start_s=segment.start / fs_hz,
        stop_s=segment.stop / fs_hz,
        absolute_error=float(np.abs(imputation.mean - truth).mean()),
        crps=crps(truth, imputation.draws.astype(np.float64)),
        coverage=coverage,
    )


def _read(result: ImputedRecording, row: int, start: int, stop: int) -> Float[np.ndarray, " time"]:
    """Return the recorded samples of a lead, in the unit in which it is imputed."""
    fs_hz = result.recording.select(result.plan.rows).fs_hz
    return read_signals(result.recording, [row], fs_hz, start, stop)[0]


@dataclass(frozen=True, kw_only=True)
class LeadCheck:
    """The scores of the hidden intervals of a lead, means over the intervals."""

    lead: str
    unit: str
    intervals: int
    seconds: float
    """Mean length of the intervals."""
    absolute_error: float
    largest_error: float
    """Absolute error that is exceeded in a tenth of the intervals."""
    crps: float
    coverage: float

    def __str__(self) -> str:
        """Return the scores as a line."""
        return (
            f"{self.lead}: {self.intervals} observed interval(s) of {self.seconds:.3g} s hidden and imputed: "
            f"absolute error {self.absolute_error:.3g} {self.unit}, in 90 % of them below "
            f"{self.largest_error:.3g} {self.unit}; {100 * self.coverage:.0f} % of samples in the interval"
        )


def summarise_hidden(intervals: Sequence[HiddenInterval]) -> list[LeadCheck]:
    """Return the mean scores of hidden intervals for each lead."""
    checks = []
    for lead in dict.fromkeys(one.lead for one in intervals):
        own = [one for one in intervals if one.lead == lead]
        errors = [one.absolute_error for one in own]
        checks.append(
            LeadCheck(
                lead=lead,
                unit=own[0].unit,
                intervals=len(own),
                seconds=float(np.mean([one.stop_s - one.start_s for one in own])),
                absolute_error=float(np.mean(errors)),
                largest_error=float(np.quantile(errors, 0.9)),
                crps=float(np.mean([one.crps for one in own])),
                coverage=float(np.mean([one.coverage for one in own])),
            )
        )
    return checks
