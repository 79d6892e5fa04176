"""Routes that submit jobs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from diffecg.datasets.labels import check_label
from diffecg.service.checks import check_draw_samples, check_request
from diffecg.service.schemas import (
    ComposeRequest,
    DenoiseRequest,
    EvaluateRequest,
    ForecastRequest,
    GenerateRequest,
    ImputeRequest,
    JobStatus,
    RecordingRequest,
    Request,
)
from diffecg.service.server import Server, ServerDep
from diffecg.service.tasks import (
    ComposeTask,
    DenoiseTask,
    EvaluateTask,
    ForecastTask,
    GenerateTask,
    ImputeTask,
    RecordingInputs,
    Task,
)

_ERRORS: dict[int | str, dict[str, Any]] = {
    404: {"description": "Unknown recording, set or job."},
    409: {"description": "The job with the synthetic windows is not done."},
    413: {"description": "The request exceeds a limit of the server."},
    429: {"description": "The queue is full."},
}
router = APIRouter(tags=["tasks"], responses=_ERRORS)


@router.post("/generate", status_code=202)
async def generate(request: GenerateRequest, server: ServerDep) -> JobStatus:
    """Generate synthetic windows of a label."""
    check_request(request, server.settings.limits)
    model = server.generator(request.model)
    check_label(request.options.label, model.info.labels, model.info.name)
    task = GenerateTask(model=model.source, options=request.options, sampling=request.sampling)
    return _submit(server, request, task)


@router.post("/impute", status_code=202)
async def impute(request: ImputeRequest, server: ServerDep) -> JobStatus:
    """Impute the gaps of a recording, with prediction intervals."""
    task = ImputeTask(inputs=_recording_inputs(server, request), options=request.options)
    return _submit(server, request, task)


@router.post("/denoise", status_code=202)
async def denoise(request: DenoiseRequest, server: ServerDep) -> JobStatus:
    """Denoise intervals of a recording, with prediction intervals."""
    check_request(request, server.settings.limits)
    stored = server.recording(request.recording)
    check_draw_samples(1, stored.info.samples, server.settings.limits)
    task = DenoiseTask(recording=stored.file, options=request.options)
    return _submit(server, request, task)


@router.post("/forecast", status_code=202)
async def forecast(request: ForecastRequest, server: ServerDep) -> JobStatus:
    """Forecast a lead of a recording, with prediction intervals."""
    task = ForecastTask(inputs=_recording_inputs(server, request), options=request.options)
    return _submit(server, request, task)


@router.post("/compose", status_code=202)
async def compose(request: ComposeRequest, server: ServerDep) -> JobStatus:
    """Compose a recording in which every beat is annotated."""
    check_request(request, server.settings.limits)
    model, options = server.generator(request.model), request.options
    rhythm = options.rhythm(request.text)
    await run_in_threadpool(rhythm.beats, 60 * options.minutes, options.seed)  # raises if it is invalid
    return _submit(server, request, ComposeTask(model=model.source, text=request.text, options=options))


@router.post("/evaluate", status_code=202)
async def evaluate(request: EvaluateRequest, server: ServerDep) -> JobStatus:
    """Evaluate synthetic windows against real ones, each metric beside its real-vs-real reference."""
    check_request(request, server.settings.limits)
    task = EvaluateTask(
        synthetic=server.synthetic_windows(request.synthetic),
        real=server.real_windows(request.real),
        sections=request.sections,
        partition=request.partition,
        seeds=request.seeds,
        max_windows=request.max_windows,
    )
    return _submit(server, request, task)


def _recording_inputs(server: Server, request: RecordingRequest) -> RecordingInputs:
    """Check a request for a recording, and return the inputs of its task."""
    check_request(request, server.settings.limits)
    source = None
    if request.model is not None:
        model = server.model(request.model)
        source = model.source
        check_label(request.options.label, model.info.labels, model.info.name)
    stored = server.recording(request.recording)
    check_draw_samples(request.draw.draws, stored.info.samples, server.settings.limits)
    return RecordingInputs(model=source, recording=stored.file, draw=request.draw, sampling=request.sampling)


def _submit(server: Server, request: Request, task: Task) -> JobStatus:
    job = server.queue.submit(request, task)
    return job.status(server.queue.position(job))
