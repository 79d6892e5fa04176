"""Impute or forecast a recording with the options of a task."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from diffecg.formats.recording import Recording
from diffecg.inference.gaps import Segment, group_segments
from diffecg.inference.imputer import Imputer, Progress
from diffecg.inference.kind_signals import imputed_units, read_signals
from diffecg.inference.options import DrawOptions, ForecastOptions, ImputeOptions, Write
from diffecg.inference.planning import ForecastPlan, ImputationPlan
from diffecg.inference.results import Imputation, Preview
from diffecg.inference.seeds import derive_seed

GROUP_S = 120.0
"""Segments within this much time are imputed together."""
SHOWN_S = 3.0
"""Observed signal on either side of a segment that is kept with its draws."""
SHOWN_SEGMENTS = 20
"""Segments, the first of the plan, of which surroundings are kept: a recording may have thousands."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ImputedSegment:
    """A segment after imputation, with its surroundings."""

    segment: Segment
    first: int
    """First sample of ``imputation``, in the recording."""
    imputation: Imputation
    """The lead of the segment, axes (time)."""

    def part(self, context: int = 0) -> tuple[int, Imputation]:
        """Return the segment with at most ``context`` samples on either side, and its first sample."""
        start = max(self.segment.start - context, self.first)
        stop = min(self.segment.stop + context, self.first + len(self.imputation.observed))
        return start, self.imputation.between(start - self.first, stop - self.first)


@dataclass(frozen=True, kw_only=True, eq=False)
class ImputedRecording:
    """The imputed segments of a recording."""

    recording: Recording
    """The recording before imputation."""
    plan: ImputationPlan
    parts: tuple[ImputedSegment, ...]
    """The imputed segments, in the order of the plan."""
    write: Write
    """What was written into the segments."""
    imputed: Recording
    """The recording with the segments replaced as ``write`` says; other samples are unchanged."""

    @property
    def units(self) -> list[str]:
        """Unit in which each of the plan's leads was imputed."""
        return imputed_units(self.recording, self.plan.rows)

    @property
    def first(self) -> Imputation:
        """The first segment, for what all share: rate, seeds, coverage and provenance."""
        return self.parts[0].imputation


def impute_recording(
    imputer: Imputer,
    recording: Recording,
    plan: ImputationPlan,
    options: ImputeOptions,
    draws: DrawOptions,
    *,
    progress: Progress | None = None,
    on_preview: Callable[[Preview], None] | None = None,
) -> ImputedRecording:
    """Impute the planned segments of a recording, group by group.

    Only the surroundings of the segments are read, as far as the imputer uses them. All planned segments and
    those that are too long are hidden: what was recorded there is noise, and what is imputed was not
    observed.

    Args:
        imputer: a model, or the search for analogues.
        recording: the recording.
        plan: segments to impute, from :func:`plan_imputation`.
        options: the label, and what is written.
        draws: number of draws, seed and coverage.
        progress: called with (steps done, steps in total); the total is an estimate where there are several
            groups.
        on_preview: called with intermediate samples, see :meth:`Model.impute`.

    Raises:
        DiffecgError: see :meth:`Model.impute`.
    """
    fs_hz = recording.select(plan.rows).fs_hz
    groups = group_segments(plan.segments, round(GROUP_S * fs_hz))
    write = options.write
    found: dict[Segment, ImputedSegment] = {}
    with_surroundings = set(plan.segments[:SHOWN_SEGMENTS])
    imputed = recording
    for number, group in enumerate(groups):
        surroundings = _read_surroundings(imputer, recording, plan, group)
        imputation = _impute_group(
            imputer,
            surroundings,
            options,
            replace(draws, seed=_group_seed(draws.seed, number)),
            progress=None if progress is None else _part_of(progress, number, len(groups)),
            on_preview=None if on_preview is None else _shifted(on_preview, surroundings.start / fs_hz),
        )
        for segment in group:
            shown = round(SHOWN_S * fs_hz) if segment in with_surroundings else 0
            part = _cut(imputation, surroundings, segment, shown)
            found[segment] = part
            first, lead = part.part()
            if write != "none":
                values = lead.signal if write == "draw" else lead.mean
                imputed = imputed.with_imputed(segment.row, values, ~lead.observed, first, unit=lead.units[0])
    parts = tuple(found[segment] for segment in plan.segments)
    return ImputedRecording(recording=recording, plan=plan, parts=parts, write=write, imputed=imputed)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Surroundings:
    """A group of segments with the signal around it."""

    rows: list[int]
    """The leads, as rows of the recording."""
    start: int
    """First sample, in the recording."""
    recorded: Float[np.ndarray, "lead time"]
    """Each lead in the unit of its kind."""
    kinds: list[str]
    units: tuple[str, ...]
    hidden: Bool[np.ndarray, "lead time"]
    """True in all segments of the plan, of this group and of others."""
    wanted: Bool[np.ndarray, "lead time"]
    """True in the segments of the group."""
    span: slice
    """The group with the surroundings that are shown."""
    fs_hz: float


