"""Impute, denoise or forecast a recording with the options of a task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from diffecg.errors import DiffecgError
from diffecg.formats.recording import Recording
from diffecg.inference.gaps import Segment, find_segments, group_segments
from diffecg.inference.model import Model
from diffecg.inference.options import (
    DenoiseOptions,
    DrawOptions,
    ForecastOptions,
    ImputeOptions,
    SamplerOptions,
)
from diffecg.inference.results import Imputation, Preview
from diffecg.inference.sampling import Progress
from diffecg.inference.seeds import derive_seed
from diffecg.signal.masks import TOLERANCE_S

CONTEXT_S = 120.0
"""Most that is read on either side of the segments that are imputed together."""

GROUP_S = 120.0
"""Segments within this much time are imputed together."""


@dataclass(frozen=True, kw_only=True)
class ImputationPlan:
    """Segments to impute, and the leads that the model is conditioned on."""

    segments: list[Segment]
    rows: list[int]
    """Leads with segments to impute."""
    input_rows: list[int]
    """Leads of the model's input: ``rows``, and all other voltages if it conditions on companion leads."""


def plan_imputation(
    model: Model, recording: Recording, options: ImputeOptions | DenoiseOptions
) -> ImputationPlan:
    """Return the segments to impute: given, missing from the file, or detected.

    Raises:
        DiffecgError: no segments; an unknown lead or artefact, or a gap outside the recording.
    """
    denoising = isinstance(options, DenoiseOptions)
    gaps = options.intervals if isinstance(options, DenoiseOptions) else options.gaps
    detect = () if denoising and gaps else options.detect
    rows = sorted({recording.channel_index(name) for name in options.leads})
    if not rows:
        single = bool(gaps) or not model.config.window.any_leads
        rows = (
            [choose_lead(model, recording, None)] if single else recording.same_rate(recording.default_lead())
        )
    segments = find_segments(recording, rows, gaps, detect)
    if not segments:
        leads = ", ".join(recording.channel_names[row] for row in rows)
        raise DiffecgError(_nothing_to_impute(leads, recording.name, detect, denoising=denoising))
    rows = sorted({segment.row for segment in segments})
    extra_rows = recording.same_rate(rows[0]) if model.config.window.extra_leads else []
    return ImputationPlan(segments=segments, rows=rows, input_rows=sorted({*rows, *extra_rows}))


@dataclass(frozen=True, kw_only=True, eq=False)
class ImputedInterval:
    """An interval of a recording after imputation: segments and their surroundings."""

    start: int
    """First sample, in the recording."""
    segments: tuple[Segment, ...]
    """Segments of the interval, which were imputed."""
    imputation: Imputation
    """The leads of the plan, axes (lead, time)."""

    def part(self, plan: ImputationPlan, segment: Segment, context: int = 0) -> tuple[int, Imputation]:
        """Return a segment and its context: first sample in the recording, and the imputation of its lead."""
        stop = self.start + self.imputation.observed.shape[-1]
        first, last = max(segment.start - context, self.start), min(segment.stop + context, stop)
        lead = self.imputation.lead(plan.rows.index(segment.row))
        return first, lead.between(first - self.start, last - self.start)


@dataclass(frozen=True, kw_only=True, eq=False)
class ImputedRecording:
    """The imputed intervals of a recording."""

    recording: Recording
    """The recording before imputation."""
    plan: ImputationPlan
    intervals: tuple[ImputedInterval, ...]
    imputed: Recording
    """The recording with the mean of the draws in the segments; other samples are unchanged."""

    @property
    def first(self) -> Imputation:
        """The first interval, for what all share: rate, seeds, coverage and provenance."""
        return self.intervals[0].imputation

    def part(self, segment: Segment, context: int = 0) -> tuple[int, Imputation]:
        """Return an imputed segment and its context; arguments as for :meth:`ImputedInterval.part`."""
        interval = next(interval for interval in self.intervals if segment in interval.segments)
        return interval.part(self.plan, segment, context)


def impute_recording(
    model: Model,
    recording: Recording,
    plan: ImputationPlan,
    options: ImputeOptions | DenoiseOptions,
    draws: DrawOptions,
    sampler: SamplerOptions,
    *,
    progress: Progress | None = None,
    on_preview: Callable[[Preview], None] | None = None,
) -> ImputedRecording:
    """Impute or denoise the planned segments of a recording, interval by interval.

    Only the surroundings of the segments are read, up to CONTEXT_S on either side. Segments that were imputed
    before count as observed.

    Args:
        model: a model of strips.
        recording: the recording.
        plan: segments to impute, from :func:`plan_imputation`.
        options: denoising conditions on the noisy samples, imputation ignores them.
        draws: number of draws, seed and coverage.
        sampler: sampler, steps and batch size.
        progress: called with (windows done, windows in total); the total is an estimate where there are
            several intervals.
        on_preview: called with intermediate samples, see :meth:`Model.impute`.

    Raises:
        DiffecgError: see :meth:`Model.impute`.
    """
    fs_hz = recording.select(plan.input_rows).fs_hz
    context, groups = round(CONTEXT_S * fs_hz), group_segments(plan.segments, round(GROUP_S * fs_hz))
    intervals: list[ImputedInterval] = []
    current = recording
    for number, group in enumerate(groups):
        start = max(group[0].start - context, 0)
        stop = max(segment.stop for segment in group) + context
        if number + 1 < len(groups):
            stop = min(stop, groups[number + 1][0].start)
        imputation = _impute_interval(
            model,
            current.select(plan.input_rows).crop(start / fs_hz, stop / fs_hz),
            _masks(plan.input_rows, group, start),
            options,
            replace(draws, seed=_group_seed(draws.seed, number)),
            sampler,
            progress=None if progress is None else _part_of(progress, number, len(groups)),
            on_preview=None if on_preview is None else _shifted(on_preview, start / fs_hz),
        )
        leads = imputation.lead([plan.input_rows.index(row) for row in plan.rows])
        interval = ImputedInterval(start=start, segments=tuple(group), imputation=leads)
        intervals.append(interval)
        for segment in group:
            first, lead = interval.part(plan, segment)
            current = current.with_imputed(segment.row, lead.signal_mv, ~lead.observed, first)
    return ImputedRecording(recording=recording, plan=plan, intervals=tuple(intervals), imputed=current)


