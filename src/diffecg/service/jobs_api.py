"""Routes of work: ask for it, follow it, cancel it, fetch what came of it."""

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

from diffecg.datasets.labels import check_label
from diffecg.errors import DiffecgError
from diffecg.service import schemas
from diffecg.service.export import FORMATS, Format, exported, zipped
from diffecg.service.job import COMPOSED, FINAL, OUT, RESULT, WINDOWS
from diffecg.service.schemas import (
    ComposeRequest,
    DenoiseRequest,
    EvaluateRequest,
    ForecastRequest,
    GenerateRequest,
    ImputeRequest,
    OfRecording,
    RecordingInfo,
)
from diffecg.service.server import JobDep, ServerDep

router = APIRouter()
_REFUSED: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such thing."},
    409: {"description": "The job is not done."},
    413: {"description": "More than the server gives."},
    429: {"description": "Too many jobs wait."},
}
_SSE_KEEPALIVE_S = 15.0


async def _submit(server: ServerDep, task: str, asked: schemas.Request) -> schemas.Job:
    server.settings.limits.check(asked)
    inputs: dict[str, Any] = {}
    if not isinstance(asked, EvaluateRequest):
        model = server.model(asked.model)
        inputs["model"] = server.models[asked.model][0]
        label = getattr(asked, "label", None)
        check_label(label, model.labels, model.name)
    if isinstance(asked, OfRecording):
        kept = server.recording(asked.recording)
        server.settings.limits.check_draws(asked.draws, kept.info.samples)
        inputs |= {"recording": str(kept.path), "fs_hz": kept.fs_hz, "unit": kept.unit}
    if isinstance(asked, ComposeRequest):
        beats = asked.rhythm(asked.text).beats  # refused now rather than later
        await run_in_threadpool(beats, 60 * asked.minutes, asked.seed)
    if isinstance(asked, EvaluateRequest):
        inputs["synthetic"] = str(server.windows(asked.synthetic, real=False))
        inputs["against"] = str(server.windows(asked.against, real=True))
    job = server.queue.submit(task, asked, inputs)
    return job.status(server.queue.position(job))


@router.post("/generate", status_code=202, responses=_REFUSED, tags=["work"])
async def generate(asked: GenerateRequest, server: ServerDep) -> schemas.Job:
    """Make synthetic windows of a class."""
    return await _submit(server, "generate", asked)


@router.post("/impute", status_code=202, responses=_REFUSED, tags=["work"])
async def impute(asked: ImputeRequest, server: ServerDep) -> schemas.Job:
    """Fill gaps of a recording, several times, with a band."""
    return await _submit(server, "impute", asked)


@router.post("/denoise", status_code=202, responses=_REFUSED, tags=["work"])
async def denoise(asked: DenoiseRequest, server: ServerDep) -> schemas.Job:
    """Draw noisy true_runs of a recording anew, in agreement with what they show."""
    return await _submit(server, "denoise", asked)


@router.post("/forecast", status_code=202, responses=_REFUSED, tags=["work"])
async def forecast(asked: ForecastRequest, server: ServerDep) -> schemas.Job:
    """Forecast what follows a moment of a recording, several times, with a band."""
    return await _submit(server, "forecast", asked)


@router.post("/compose", status_code=202, responses=_REFUSED, tags=["work"])
async def compose(asked: ComposeRequest, server: ServerDep) -> schemas.Job:
    """Compose a recording whose every beat is known."""
    return await _submit(server, "compose", asked)


@router.post("/evaluate", status_code=202, responses=_REFUSED, tags=["work"])
async def evaluate(asked: EvaluateRequest, server: ServerDep) -> schemas.Job:
    """Report whether synthetic windows can be trusted, each figure beside its floor."""
    return await _submit(server, "evaluate", asked)


@router.get("/jobs/{key}", responses=_REFUSED, tags=["jobs"])
async def job(
    key: str,
    server: ServerDep,
    wait: Annotated[float, Query(ge=0, le=60, description="Seconds to wait for its end.")] = 0,
) -> schemas.Job:
    """Tell where a job stands; with ``wait``, when it has ended or the time is over."""
    found = server.job(key)
    deadline = time.monotonic() + wait
    while found.state not in FINAL and time.monotonic() < deadline:
        await found.wait(found.changes, deadline - time.monotonic())
    return found.status(server.queue.position(found))


