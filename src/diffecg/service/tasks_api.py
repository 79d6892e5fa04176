"""Routes that submit jobs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header
from starlette.concurrency import run_in_threadpool

from diffecg.service.error_responses import responses
from diffecg.service.job import Job
from diffecg.service.schemas import (
    ComposeRequest,
    DenoiseRequest,
    EvaluateRequest,
    ForecastRequest,
    GenerateRequest,
    ImputeRequest,
    JobStatus,
    Request,
)
from diffecg.service.server import Server, ServerDep
from diffecg.service.strict_json import StrictRoute
from diffecg.service.task_builder import BuiltTask, build_task

router = APIRouter(tags=["tasks"], route_class=StrictRoute, responses=responses(404, 409, 413, 429, 507))
KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=200,
        description="Name of the request; sent again with the same name, it returns the same job.",
    ),
]


@router.post("/generate", status_code=202)
async def generate(request: GenerateRequest, server: ServerDep, key: KeyHeader = None) -> JobStatus:
    """Generate synthetic windows of a label."""
    return await _submit(server, request, key)


@router.post("/impute", status_code=202)
async def impute(request: ImputeRequest, server: ServerDep, key: KeyHeader = None) -> JobStatus:
    """Impute the gaps of a recording, with prediction intervals."""
    return await _submit(server, request, key)


@router.post("/denoise", status_code=202)
async def denoise(request: DenoiseRequest, server: ServerDep, key: KeyHeader = None) -> JobStatus:
    """Denoise intervals of a recording, with prediction intervals."""
    return await _submit(server, request, key)


@router.post("/forecast", status_code=202)
async def forecast(request: ForecastRequest, server: ServerDep, key: KeyHeader = None) -> JobStatus:
    """Forecast a lead of a recording, with prediction intervals."""
    return await _submit(server, request, key)


@router.post("/compose", status_code=202)
async def compose(request: ComposeRequest, server: ServerDep, key: KeyHeader = None) -> JobStatus:
    """Compose a recording in which every beat is annotated."""
    return await _submit(server, request, key)


@router.post("/evaluate", status_code=202)
async def evaluate(request: EvaluateRequest, server: ServerDep, key: KeyHeader = None) -> JobStatus:
    """Evaluate synthetic windows against real ones, each metric beside its real-vs-real reference."""
    return await _submit(server, request, key)


async def _submit(server: Server, request: Request, key: str | None) -> JobStatus:
    built = await run_in_threadpool(build_task, server, request)
    job = queue_task(server, request, built, key)
    return job.status(server.queue.position(job))


def submit(server: Server, request: Request, key: str | None) -> Job:
    """Check a request and add its job to the queue."""
    return queue_task(server, request, build_task(server, request), key)


def queue_task(server: Server, request: Request, built: BuiltTask, key: str | None) -> Job:
    """Add the job of a task to the queue; its inputs must still be there."""
    return server.queue.submit(request, built.task, built.lane, built.uses, key)
