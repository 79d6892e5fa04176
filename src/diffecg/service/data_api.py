"""Routes for models, limits, recordings, sets of windows, real beats and rhythms."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, HTTPException, Query, UploadFile
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from diffecg.inference.seeds import MAX_SEED
from diffecg.service.checks import LimitExceeded, check_request
from diffecg.service.limits import Limits
from diffecg.service.schemas import ModelInfo, RecordingInfo, RhythmBeats, RhythmRequest, WindowsInfo
from diffecg.service.server import ServerDep
from diffecg.service.uploads import UploadedFile, lead_signal_mv

_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"description": "Unknown id, lead or label."}}
_TOO_LARGE: dict[int | str, dict[str, Any]] = {
    413: {"description": "The request exceeds a limit of the server."}
}
MAX_UPLOADED_FILES = 8
RateQuery = Annotated[
    float | None, Query(description="Sampling rate in Hz, for formats that do not store it.")
]
UnitQuery = Annotated[
    str | None, Query(description="Unit of leads whose unit the file does not state: mV, uV or V.")
]
router = APIRouter(tags=["data"])


@router.get("/models")
async def list_models(server: ServerDep) -> list[ModelInfo]:
    """List the models of the server."""
    return [model.info for model in server.models.values()]


@router.get("/limits")
async def get_limits(server: ServerDep) -> Limits:
    """Return the limits of the server."""
    return server.settings.limits


@router.post("/recordings", status_code=201, responses=_TOO_LARGE)
async def upload_recording(
    files: list[UploadFile], server: ServerDep, fs_hz: RateQuery = None, unit: UnitQuery = None
) -> RecordingInfo:
    """Upload a recording: a WFDB header with .dat (and .atr), or one EDF, BDF, CSV, Parquet or NumPy file."""
    stored = await run_in_threadpool(server.uploads.add_recording, await _contents(files), fs_hz, unit)
    return stored.info


@router.get("/recordings/{recording_id}", responses=_UNKNOWN)
async def get_recording(recording_id: str, server: ServerDep) -> RecordingInfo:
    """Describe a recording."""
    return server.recording(recording_id).info


@router.delete("/recordings/{recording_id}", status_code=204, responses=_UNKNOWN)
async def delete_recording(recording_id: str, server: ServerDep) -> None:
    """Delete a recording."""
    server.recording(recording_id)
    server.uploads.delete_recording(recording_id)


@router.get("/recordings/{recording_id}/signal", responses=_UNKNOWN)
async def get_signal(
    recording_id: str, server: ServerDep, lead: Annotated[str, Query(max_length=100)]
) -> Response:
    """Return a lead of a recording: little-endian float32, in mV, NaN where missing."""
    signal_mv = await run_in_threadpool(lead_signal_mv, server.recording(recording_id), lead)
    return Response(signal_mv.astype("<f4").tobytes(), media_type="application/octet-stream")


@router.post("/sets", status_code=201, responses=_TOO_LARGE)
async def upload_set(files: list[UploadFile], server: ServerDep, fs_hz: RateQuery = None) -> WindowsInfo:
    """Upload a set of windows of any program: one .npz, .csv or .parquet file."""
    stored = await run_in_threadpool(server.uploads.add_set, await _contents(files), fs_hz)
    return stored.info


@router.get("/real", responses=_UNKNOWN)
async def get_real_beats(
    server: ServerDep,
    label: Annotated[str, Query(max_length=200)],
    count: Annotated[int, Query(ge=1, le=200)] = 12,
    seed: Annotated[int, Query(ge=0, le=MAX_SEED)] = 0,
) -> Response:
    """Return a random selection of the server's real beats of a label: little-endian float32, in mV."""
    beats = server.beats
    if beats is None:
        raise HTTPException(404, "the server was started without real beats; restart it with --beats FOLDER")
    rows = np.flatnonzero(beats.has_label(label))
    if not len(rows):
        raise HTTPException(404, f"no real beat has the label {label!r}")
    selected = np.sort(np.random.default_rng(seed).choice(rows, min(count, len(rows)), replace=False))
    signal_mv = await run_in_threadpool(lambda: np.asarray(beats.signal_mv[selected]))
    return Response(signal_mv.astype("<f4").tobytes(), media_type="application/octet-stream")


@router.post("/rhythm", responses=_TOO_LARGE)
async def get_rhythm_beats(request: RhythmRequest, server: ServerDep) -> RhythmBeats:
    """Return the beats of a rhythm, without a signal."""
    check_request(request, server.settings.limits)
    options = request.options
    rhythm = options.rhythm(request.text)
    return RhythmBeats(beats=await run_in_threadpool(rhythm.beats, 60 * options.minutes, options.seed))


async def _contents(files: list[UploadFile]) -> list[UploadedFile]:
    if len(files) > MAX_UPLOADED_FILES:
        raise LimitExceeded(f"{len(files)} files exceed the limit of one upload, {MAX_UPLOADED_FILES}")
    return [UploadedFile(name=file.filename or "", content=await file.read()) for file in files]