def _impute_interval(
    model: Model,
    recording: Recording,
    segments: Sequence[tuple[int, int, int]],
    options: ImputeOptions | DenoiseOptions,
    draws: DrawOptions,
    sampler: SamplerOptions,
    *,
    progress: Progress | None,
    on_preview: Callable[[Preview], None] | None,
) -> Imputation:
    """Impute or denoise segments (lead, start, stop) of a short recording; return all its leads."""
    recorded_mv = recording.signal_mv
    masked_mv = recorded_mv.copy()
    for row, start, stop in segments:
        masked_mv[row, start:stop] = np.nan
    if isinstance(options, DenoiseOptions):
        return model.denoise(
            recorded_mv,
            recording.fs_hz,
            np.isnan(masked_mv) & ~np.isnan(recorded_mv),
            axes="lead time",
            label=options.label,
            draws=draws.draws,
            seed=draws.seed,
            coverage=draws.coverage,
            progress=progress,
            on_preview=on_preview,
            **sampler.sampling(),
        )
    return model.impute(
        masked_mv,
        recording.fs_hz,
        axes="lead time",
        label=options.label,
        draws=draws.draws,
        seed=draws.seed,
        coverage=draws.coverage,
        progress=progress,
        on_preview=on_preview,
        **sampler.sampling(),
    )


def _masks(rows: Sequence[int], group: Sequence[Segment], start: int) -> list[tuple[int, int, int]]:
    """Return the segments of a group as (lead, start, stop) within an interval that begins at ``start``."""
    return [(rows.index(one.row), one.start - start, one.stop - start) for one in group]


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


@dataclass(frozen=True, kw_only=True)
class ForecastPlan:
    """Lead to forecast and start of the forecast."""

    row: int
    """Index of the lead."""
    start: int
    """First sample of the forecast, which is conditioned on the samples before it."""


def plan_forecast(model: Model, recording: Recording, options: ForecastOptions) -> ForecastPlan:
    """Return the lead and the sample at which the forecast starts.

    Raises:
        DiffecgError: an unknown lead, or a start outside the recording.
    """
    row = choose_lead(model, recording, options.lead)
    lead = recording.select([row])
    at_s = lead.duration_s if options.at_s is None else options.at_s
    inside = 0 < at_s <= lead.duration_s + TOLERANCE_S
    start = min(round(at_s * lead.fs_hz), lead.samples) if inside else 0
    if start < 1:
        raise DiffecgError(
            f"at {at_s:g} s is outside the recording; give a time above 0 and up to {lead.duration_s:.3f} s"
        )
    return ForecastPlan(row=row, start=start)


def forecast_recording(
    model: Model,
    recording: Recording,
    plan: ForecastPlan,
    options: ForecastOptions,
    draws: DrawOptions,
    sampler: SamplerOptions,
    *,
    progress: Progress | None = None,
    on_preview: Callable[[Preview], None] | None = None,
) -> Imputation:
    """Forecast one lead from its past; return axes (time).

    Args:
        model: a model of strips.
        recording: the recording.
        plan: lead and start of the forecast, from :func:`plan_forecast`.
        options: horizon and label.
        draws: number of draws, seed and coverage.
        sampler: sampler, steps and batch size.
        progress: called with (windows done, windows in total).
        on_preview: called with intermediate samples, see :meth:`Model.impute`.

    Raises:
        DiffecgError: see :meth:`Model.forecast`.
    """
    lead = recording.select([plan.row])
    stop_s = plan.start / lead.fs_hz
    past = lead.crop(stop_s - model.past_s - 1 / lead.fs_hz, stop_s)
    return model.forecast(
        past.lead_mv(0),
        lead.fs_hz,
        horizon_s=options.horizon_s,
        label=options.label,
        draws=draws.draws,
        seed=draws.seed,
        coverage=draws.coverage,
        progress=progress,
        on_preview=on_preview,
        **sampler.sampling(),
    )


def choose_lead(model: Model, recording: Recording, name: str | None) -> int:
    """Return the index of a lead; of the model's lead, else of MLII, II or the first ECG lead for None.

    Raises:
        DiffecgError: the recording has no such lead.
    """
    if name is not None:
        return recording.channel_index(name)
    model_lead = model.config.window.leads[0]
    return recording.default_lead() if model_lead == "*" else recording.channel_index(model_lead)


def _nothing_to_impute(leads: str, recording: str, detect: tuple[str, ...], *, denoising: bool) -> str:
    if denoising:
        return (
            f"no {', '.join(detect)} detected in {leads} of {recording}; give noisy intervals with "
            "--interval start:stop, in seconds"
        )
    return (
        f"no samples to impute in {leads} of {recording}; give gaps with --gap start:stop, in seconds, "
        "or detect artefacts with --detect flat,clipped,saturated,noise"
    )
