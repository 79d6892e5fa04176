"""Routes that follow and cancel jobs, and return their results."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import FileResponse, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from diffecg.errors import DiffecgError
from diffecg.service.export import MEDIA_TYPES, Format, export_windows, zip_folder
from diffecg.service.schemas import GenerateRequest, JobStatus, RecordingInfo
from diffecg.service.server import JobDep, ServerDep
from diffecg.service.tasks import COMPOSED, OUTPUT, RESULT, WINDOWS, ComposeTask

_ERRORS: dict[int | str, dict[str, Any]] = {
    404: {"description": "Unknown job."},
    409: {"description": "The job is not done."},
}
_REPORT_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
SSE_KEEPALIVE_S = 15.0
router = APIRouter(responses=_ERRORS)


@router.get("/jobs/{job_id}", tags=["jobs"])
async def job_status(
    job: JobDep,
    server: ServerDep,
    wait: Annotated[
        float, Query(ge=0, le=60, description="Longest time to wait for the end, in seconds.")
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


@router.get("/jobs/{job_id}/result", tags=["results"])
async def job_result(job_id: str, server: ServerDep) -> FileResponse:
    """Return the result of a job as JSON."""
    return FileResponse(server.finished(job_id).folder / RESULT, media_type="application/json")


@router.get("/jobs/{job_id}/windows", tags=["results"])
async def job_windows(
    job: JobDep,
    server: ServerDep,
    first: Annotated[int, Query(ge=0, le=10**9, description="Index of the first window.")] = 0,
    count: Annotated[int, Query(ge=1, le=1000, description="Largest number of windows.")] = 100,
) -> Response:
    """Return generated windows, also while the job runs: little-endian float32, in mV."""
    if not isinstance(job.request, GenerateRequest):
        raise HTTPException(404, "the job did not generate windows")
    info = server.model(job.request.model).info
    size = round(info.window_s * info.fs_hz) * len(info.leads) * np.dtype("<f4").itemsize
    content = await run_in_threadpool(_read_bytes, job.folder / WINDOWS, first * size, count * size)
    return Response(content[: len(content) // size * size], media_type="application/octet-stream")


@router.get("/jobs/{job_id}/export", tags=["results"])
async def export_job(
    job_id: str,
    server: ServerDep,
    format: Annotated[Format, Query(description="File format.")] = "npz",
    window: Annotated[int | None, Query(ge=0, description="Index of one window; all if omitted.")] = None,
) -> Response:
    """Return generated windows as a file: NumPy, Parquet, CSV, zipped WFDB records, or a picture of one."""
    job = server.finished(job_id)
    if not isinstance(job.request, GenerateRequest):
        raise HTTPException(404, "the job did not generate windows")
    content, name = await run_in_threadpool(export_windows, job.folder / OUTPUT, format, window)
    return _attachment(content, name, MEDIA_TYPES[format])


@router.get("/jobs/{job_id}/files/{name:path}", tags=["results"])
async def job_file(job_id: str, name: str, server: ServerDep) -> FileResponse:
    """Return a file that a job wrote."""
    job = server.finished(job_id)
    if name not in job.status().files:
        raise HTTPException(404, f"the job has no file {name!r}")
    headers = {"content-security-policy": _REPORT_POLICY} if name.endswith(".html") else None
    return FileResponse(job.folder / OUTPUT / name, headers=headers)


@router.get("/jobs/{job_id}/download", tags=["results"])
async def download_job(job_id: str, server: ServerDep) -> Response:
    """Return all files that a job wrote, zipped."""
    job = server.finished(job_id)
    content = await run_in_threadpool(zip_folder, job.folder / OUTPUT)
    return _attachment(content, f"diffecg-{job.task.name}.zip", "application/zip")


@router.post("/jobs/{job_id}/recording", tags=["results"])
async def job_recording(job_id: str, server: ServerDep) -> RecordingInfo:
    """Add a composed recording to the uploaded recordings."""
    job = server.finished(job_id)
    if not isinstance(job.task, ComposeTask):
        raise DiffecgError(f"job {job_id!r} did not compose a recording")
    stored = await run_in_threadpool(server.uploads.add_composed, job.folder / OUTPUT, COMPOSED)
    return stored.info


def _attachment(content: bytes, name: str, media_type: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)


def _read_bytes(path: Path, start: int, length: int) -> bytes:
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        file.seek(start)
        return file.read(length)
