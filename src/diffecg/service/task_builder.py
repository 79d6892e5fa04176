"""The task of a request: its inputs found, its numbers and names checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from diffecg.datasets.labels import check_label
from diffecg.errors import DiffecgError
from diffecg.inference.options import ForecastOptions
from diffecg.service.checks import check_draw_samples, check_request, check_subject
from diffecg.service.examples import check_example
from diffecg.service.job import LaneName, StoredJob, lane_of
from diffecg.service.lead_checks import check_ecg, check_imputed, check_rate_of, find_leads
from diffecg.service.schemas import (
    ComposeRequest,
    DenoiseRequest,
    EvaluateRequest,
    ExampleRequest,
    ForecastRequest,
    GenerateRequest,
    ImputeRequest,
    LeadInfo,
    RecordingInfo,
    RecordingRequest,
    Request,
)
from diffecg.service.server import Server
from diffecg.service.tasks import (
    ComposeTask,
    DenoiseTask,
    EvaluateTask,
    ExampleTask,
    ForecastTask,
    GenerateTask,
    ImputeTask,
    RecordingInputs,
    Task,
)
from diffecg.signal.masks import TOLERANCE_S, Interval

_REQUESTS: dict[str, type[Request]] = {
    "generate": GenerateRequest,
    "impute": ImputeRequest,
    "denoise": DenoiseRequest,
    "forecast": ForecastRequest,
    "compose": ComposeRequest,
    "evaluate": EvaluateRequest,
    "example": ExampleRequest,
}


@dataclass(frozen=True, kw_only=True)
class BuiltTask:
    """A task, where it is computed, and what it reads."""

    task: Task
    lane: LaneName
    uses: tuple[str, ...] = ()
    """Ids of recordings, sets and jobs."""


def build_stored(server: Server, stored: StoredJob) -> Task:
    """Return the task of a job that the database kept."""
    return build_task(server, TypeAdapter(_REQUESTS[stored.task]).validate_python(stored.request)).task


def build_task(server: Server, request: Request) -> BuiltTask:
    """Return the task of a request.

    Raises:
        HTTPException: 404, an unknown recording, set or job.
        DiffecgError: a number, a name or an interval that cannot be computed.
    """
    check_request(request, server.settings.limits)
    seconds: float | None = 0.0
    uses: tuple[str, ...] = ()
    task: Task
    match request:
        case GenerateRequest():
            model = server.generator(request.model)
            check_label(request.options.label, model.info.labels, model.info.name)
            task = GenerateTask(model=model.source, options=request.options, sampling=request.sampling)
        case ImputeRequest():
            info, leads = _check_recording(server, request, request.options.leads, request.options.gaps)
            seconds = _seconds_to_impute(server, request, info)
            uses = (request.recording,)
            task = ImputeTask(
                inputs=_recording_inputs(server, request, leads),
                options=request.options,
                max_draw_samples=server.settings.limits.max_draw_samples,
            )
        case ForecastRequest():
            names = () if request.options.lead is None else (request.options.lead,)
            info, leads = _check_recording(server, request, names, ())
            _check_start(request.options, info)
            uses = (request.recording,)
            task = ForecastTask(inputs=_recording_inputs(server, request, leads), options=request.options)
        case DenoiseRequest(options=options):
            info, leads = _check_recording(server, request, options.leads, options.intervals)
            check_ecg(leads, "denoising")
            seconds = _duration(options.intervals) or info.duration_s
            uses = (request.recording,)
            task = DenoiseTask(recording=server.library.file(request.recording), options=options)
        case ComposeRequest(options=composition):
            rhythm = composition.rhythm(request.text)
            rhythm.beats(60 * composition.minutes, composition.seed)  # raises if it is invalid
            model = server.generator(request.model)
            check_subject(request.subject, model.info)
            task = ComposeTask(
                model=model.source, text=request.text, options=composition, subject=request.subject
            )
        case ExampleRequest():
            check_example(request.name)
            task = ExampleTask(example=request.name)
        case EvaluateRequest():
            uses = (request.synthetic, request.real)
            task = EvaluateTask(
                synthetic=server.synthetic_windows(request.synthetic),
                real=server.real_windows(request.real),
                sections=request.sections,
                partition=request.partition,
                seeds=request.seeds,
                max_windows=request.max_windows,
            )
    return BuiltTask(task=task, lane=lane_of(task, seconds), uses=uses)


def _recording_inputs(
    server: Server, request: RecordingRequest, leads: Sequence[LeadInfo]
) -> RecordingInputs:
    source = None
    if request.model is not None:
        model = server.model(request.model)
        source = model.source
        check_label(request.options.label, model.info.labels, model.info.name)
        check_imputed(leads, model.info, [other.info for other in server.models.values()])
    return RecordingInputs(
        model=source,
        recording=server.library.file(request.recording),
        draw=request.draw,
        sampling=request.sampling,
    )


def _check_recording(
    server: Server,
    request: RecordingRequest | DenoiseRequest,
    leads: Sequence[str],
    intervals: Sequence[Interval],
) -> tuple[RecordingInfo, list[LeadInfo]]:
    """Return the recording of a request and the leads that it names, after a check of leads and intervals."""
    info = server.recording(request.recording).info
    named = (interval.lead for interval in intervals if interval.lead is not None)
    found = [info.leads[row] for row in find_leads(info, (*leads, *named))]
    fs_hz = check_rate_of(found) if found else info.fs_hz
    for interval in intervals:
        inside = 0 <= interval.start_s < interval.stop_s <= info.duration_s + TOLERANCE_S
        if not inside or round(interval.stop_s * fs_hz) <= round(interval.start_s * fs_hz):
            raise DiffecgError(
                f"interval {interval} s is empty or not within the recording, which ends at "
                f"{info.duration_s:.3f} s"
            )
    return info, found


def _check_start(options: ForecastOptions, info: RecordingInfo) -> None:
    at_s = info.duration_s if options.at_s is None else options.at_s
    if not 0 < at_s <= info.duration_s + TOLERANCE_S:
        raise DiffecgError(
            f"at {at_s:g} s is outside the recording; give a time above 0 and up to {info.duration_s:.3f} s"
        )


def _seconds_to_impute(server: Server, request: ImputeRequest, info: RecordingInfo) -> float | None:
    """Return the duration of what is imputed, times the draws; None if it is not known yet.

    Raises:
        LimitExceeded: the draws of the given gaps do not fit into memory.
    """
    options, draws = request.options, request.draw.draws
    leads = len(options.leads) or 1
    given_s = sum((gap.stop_s - gap.start_s) * (1 if gap.lead else leads) for gap in options.gaps)
    check_draw_samples(draws, round(given_s * info.fs_hz), server.settings.limits)
    missing_s = sum(lead.missing_s for lead in info.leads)
    if not (options.gaps or options.detect or missing_s):
        raise DiffecgError(f"no samples to impute in {info.name}; mark an interval, or detect faults")
    if options.detect:
        return None
    return draws * (given_s + missing_s)


def _duration(intervals: Sequence[Interval]) -> float:
    return sum(interval.stop_s - interval.start_s for interval in intervals)
