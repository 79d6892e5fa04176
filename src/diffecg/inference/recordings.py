"""Impute, denoise or forecast a recording with the options of a task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from diffecg.errors import DiffecgError
from diffecg.formats.recording import Recording
from diffecg.inference.gaps import Segment, find_segments, mask_segments
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
from diffecg.signal.masks import TOLERANCE_S


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
        rows = [choose_lead(model, recording, None)] if single else recording.voltage_indices
    segments = find_segments(recording, rows, gaps, detect)
    if not segments:
        leads = ", ".join(recording.channel_names[row] for row in rows)
        raise DiffecgError(_nothing_to_impute(leads, recording.name, detect, denoising=denoising))
    rows = sorted({segment.row for segment in segments})
    extra_rows = recording.voltage_indices if model.config.window.extra_leads else []
    return ImputationPlan(segments=segments, rows=rows, input_rows=sorted({*rows, *extra_rows}))


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
) -> Imputation:
    """Impute or denoise the planned segments; return the leads ``plan.rows``, axes (lead, time).

    Args:
        model: a model of strips.
        recording: the recording.
        plan: segments to impute, from :func:`plan_imputation`.
        options: denoising conditions on the noisy samples, imputation ignores them.
        draws: number of draws, seed and coverage.
        sampler: sampler, steps and batch size.
        progress: called with (windows done, windows in total).
        on_preview: called with intermediate samples, see :meth:`Model.impute`.

    Raises:
        DiffecgError: see :meth:`Model.impute`.
    """
    masked_mv = mask_segments(recording, plan.input_rows, plan.segments)
    if isinstance(options, DenoiseOptions):
        recorded_mv = recording.select(plan.input_rows).signal_mv
        imputation = model.denoise(
            recorded_mv,
            recording.fs_hz,
            np.isnan(masked_mv) & ~np.isnan(recorded_mv),
            label=options.label,
            draws=draws.draws,
            seed=draws.seed,
            coverage=draws.coverage,
            progress=progress,
            on_preview=on_preview,
            **sampler.sampling(),
        )
    else:
        imputation = model.impute(
            masked_mv,
            recording.fs_hz,
            label=options.label,
            draws=draws.draws,
            seed=draws.seed,
            coverage=draws.coverage,
            progress=progress,
            on_preview=on_preview,
            **sampler.sampling(),
        )
    return imputation.lead([plan.input_rows.index(row) for row in plan.rows])


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
    at_s = recording.duration_s if options.at_s is None else options.at_s
    inside = 0 < at_s <= recording.duration_s + TOLERANCE_S
    start = min(round(at_s * recording.fs_hz), recording.samples) if inside else 0
    if start < 1:
        raise DiffecgError(
            f"at {at_s:g} s is outside the recording; give a time above 0 and up to "
            f"{recording.duration_s:.3f} s"
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
    return model.forecast(
        recording.lead_mv(plan.row)[: plan.start],
        recording.fs_hz,
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
