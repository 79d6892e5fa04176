"""Routes of what the work is done on: models, recordings, sets of windows, real beats, rhythms."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, HTTPException, Query, UploadFile
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from diffecg.service.schemas import ModelInfo, RecordingInfo, RhythmAnswer, RhythmRequest, WindowsInfo
from diffecg.service.server import ServerDep
from diffecg.service.settings import LimitExceeded
from diffecg.service.uploads import File, signal_of

router = APIRouter(tags=["data"])
_LOST: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such thing."}}
_LARGE: dict[int | str, dict[str, Any]] = {413: {"description": "Larger than the server takes."}}
_MOST_FILES = 8
Rate = Annotated[float | None, Query(description="Sampling rate in Hz, for files that do not tell it.")]


@router.get("/models")
async def models(server: ServerDep) -> list[ModelInfo]:
    """List the models that the server was started with."""
    return [info for _, info in server.models.values()]


@router.post("/recordings", status_code=201, responses=_LARGE)
async def upload(
    files: list[UploadFile],
    server: ServerDep,
    fs: Rate = None,
    unit: Annotated[
        str | None, Query(description="Of leads whose unit the file does not tell: mV, uV, V.")
    ] = None,
) -> RecordingInfo:
    """Keep a recording: a WFDB header with .dat (and .atr), or one EDF, BDF, CSV, Parquet, NumPy file."""
    kept = await run_in_threadpool(server.uploads.add_recording, await _contents(files), fs, unit)
    return kept.info


@router.get("/recordings/{key}", responses=_LOST)
async def recording(key: str, server: ServerDep) -> RecordingInfo:
    """Describe a recording."""
    return server.recording(key).info


@router.delete("/recordings/{key}", status_code=204, responses=_LOST)
async def forget(key: str, server: ServerDep) -> None:
    """Delete a recording."""
    server.recording(key)
    server.uploads.forget(key)


@router.get("/recordings/{key}/signal", responses=_LOST)
async def signal(key: str, server: ServerDep, lead: Annotated[str, Query(max_length=100)]) -> Response:
    """Return a lead of a recording: float32 in mV, little endian, NaN where it is missing."""
    values = await run_in_threadpool(signal_of, server.recording(key), lead)
    return Response(values.astype("<f4").tobytes(), media_type="application/octet-stream")


@router.post("/sets", status_code=201, responses=_LARGE)
async def upload_set(files: list[UploadFile], server: ServerDep, fs: Rate = None) -> WindowsInfo:
    """Keep a set of windows from any program: one .npz, .csv or .parquet file."""
    return await run_in_threadpool(server.uploads.add_set, await _contents(files), fs)


@router.get("/real", responses=_LOST)
async def real(
    server: ServerDep,
    label: Annotated[str, Query(max_length=20)],
    count: Annotated[int, Query(ge=1, le=200)] = 12,
    seed: Annotated[int, Query(ge=0, lt=2**62)] = 0,
) -> Response:
    """Return real beats of a class, drawn at random: float32 in mV, little endian, one by one."""
    if server.beats is None:
        raise HTTPException(404, "this server was started without real beats; see diffecg serve --beats")
    rows = np.flatnonzero((server.beats.index["label"] == label).to_numpy())
    if not len(rows):
        raise HTTPException(404, f"there is no real beat of class {label!r}")
    drawn = np.sort(np.random.default_rng(seed).choice(rows, min(count, len(rows)), replace=False))
    windows = await run_in_threadpool(lambda: np.asarray(server.beats.signal_mv[drawn]))  # type: ignore[union-attr]
    return Response(windows.astype("<f4").tobytes(), media_type="application/octet-stream")


@router.post("/rhythm", responses=_LARGE)
async def rhythm(asked: RhythmRequest, server: ServerDep) -> RhythmAnswer:
    """Return the beats of a rhythm, before anything is composed."""
    server.settings.limits.check(asked)
    beats = await run_in_threadpool(asked.rhythm(asked.text).beats, 60 * asked.minutes, asked.seed)
    return RhythmAnswer(beats)


async def _contents(files: list[UploadFile]) -> list[File]:
    if len(files) > _MOST_FILES:
        raise LimitExceeded(f"{len(files)} files at once are more than {_MOST_FILES}")
    return [(file.filename or "", await file.read()) for file in files]
