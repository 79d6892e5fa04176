"""The tasks that read or make a recording, computed in the worker by the functions of the library."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from diffecg.composition.export import write_composed
from diffecg.composition.recording import compose
from diffecg.formats.naming import file_stem
from diffecg.formats.recording import Recording
from diffecg.formats.registry import file_name, output_suffix, write_recording
from diffecg.inference.denoised_files import write_denoised
from diffecg.inference.denoised_recordings import denoise_recording, plan_denoising
from diffecg.inference.denoising import bundled_denoiser
from diffecg.inference.export import write_forecast, write_imputed
from diffecg.inference.gap_notes import describe_written
from diffecg.inference.gaps import Segment
from diffecg.inference.imputer import Imputer, Progress
from diffecg.inference.model import Model
from diffecg.inference.planning import ForecastPlan, plan_forecast, plan_imputation
from diffecg.inference.recordings import forecast_recording, impute_recording
from diffecg.inference.results import Imputation, Preview
from diffecg.service.channel import Assignment
from diffecg.service.checks import check_samples
from diffecg.service.examples import make_example
from diffecg.service.importing import read_file, shown_rows
from diffecg.service.result_recording import MadeRecording, store_made
from diffecg.service.results import denoised_values, describe_recording, interval_values
from diffecg.service.schemas import Operation, SyntheticInterval
from diffecg.service.tasks import OUTPUT, ComposeTask, DenoiseTask, ExampleTask, ForecastTask, ImputeTask
from diffecg.signal.channels import unit_scale

FORECAST_CONTEXT_S = 60.0
"""Signal before a forecast that its recording has."""
_read = lru_cache(maxsize=1)(read_file)
"""Reads a recording; the last one is kept, because a user works on one recording for a while."""


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The result of a task."""

    result: dict[str, Any]
    """The result as JSON."""
    made: MadeRecording | None = None
    """The recording that it made."""


@dataclass(frozen=True, kw_only=True)
class Reports:
    """What a task reports while it is computed."""

    progress: Progress
    preview: Callable[[int, float], Callable[[Preview], None]]
    """Returns a receiver of previews, given the number of draws and the time at which the signal starts."""


def impute(job: Assignment, task: ImputeTask, imputer: Imputer, reports: Reports) -> Finished:
    """Impute the gaps of a recording."""
    inputs = task.inputs
    recording = _read(inputs.recording)
    plan = plan_imputation(imputer, recording, task.options)
    gap_samples = sum(segment.stop - segment.start for segment in plan.segments)
    check_samples(inputs.draw.draws, gap_samples, task.max_draw_samples)
    result = impute_recording(
        imputer,
        recording,
        plan,
        task.options,
        inputs.draw,
        progress=reports.progress,
        on_preview=reports.preview(inputs.draw.draws, 0.0),
    )
    path = write_imputed(new_output(job), result)
    intervals = [
        {
            "lead": recording.channel_names[imputed.segment.row],
            "reason": imputed.segment.reason,
            **interval_values(part, first),
        }
        for imputed in result.parts
        for first, part in [imputed.part()]
    ]
    about = describe_recording(recording, plan.rows)
    about |= {"written": describe_written(result), "too_long": len(plan.skipped), "file": path.name}
    made = None
    if task.options.write != "none":
        made = _store(job, result.imputed, path, "impute", "imputed", _synthetic(recording, plan.segments))
    return Finished(result={**result.first.info, **about, "intervals": intervals}, made=made)


def denoise(job: Assignment, task: DenoiseTask, reports: Reports) -> Finished:
    """Denoise intervals of a recording."""
    recording = _read(task.recording)
    plan = plan_denoising(recording, task.options)
    result = denoise_recording(bundled_denoiser(), recording, plan, task.options, progress=reports.progress)
    path = write_denoised(new_output(job), result)
    intervals = [
        {
            "lead": recording.channel_names[part.segment.row],
            "reason": part.segment.reason,
            **denoised_values(part),
        }
        for part in result.segments
    ]
    about = describe_recording(recording, plan.rows)
    return Finished(
        result={**result.info, **about, "file": path.name, "intervals": intervals},
        made=_store(job, result.denoised, path, "denoise", "denoised", _synthetic(recording, plan.segments)),
    )


