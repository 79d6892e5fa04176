"""Routes for models, limits, the project, examples, sets of windows, real beats and rhythms."""

from __future__ import annotations

import json
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, HTTPException, Query, UploadFile
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.inference.seeds import MAX_SEED
from diffecg.service.checks import check_request
from diffecg.service.error_responses import responses
from diffecg.service.examples import EXAMPLES, check_example
from diffecg.service.limits import Limits
from diffecg.service.recordings_api import contents
from diffecg.service.schemas import (
    ExampleInfo,
    ExampleRequest,
    ModelInfo,
    PageSettings,
    ProjectInfo,
    RecordingInfo,
    RhythmBeats,
    RhythmRequest,
    WindowsInfo,
)
from diffecg.service.server import ServerDep
from diffecg.service.strict_json import StrictRoute
from diffecg.service.tasks_api import submit

_BINARY: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}
SETTINGS = "page"
EXAMPLE_TIMEOUT_S = 60.0
router = APIRouter(tags=["data"], route_class=StrictRoute)


@router.get("/models")
async def list_models(server: ServerDep) -> list[ModelInfo]:
    """List the models of the server."""
    return [model.info for model in server.models.values()]


@router.get("/limits")
async def get_limits(server: ServerDep) -> Limits:
    """Return the limits of the server."""
    return server.settings.limits


@router.get("/project")
async def get_project(server: ServerDep) -> ProjectInfo:
    """Describe the project folder."""
    kept = server.page_settings.all().get(SETTINGS, PageSettings())
    return ProjectInfo(
        name=server.project.folder.name,
        bytes=server.bytes,
        max_bytes=round(server.settings.limits.max_project_mb * 1e6),
        settings=kept.values,
    )


@router.put("/project/settings", responses=responses(507))
async def set_settings(settings: PageSettings, server: ServerDep) -> ProjectInfo:
    """Keep settings of the page in the project."""
    server.page_settings.put(SETTINGS, settings)
    return await get_project(server)


@router.get("/examples")
async def list_examples() -> list[ExampleInfo]:
    """List the examples."""
    return [example.info for example in EXAMPLES.values()]


@router.post("/examples/{name}", status_code=201, responses=responses(404, 429, 507))
async def open_example(name: str, server: ServerDep) -> RecordingInfo:
    """Add an example to the recordings, or return the one that was added before."""
    try:
        check_example(name)
    except DiffecgError as error:
        raise HTTPException(404, str(error)) from None
    for stored in server.library.recordings.values():
        if (stored.info.operation, stored.info.name) == ("example", name):
            return stored.info
    job = submit(server, ExampleRequest(name=name), None)
    while not job.ended:
        await job.wait(job.changes, EXAMPLE_TIMEOUT_S)
    if job.result_recording is None:
        raise DiffecgError(f"the example was not made: {job.error or 'it was cancelled'}")
    return server.recording(job.result_recording).info


@router.get("/sets")
async def list_sets(server: ServerDep) -> list[WindowsInfo]:
    """List the uploaded sets of windows, the newest first."""
    return [stored.info for stored in reversed(list(server.sets.sets.values()))]


@router.post("/sets", status_code=201, responses=responses(413, 507))
async def upload_set(
    files: list[UploadFile],
    server: ServerDep,
    fs_hz: Annotated[
        float | None,
        Query(
            gt=0, allow_inf_nan=False, description="Sampling rate in Hz, for formats that do not store it."
        ),
    ] = None,
) -> WindowsInfo:
    """Upload a set of windows of any program: one .npz, .csv or .parquet file, or a .zip of a folder.

    The folder holds WFDB records of one window each, or what ``diffecg prepare`` wrote.
    """
    uploaded = await contents(files)
    if len(uploaded) != 1:
        raise DiffecgError("a set of windows is one file; choose one")
    return await run_in_threadpool(server.sets.upload, uploaded[0], fs_hz)


@router.delete("/sets/{set_id}", status_code=204, responses=responses(404, 409))
async def delete_set(set_id: str, server: ServerDep) -> None:
    """Delete a set of windows."""
    if set_id not in server.sets.sets:
        raise HTTPException(404, f"unknown set {set_id!r}")
    if server.queue.is_used(set_id):
        raise HTTPException(409, "a job that is not done needs this set; cancel it first")
    await run_in_threadpool(server.sets.delete, set_id)


@router.get("/real", response_class=Response, responses=_BINARY | responses(404))
async def get_real_beats(
    server: ServerDep,
    label: Annotated[str, Query(max_length=200)],
    count: Annotated[int, Query(ge=1, le=200)] = 12,
    seed: Annotated[int, Query(ge=0, le=MAX_SEED)] = 0,
) -> Response:
    """Return a random selection of the server's real beats of a label: little-endian float32, in mV.

    The header `x-beats` states, as JSON, the `recording` of each beat and `time_s`, the time of its R peak;
    null where they are unknown.
    """
    beats = server.beats
    if beats is None:
        raise HTTPException(404, "the server was started without real beats; restart it with --beats FOLDER")
    rows = np.flatnonzero(beats.has_label(label))
    if not len(rows):
        raise HTTPException(404, f"no real beat has the label {label!r}")
    selected = np.sort(np.random.default_rng(seed).choice(rows, min(count, len(rows)), replace=False))
    signal_mv = await run_in_threadpool(lambda: np.asarray(beats.signal_mv[selected]))
    return Response(
        signal_mv.astype("<f4").tobytes(),
        media_type="application/octet-stream",
        headers={"x-beats": json.dumps(_origins(beats.take(selected)))},
    )


def _origins(beats: Windows) -> list[dict[str, str | float | None]]:
    """Return recording and time of each beat, as far as its index states them."""
    unknown = [None] * len(beats)
    names = unknown if beats.recordings is None else beats.recordings.tolist()
    times_s = beats.index["time_s"].tolist() if "time_s" in beats.index else unknown
    return [{"recording": name, "time_s": time_s} for name, time_s in zip(names, times_s, strict=True)]


@router.post("/rhythm", responses=responses(413))
async def get_rhythm_beats(request: RhythmRequest, server: ServerDep) -> RhythmBeats:
    """Return the beats of a rhythm, without a signal."""
    check_request(request, server.settings.limits)
    options = request.options
    rhythm = options.rhythm(request.text)
    return RhythmBeats(beats=await run_in_threadpool(rhythm.beats, 60 * options.minutes, options.seed))