@router.get("/jobs/{key}/events", response_class=EventSourceResponse, responses=_REFUSED, tags=["jobs"])
async def events(found: JobDep, server: ServerDep) -> AsyncIterator[ServerSentEvent]:
    """Follow a job: events ``status`` as it goes on and ``glimpse`` of what is being drawn, until it ends."""
    seen, glimpse = -1, None
    while True:
        if found.glimpse is not None and found.glimpse is not glimpse:
            glimpse = found.glimpse
            yield ServerSentEvent(event="glimpse", data=glimpse)
        if found.changes != seen:
            seen = found.changes
            yield ServerSentEvent(event="status", data=found.status(server.queue.position(found)))
        if found.state in FINAL:
            return
        await found.wait(seen, _SSE_KEEPALIVE_S)


@router.delete("/jobs/{key}", responses=_REFUSED, tags=["jobs"])
async def cancel(key: str, server: ServerDep) -> schemas.Job:
    """Stop a job, or take it out of the queue; a finished one stays as it is."""
    found = server.job(key)
    server.queue.cancel(found)
    return found.status()


@router.get("/jobs/{key}/result", responses=_REFUSED, tags=["results"])
async def result(key: str, server: ServerDep) -> FileResponse:
    """Return the result of a job as JSON."""
    return FileResponse(server.finished(key).folder / RESULT, media_type="application/json")


@router.get("/jobs/{key}/windows", responses=_REFUSED, tags=["results"])
async def windows(
    key: str,
    server: ServerDep,
    first: Annotated[int, Query(ge=0, le=10**9)] = 0,
    count: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Return windows of a job that generates, also while it runs: float32 in mV, little endian."""
    found = server.job(key)
    if not isinstance(found.asked, GenerateRequest):
        raise HTTPException(404, "the job makes no windows")
    info = server.model(found.asked.model)
    length = round(info.window_s * info.fs_hz) * len(info.leads) * np.dtype("<f4").itemsize
    content = await run_in_threadpool(_part, found.folder / WINDOWS, first * length, count * length)
    return Response(content[: len(content) // length * length], media_type="application/octet-stream")


@router.get("/jobs/{key}/export", responses=_REFUSED, tags=["results"])
async def export(
    key: str,
    server: ServerDep,
    format: Annotated[Format, Query(description="Of the file.")] = "npz",
    window: Annotated[int | None, Query(ge=0, description="One window; all unless given.")] = None,
) -> Response:
    """Return generated windows as .npz, .parquet, .csv, WFDB recordings (zipped), or one as a picture."""
    job = server.finished(key)
    if not isinstance(job.asked, GenerateRequest):
        raise HTTPException(404, "the job made no windows")
    content, name = await run_in_threadpool(exported, job.folder / OUT, format, window)
    return Response(
        content,
        media_type=FORMATS[format],
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


@router.get("/jobs/{key}/files/{name:path}", responses=_REFUSED, tags=["results"])
async def file(key: str, name: str, server: ServerDep) -> FileResponse:
    """Return one of the files that a job wrote."""
    job = server.finished(key)
    if name not in job.status().files:
        raise HTTPException(404, f"the job wrote no file {name!r}")
    own = {"content-security-policy": "default-src 'none'; img-src data:; style-src 'unsafe-inline'"}
    return FileResponse(job.folder / OUT / name, headers=own if name.endswith(".html") else None)


@router.get("/jobs/{key}/download", responses=_REFUSED, tags=["results"])
async def download(key: str, server: ServerDep) -> Response:
    """Return all files that a job wrote, zipped."""
    job = server.finished(key)
    content = await run_in_threadpool(zipped, job.folder / OUT)
    name = f"diffecg-{job.task}.zip"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="application/zip", headers=headers)


@router.post("/jobs/{key}/recording", responses=_REFUSED, tags=["results"])
async def as_recording(key: str, server: ServerDep) -> RecordingInfo:
    """Keep what a job composed as a recording, to look at and to go on with."""
    job = server.finished(key)
    if job.task != "compose":
        raise DiffecgError("only what was composed is a recording of its own")
    kept = await run_in_threadpool(server.uploads.add_written, job.folder / OUT, COMPOSED)
    return kept.info


def _part(path: Path, first: int, length: int) -> bytes:
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        file.seek(first)
        return file.read(length)
