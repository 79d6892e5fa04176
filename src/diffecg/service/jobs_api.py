"""Routes that follow and cancel jobs, and return their results."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import FileResponse, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from diffecg.service.error_responses import responses
from diffecg.service.export import MEDIA_TYPES, Format, zip_folder
from diffecg.service.job import Job
from diffecg.service.recordings_api import attachment
from diffecg.service.result_schemas import Result
from diffecg.service.schemas import JobStatus, State, TaskName
from diffecg.service.server import JobDep, Server, ServerDep
from diffecg.service.tasks import OUTPUT, RESULT, WINDOWS

MAX_LISTED = 1000


def _binary(*types: str) -> dict[int | str, dict[str, Any]]:
    schema = {"schema": {"type": "string", "format": "binary"}}
    return {200: {"content": dict.fromkeys(types, schema)}}


_REPORT_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
SSE_KEEPALIVE_S = 15.0
router = APIRouter(responses=responses(404))


@router.get("/jobs", tags=["jobs"])
async def list_jobs(
    server: ServerDep,
    state: Annotated[State | None, Query(description="Only jobs in this state.")] = None,
    task: Annotated[TaskName | None, Query(description="Only jobs of this task.")] = None,
    recording: Annotated[
        str | None, Query(max_length=100, description="Only jobs that work on this recording, by id.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LISTED, description="Largest number of jobs.")] = 100,
) -> list[JobStatus]:
    """List the jobs of the project, the newest first."""
    chosen = (
        job
        for job in reversed(server.queue.jobs.values())
        if state in (None, job.state)
        and task in (None, job.name)
        and recording in (None, job.recording, job.result_recording)
    )
    return [job.status(server.queue.position(job)) for job in islice(chosen, limit)]


@router.get("/jobs/{job_id}", tags=["jobs"])
async def job_status(
    job: JobDep,
    server: ServerDep,
    wait: Annotated[
        float,
        Query(ge=0, le=60, allow_inf_nan=False, description="Longest time to wait for the end, in seconds."),
    ] = 0,
) -> JobStatus:
    """Return the state of a job; with ``wait``, once the job has ended or the time is over."""
    deadline = time.monotonic() + wait
    while not job.ended and time.monotonic() < deadline:
        await job.wait(job.changes, deadline - time.monotonic())
    return job.status(server.queue.position(job))


@router.get("/jobs/{job_id}/events", response_class=EventSourceResponse, tags=["jobs"])
async def job_events(job: JobDep, server: ServerDep) -> AsyncIterator[ServerSentEvent]:
    """Follow a job until it ends: ``status`` events, and ``preview`` events with intermediate draws."""
    changes, preview = -1, None
    while True:
        if job.preview is not None and job.preview is not preview:
            preview = job.preview
            yield ServerSentEvent(event="preview", data=preview)
        if job.changes != changes:
            changes = job.changes
            yield ServerSentEvent(event="status", data=job.status(server.queue.position(job)))
        if job.ended:
            return
        await job.wait(changes, SSE_KEEPALIVE_S)


@router.delete("/jobs/{job_id}", tags=["jobs"])
async def cancel_job(job: JobDep, server: ServerDep) -> JobStatus:
    """Cancel a job that waits or runs; a job that has ended stays as it is."""
    server.queue.cancel(job)
    return job.status()


@router.delete("/jobs/{job_id}/result", status_code=204, tags=["jobs"], responses=responses(409))
async def delete_job(job: JobDep, server: ServerDep) -> None:
    """Delete a job that has ended, and its results; the recording that it made stays."""
    if not job.ended or server.queue.is_used(job.id):
        raise HTTPException(409, "the job is not done, or another job needs its result; cancel that first")
    await run_in_threadpool(server.queue.delete, job)


@router.get(
    "/jobs/{job_id}/result",
    tags=["results"],
    response_class=FileResponse,
    responses={200: {"model": Result, "description": "The result."}, **responses(409)},
)
async def job_result(job_id: str, server: ServerDep) -> FileResponse:
    """Return the result of a job as JSON; its form depends on `task`."""
    return FileResponse(server.finished(job_id).folder / RESULT, media_type="application/json")


@router.get(
    "/jobs/{job_id}/windows",
    tags=["results"],
    response_class=Response,
    responses=_binary("application/octet-stream"),
)
async def job_windows(
    job: JobDep,
    server: ServerDep,
    first: Annotated[int, Query(ge=0, le=10**9, description="Index of the first window.")] = 0,
    count: Annotated[int, Query(ge=1, le=1000, description="Largest number of windows.")] = 100,
) -> Response:
    """Return generated windows, also while the job runs: little-endian float32, in mV."""
    if job.name != "generate":
        raise HTTPException(404, "the job did not generate windows")
    info = server.model(job.request["model"]).info
    size = round(info.window_s * info.fs_hz) * len(info.leads) * np.dtype("<f4").itemsize
    content = await run_in_threadpool(_read_bytes, job.folder / WINDOWS, first * size, count * size)
    return Response(content[: len(content) // size * size], media_type="application/octet-stream")


@router.get(
    "/jobs/{job_id}/export",
    tags=["results"],
    response_class=Response,
    responses=_binary(*set(MEDIA_TYPES.values())) | responses(409, 413),
)
async def export_job(
    job_id: str,
    server: ServerDep,
    format: Annotated[Format, Query(description="File format.")] = "npz",
    window: Annotated[int | None, Query(ge=0, description="Index of one window; all if omitted.")] = None,
) -> Response:
    """Return generated windows as a file: NumPy, Parquet, CSV, zipped WFDB records, or a picture of one."""
    job = server.finished(job_id)
    if job.name != "generate":
        raise HTTPException(404, "the job did not generate windows")
    path = await run_in_threadpool(server.export, job, format, window)
    name = path.name if window is not None else f"{_title(server, job)}{path.suffix}"
    headers = {"content-disposition": attachment(name)}
    return FileResponse(path, media_type=MEDIA_TYPES[format], headers=headers)


@router.get(
    "/jobs/{job_id}/files/{name:path}",
    tags=["results"],
    response_class=FileResponse,
    responses=_binary("application/octet-stream") | responses(409),
)
async def job_file(job_id: str, name: str, server: ServerDep) -> FileResponse:
    """Return a file that a job wrote."""
    job = server.finished(job_id)
    if name not in job.status().files:
        raise HTTPException(404, f"the job has no file {name!r}")
    headers = {"content-security-policy": _REPORT_POLICY} if name.endswith(".html") else None
    return FileResponse(job.folder / OUTPUT / name, headers=headers)


@router.get(
    "/jobs/{job_id}/download",
    tags=["results"],
    response_class=Response,
    responses=_binary("application/zip") | responses(409),
)
async def download_job(job_id: str, server: ServerDep) -> Response:
    """Return all files that a job wrote, zipped."""
    job = server.finished(job_id)
    content = await run_in_threadpool(zip_folder, job.folder / OUTPUT)
    return _attachment(content, f"{_title(server, job)}.zip", "application/zip")


def _title(server: Server, job: Job) -> str:
    """Return what the files of a job are called: source, operation, and seed."""
    made = server.library.recordings.get(job.result_recording or "")
    if made is not None:
        return made.info.name
    if job.name == "generate":
        options = job.request["options"]
        return f"{options['label'] or 'beats'}-{options['count']}-seed-{options['seed']}"
    return f"diffecg-{job.name}"


def _attachment(content: bytes, name: str, media_type: str) -> Response:
    headers = {"content-disposition": attachment(name)}
    return Response(content, media_type=media_type, headers=headers)


def _read_bytes(path: Path, start: int, length: int) -> bytes:
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        file.seek(start)
        return file.read(length)