def _read_surroundings(
    imputer: Imputer, recording: Recording, plan: ImputationPlan, group: Sequence[Segment]
) -> _Surroundings:
    """Read the leads around a group of segments."""
    leads = recording.select(plan.rows)
    fs_hz = leads.fs_hz
    first, last = group[0].start, max(segment.stop for segment in group)
    context, shown = round(imputer.context_s * fs_hz), round(SHOWN_S * fs_hz)
    start = max(first - context, 0)
    stop = min(last + context, leads.samples)
    rows = plan.input_rows
    recorded = read_signals(recording, rows, fs_hz, start, stop)
    hidden, wanted = (np.zeros(recorded.shape, dtype=bool) for _ in range(2))
    for mask, segments in ((hidden, (*plan.segments, *plan.skipped)), (wanted, group)):
        for segment in segments:
            if segment.row in plan.input_rows and segment.stop > start:
                row = plan.input_rows.index(segment.row)
                mask[row, max(segment.start - start, 0) : segment.stop - start] = True
    return _Surroundings(
        rows=rows,
        start=start,
        recorded=recorded,
        kinds=[recording.channels[row].signal_kind for row in rows],
        units=tuple(imputed_units(recording, rows)),
        hidden=hidden,
        wanted=wanted,
        span=slice(max(first - shown, start) - start, min(last + shown - start, recorded.shape[1])),
        fs_hz=fs_hz,
    )


def _cut(imputation: Imputation, surroundings: _Surroundings, segment: Segment, shown: int) -> ImputedSegment:
    """Return the lead of a segment, with the surroundings that are shown."""
    first = surroundings.start + surroundings.span.start
    total = imputation.observed.shape[-1]
    start, stop = max(segment.start - shown - first, 0), min(segment.stop + shown - first, total)
    lead = imputation.lead(surroundings.rows.index(segment.row)).between(start, stop)
    return ImputedSegment(segment=segment, first=first + start, imputation=lead.copy())


def _impute_group(
    imputer: Imputer,
    surroundings: _Surroundings,
    options: ImputeOptions,
    draws: DrawOptions,
    *,
    progress: Progress | None,
    on_preview: Callable[[Preview], None] | None,
) -> Imputation:
    """Impute the wanted samples of a group; return all its leads in the span.

    Raises:
        DiffecgError: the imputer cannot impute the signal.
    """
    recorded, hidden = surroundings.recorded, surroundings.hidden
    imputation = imputer.impute(
        np.where(hidden, recorded.dtype.type(np.nan), recorded),
        surroundings.fs_hz,
        wanted=surroundings.wanted,
        span=surroundings.span,
        axes="lead time",
        label=options.label,
        kinds=surroundings.kinds,
        draws=draws.draws,
        seed=draws.seed,
        coverage=draws.coverage,
        progress=progress,
        on_preview=on_preview,
    )
    return replace(imputation, units=surroundings.units)


def _group_seed(seed: int, group: int) -> int:
    """Return the seed of a group of segments; that of the first is ``seed``, and groups share no noise."""
    return seed if group == 0 else derive_seed(seed, group)


def _part_of(progress: Progress, number: int, count: int) -> Progress:
    """Return the progress of one of several groups."""

    def report(done: int, total: int) -> None:
        progress(number * total + done, count * total)

    return report


def _shifted(on_preview: Callable[[Preview], None], start_s: float) -> Callable[[Preview], None]:
    """Return a receiver of previews of an interval that begins at ``start_s``."""

    def show(preview: Preview) -> None:
        on_preview(replace(preview, start_s=preview.start_s + start_s))

    return show


def forecast_recording(
    imputer: Imputer,
    recording: Recording,
    plan: ForecastPlan,
    options: ForecastOptions,
    draws: DrawOptions,
    *,
    progress: Progress | None = None,
    on_preview: Callable[[Preview], None] | None = None,
) -> Imputation:
    """Forecast one lead from its past; return axes (time).

    Args:
        imputer: a model, or the search for analogues.
        recording: the recording.
        plan: lead and start of the forecast, from :func:`plan_forecast`.
        options: horizon and label.
        draws: number of draws, seed and coverage.
        progress: called with (windows done, windows in total).
        on_preview: called with intermediate samples, see :meth:`Model.impute`.

    Raises:
        DiffecgError: see :meth:`Model.forecast`.
    """
    fs_hz, rows = recording.source.rates_hz[plan.row], [plan.row]
    first = max(plan.start - math.ceil(imputer.past_s * fs_hz) - 1, 0)
    (past,) = read_signals(recording, rows, fs_hz, first, plan.start)
    forecast = imputer.forecast(
        past,
        fs_hz,
        horizon_s=options.horizon_s,
        label=options.label,
        kinds=[recording.channels[plan.row].signal_kind],
        draws=draws.draws,
        seed=draws.seed,
        coverage=draws.coverage,
        progress=progress,
        on_preview=on_preview,
    )
    return replace(forecast, units=tuple(imputed_units(recording, rows)))
