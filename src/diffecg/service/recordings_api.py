"""Routes for the recordings of the project."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, File, Form, HTTPException, Query, UploadFile
from fastapi.responses import FileResponse, Response
from pydantic import TypeAdapter, ValidationError
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool

from diffecg.errors import DiffecgError
from diffecg.formats.naming import to_ascii
from diffecg.service.checks import LimitExceeded
from diffecg.service.error_responses import responses
from diffecg.service.export import zip_folder
from diffecg.service.exporting import SUFFIXES
from diffecg.service.file_names import UploadedFile, suffix_of
from diffecg.service.lead_checks import check_rate_of, find_leads
from diffecg.service.library import StoredRecording
from diffecg.service.result_recording import FILES
from diffecg.service.schemas import InterpretationRequest, Overview, RecordingInfo, RecordingSummary, Unit
from diffecg.service.server import Server, ServerDep
from diffecg.service.strict_json import StrictRoute

MAX_UPLOADED_FILES = 8
MAX_POINTS = 20_000
_OF_ONE_RATE = "Signals of one sampling rate; default: those that have the rate of the recording."
ExportFormat = Literal["original", "wfdb", "edf", "csv", "parquet", "npz"]
_BINARY: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}
router = APIRouter(tags=["recordings"], route_class=StrictRoute, responses=responses(404))


def _stored(recording_id: str, server: ServerDep) -> StoredRecording:
    return server.recording(recording_id)


StoredDep = Annotated[StoredRecording, Depends(_stored)]


@router.get("/recordings")
async def list_recordings(server: ServerDep) -> list[RecordingSummary]:
    """List the recordings, the newest first."""
    infos = [stored.info for stored in reversed(list(server.library.recordings.values()))]
    names = RecordingSummary.__dataclass_fields__
    return [RecordingSummary(**{name: getattr(info, name) for name in names}) for info in infos]


@router.post("/recordings", status_code=201, responses=responses(413, 507))
async def upload_recording(
    files: Annotated[
        list[UploadFile], File(description="A WFDB header with .dat (and .atr), or one other file.")
    ],
    server: ServerDep,
    fs: Annotated[
        float | None,
        Form(gt=0, allow_inf_nan=False, description="Sampling rate in Hz, for formats that do not store it."),
    ] = None,
    unit: Annotated[
        Unit | Literal[""] | None, Form(description="Unit of leads whose unit the file does not state.")
    ] = None,
    leads: Annotated[
        str, Form(max_length=10_000, description='New names of channels, JSON: `{"ch1": "II"}`.')
    ] = "{}",
) -> RecordingInfo:
    """Upload a recording: a WFDB header with its files, or one EDF, BDF, table, NumPy, DICOM, … file."""
    try:
        names = TypeAdapter(dict[str, str]).validate_json(leads)
    except ValidationError:
        raise DiffecgError('leads must be a JSON object such as {"ch1": "II"}') from None
    stated = InterpretationRequest(fs_hz=fs, unit=unit or None, leads=names)
    return await run_in_threadpool(server.library.upload, await contents(files), stated)


@router.get("/recordings/{recording_id}")
async def get_recording(stored: StoredDep) -> RecordingInfo:
    """Describe a recording."""
    return stored.info


@router.put("/recordings/{recording_id}/interpretation", responses=responses(409, 413, 507))
async def set_interpretation(
    recording_id: str, request: InterpretationRequest, stored: StoredDep, server: ServerDep
) -> RecordingInfo:
    """Read an uploaded file again, with another rate, unit or other names of leads."""
    _check_unused(server, recording_id)
    return await run_in_threadpool(server.library.interpret, recording_id, request)


@router.delete("/recordings/{recording_id}", status_code=204, responses=responses(409))
async def delete_recording(recording_id: str, stored: StoredDep, server: ServerDep) -> None:
    """Delete a recording; those that were made from it stay."""
    _check_unused(server, recording_id)
    await run_in_threadpool(server.library.delete, recording_id)


@router.get("/recordings/{recording_id}/signal", response_class=Response, responses=_BINARY)
async def get_signal(
    recording_id: str,
    stored: StoredDep,
    server: ServerDep,
    lead: Annotated[list[str] | None, Query(max_length=64, description=_OF_ONE_RATE)] = None,
    start: Annotated[float, Query(ge=0, allow_inf_nan=False, description="Start in seconds.")] = 0.0,
    stop: Annotated[
        float | None,
        Query(ge=0, allow_inf_nan=False, description="End in seconds; default: that of the recording."),
    ] = None,
    points: Annotated[
        int | None,
        Query(ge=1, le=MAX_POINTS, description="Largest number of points of a lead; default: all samples."),
    ] = None,
) -> Response:
    """Return an interval of some signals of one rate: little-endian float32, NaN where missing.

    The header `x-signal` states what the numbers are, as JSON: `leads`, `units`, `fs_hz`, `start_s`, `shape`,
    and `kind`: `samples` with axes (lead, time), or, where there are more samples than `points`, `envelope`
    with axes (lead, point, 2), the smallest and the largest sample of each `step_s` seconds.
    """
    info = stored.info
    rows = find_leads(info, lead) if lead else _rows_of_rate(info)
    leads = [info.leads[row] for row in rows]
    fs_hz, samples = check_rate_of(leads), leads[0].samples
    first = min(round(start * fs_hz), samples)
    last = samples if stop is None else min(max(round(stop * fs_hz), first), samples)
    signal = server.library.signal(recording_id)
    about: dict[str, Any] = {
        "leads": [one.name for one in leads],
        "units": [one.unit for one in leads],
        "fs_hz": fs_hz,
        "start_s": first / fs_hz,
        "kind": "samples",
    }
    if points is None or last - first <= points:
        values = await run_in_threadpool(signal.read, rows, first, last)
    else:
        envelope = await run_in_threadpool(signal.read_envelope, rows, first, last, points)
        values, start_s = envelope.bounds, envelope.first / fs_hz
        about |= {"kind": "envelope", "step_s": envelope.step / fs_hz, "start_s": start_s}
    about["shape"] = list(values.shape)
    return Response(
        values.tobytes(), media_type="application/octet-stream", headers={"x-signal": json.dumps(about)}
    )


def _rows_of_rate(info: RecordingInfo) -> list[int]:
    return [row for row, lead in enumerate(info.leads) if lead.fs_hz == info.fs_hz]


@router.get("/recordings/{recording_id}/overview", responses=responses(413, 507))
async def get_overview(
    recording_id: str,
    stored: StoredDep,
    server: ServerDep,
    points: Annotated[int, Query(ge=1, le=MAX_POINTS, description="Largest number of heart rates.")] = 1000,
) -> Overview:
    """Return heart rate, faults and ectopic beats of the whole recording; they are found once."""
    rhythm = await server.rhythm(recording_id)
    return rhythm.overview(points)


@router.get(
    "/recordings/{recording_id}/export", response_class=FileResponse, responses=_BINARY | responses(413, 507)
)
async def export_recording(
    recording_id: str,
    stored: StoredDep,
    server: ServerDep,
    format: Annotated[
        ExportFormat, Query(description="File format; `original`: that of the upload.")
    ] = "original",
) -> Response:
    """Return a recording as a file; several files, such as those of WFDB, are zipped."""
    folder = Path(tempfile.mkdtemp(dir=server.project.temporary))
    try:
        path = await run_in_threadpool(_export, server, stored, format, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return FileResponse(
        path,
        media_type="application/octet-stream",
        headers={"content-disposition": attachment(path.name)},
        background=BackgroundTask(shutil.rmtree, folder, ignore_errors=True),
    )


def _export(server: Server, stored: StoredRecording, format: ExportFormat, folder: Path) -> Path:
    """Write the files of a recording into a folder, and return the one to send."""
    title = re.sub(r"[^\w. ()+-]", "_", stored.info.name)
    output = folder / "out"
    output.mkdir()
    if format == "original":
        files = server.library.folder(stored.info.id) / FILES
        suffix = suffix_of(stored.main)
        if suffix:  # one file; what lies beside it are notes about it
            path = folder / stored.originals.get(stored.main, f"{title}{suffix}")
            shutil.copyfile(files / stored.main, path)
            return path
        for file in files.iterdir():
            shutil.copyfile(file, output / stored.originals.get(file.name, file.name))
    else:
        server.library.convert(stored.info.id, format, title, output)
        if SUFFIXES[format]:
            return output / f"{title}{SUFFIXES[format]}"
    path = folder / f"{title}.zip"
    path.write_bytes(zip_folder(output))
    return path


def attachment(name: str) -> str:
    """Return the header that gives a download its name."""
    plain = re.sub(r'["\\\\?]', "_", to_ascii(name))
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"


def _check_unused(server: Server, recording_id: str) -> None:
    if server.queue.is_used(recording_id):
        raise HTTPException(409, "a job that is not done needs this recording; cancel it first")


async def contents(files: list[UploadFile]) -> list[UploadedFile]:
    """Return the content of uploaded files.

    Raises:
        LimitExceeded: there are too many.
    """
    if len(files) > MAX_UPLOADED_FILES:
        raise LimitExceeded(f"{len(files)} files exceed the limit of one upload, {MAX_UPLOADED_FILES}")
    return [UploadedFile(name=file.filename or "", content=await file.read()) for file in files]