def forecast(job: Assignment, task: ForecastTask, imputer: Imputer, reports: Reports) -> Finished:
    """Forecast a lead of a recording."""
    inputs = task.inputs
    recording = _read(inputs.recording)
    plan = plan_forecast(imputer, recording, task.options)
    fs_hz = recording.select([plan.row]).fs_hz
    past_start_s = max(plan.start / fs_hz - imputer.past_s, 0.0)
    result = forecast_recording(
        imputer,
        recording,
        plan,
        task.options,
        inputs.draw,
        progress=reports.progress,
        on_preview=reports.preview(inputs.draw.draws, past_start_s),
    )
    output = new_output(job)
    write_forecast(output, recording, plan, result)
    name = f"{recording.name}-forecast"
    first = max(plan.start - round(FORECAST_CONTEXT_S * fs_hz), 0)
    continued = replace(_continued(recording, plan, result, first), name=name)
    suffix = output_suffix(recording)
    path = write_recording(output / file_name(continued, suffix), continued)
    start_s = (plan.start - first) / fs_hz
    horizon = SyntheticInterval(
        lead=recording.channel_names[plan.row],
        start_s=start_s,
        stop_s=start_s + len(result.signal) / fs_hz,
    )
    interval = {"lead": recording.channel_names[plan.row], **interval_values(result, plan.start)}
    about = describe_recording(recording, [plan.row])
    return Finished(
        result={**result.info, **about, "intervals": [interval]},
        made=_store(job, continued, path, "forecast", "forecast", [horizon], offset_s=first / fs_hz),
    )


def compose_rhythm(job: Assignment, task: ComposeTask, model: Model, reports: Reports) -> Finished:
    """Compose a recording."""
    options = task.options
    recording = compose(
        options.rhythm(task.text),
        60 * options.minutes,
        model=model,
        seed=options.seed,
        subject_seed=options.subject_seed,
        conditions=task.subject.conditions(),
        progress=reports.progress,
    )
    words = re.sub(r"[^A-Za-z0-9]+", "-", task.text).strip("-")[:40]
    name = f"{words}-seed-{options.seed}"
    output = new_output(job)
    card = write_composed(output, [recording], name)
    return Finished(
        result=card, made=_store_whole(job, replace(recording, name=name), output / name, "compose")
    )


def make(job: Assignment, task: ExampleTask) -> Finished:
    """Make an example."""
    recording = make_example(task.example)
    output = new_output(job)
    path = write_recording(output / file_stem(recording.name), recording)
    result = {"name": recording.name, "info": recording.info}
    return Finished(result=result, made=_store_whole(job, recording, path, "example"))


def new_output(job: Assignment) -> Path:
    """Return the new folder of the files that a client can download."""
    output = job.folder / OUTPUT
    output.mkdir()
    return output


def _store(
    job: Assignment,
    recording: Recording,
    path: Path,
    operation: Operation,
    word: str,
    synthetic: Sequence[SyntheticInterval],
    offset_s: float = 0.0,
) -> MadeRecording | None:
    """Store the recording that a job made, under the name of the one that it was made from."""
    if job.target is None:
        return None
    name = recording.name if recording.name.endswith(word) else f"{recording.name}-{word}"
    return store_made(job.target, recording, path, operation, synthetic, name=name, offset_s=offset_s)


def _store_whole(
    job: Assignment, recording: Recording, path: Path, operation: Operation
) -> MadeRecording | None:
    if job.target is None:
        return None
    return store_made(job.target, recording, path, operation, _whole(recording), name=recording.name)


def _whole(recording: Recording) -> list[SyntheticInterval]:
    return [
        SyntheticInterval(lead=name, start_s=0.0, stop_s=recording.duration_s)
        for name in recording.channel_names
    ]


def _synthetic(recording: Recording, segments: Sequence[Segment]) -> list[SyntheticInterval]:
    fs_hz = recording.select([segments[0].row]).fs_hz
    return [
        SyntheticInterval(
            lead=recording.channel_names[segment.row],
            start_s=segment.start / fs_hz,
            stop_s=segment.stop / fs_hz,
        )
        for segment in segments
    ]


def _continued(recording: Recording, plan: ForecastPlan, forecast: Imputation, first: int) -> Recording:
    """Return the recording from sample ``first`` to the start of a forecast, and the forecast after it."""
    rates = recording.source.rates_hz
    fs_hz = rates[plan.row]
    rows = [row for row in shown_rows(recording) if rates[row] == fs_hz]
    past = recording.select(rows).crop(first / fs_hz, plan.start / fs_hz)
    horizon = len(forecast.signal)
    signal = np.pad(past.signal, ((0, 0), (0, horizon)), constant_values=np.nan)
    (scale,) = unit_scale([recording.channels[plan.row]], forecast.units)
    signal[rows.index(plan.row), -horizon:] = forecast.signal / scale
    continued = Recording.from_arrays(
        signal,
        fs_hz,
        channel_names=past.channel_names,
        units=past.units,
        name=recording.name,
        annotations=past.annotations,
        comments=[f"forecast of {recording.name} from sample {plan.start}, synthetic"],
    )
    return replace(continued, time=past.time)
