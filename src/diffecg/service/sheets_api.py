"""The route of printed sheets."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from diffecg.formats.annotations import Annotation
from diffecg.formats.file_time import FileTime
from diffecg.formats.recording import Recording
from diffecg.formats.strip_sheet import MAX_ROWS, as_quiz, strip_sheets
from diffecg.plotting.sheet import EcgSheet, SheetText, SyntheticPart
from diffecg.plotting.sheet_figure import sheets_content
from diffecg.service.error_responses import responses
from diffecg.service.recordings_api import StoredDep, attachment
from diffecg.service.schemas import RecordingInfo, SyntheticInterval
from diffecg.service.server import Server, ServerDep
from diffecg.service.strict_json import StrictRoute
from diffecg.signal.channels import find_row, make_channels

MAX_SHEET_S = 10.0 * MAX_ROWS
_MEDIA_TYPES = {"pdf": "application/pdf", "png": "image/png"}
_TOLERANCE_S = 0.01
router = APIRouter(tags=["recordings"], route_class=StrictRoute, responses=responses(404))


@router.get(
    "/recordings/{recording_id}/sheet",
    response_class=Response,
    responses={200: {"content": {media_type: {} for media_type in _MEDIA_TYPES.values()}}},
)
async def get_sheet(
    stored: StoredDep,
    server: ServerDep,
    leads: Annotated[
        list[str] | None, Query(max_length=64, description="Default: the lead to show first.")
    ] = None,
    start: Annotated[float, Query(ge=0, allow_inf_nan=False, description="Start in seconds.")] = 0.0,
    seconds: Annotated[float, Query(gt=0, le=MAX_SHEET_S, description="Time to show.")] = 60.0,
    speed: Annotated[Literal["25", "50"], Query(description="Paper speed in mm/s.")] = "25",
    gain: Annotated[
        Literal["5", "10", "20"] | None, Query(description="Voltage scale in mm/mV; default: what fits.")
    ] = None,
    rhythm: Annotated[Literal["shown", "hidden"], Query(description="`hidden`: a quiz.")] = "shown",
    format: Annotated[Literal["pdf", "png"], Query(description="File format.")] = "pdf",
) -> Response:
    """Return some leads of a recording on A4 pages, at true scale: one second is 25 or 50 mm."""
    info = stored.info

    def draw() -> bytes:
        sheets = _sheets(
            server,
            info,
            leads or [info.lead],
            (start, min(start + seconds, info.duration_s)),
            (float(speed), None if gain is None else float(gain)),
            is_quiz=rhythm == "hidden",
        )
        return sheets_content(sheets, format)

    content = await run_in_threadpool(draw)
    name = f"{'quiz' if rhythm == 'hidden' else info.name}-{start:g}s.{format}"
    headers = {"content-disposition": attachment(name).replace("attachment", "inline", 1)}
    return Response(content, media_type=_MEDIA_TYPES[format], headers=headers)


def _sheets(
    server: Server,
    info: RecordingInfo,
    leads: list[str],
    interval: tuple[float, float],
    scale: tuple[float, float | None],
    *,
    is_quiz: bool,
) -> list[EcgSheet]:
    """Return the sheets of an interval in seconds; the scale is in mm/s and mm/mV."""
    start_s, stop_s = interval
    part = _part(server, info, leads, start_s, stop_s)
    job = server.queue.jobs.get(info.job or "")
    request = {} if job is None else job.request
    seeds = [
        options["seed"]
        for options in (request.get("options", {}), request.get("draw", {}))
        if "seed" in options
    ]
    sheets = strip_sheets(
        part,
        part.channel_names,
        duration_s=stop_s - start_s,
        text=SheetText(title=info.name, statements=[request["text"]] if "text" in request else []),
        mm_per_s=scale[0],
        mm_per_mv=scale[1],
        synthetic=[
            SyntheticPart(one.lead, one.start_s - start_s, one.stop_s - start_s)
            for one in info.synthetic
            if not _is_whole(one, info)
        ],
        remarks=[f"seed {seed}" for seed in seeds],
    )
    return [as_quiz(sheet) for sheet in sheets] if is_quiz else sheets


def _part(server: Server, info: RecordingInfo, leads: list[str], start_s: float, stop_s: float) -> Recording:
    """Return some leads of a stored recording between two times, its beats as annotations.

    Raises:
        DiffecgError: unknown lead.
    """
    channels = make_channels([lead.name for lead in info.leads], [lead.unit for lead in info.leads])
    rows = list(dict.fromkeys(find_row(channels, name, info.name) for name in leads))
    first, stop = (min(round(at_s * info.fs_hz), info.samples) for at_s in (start_s, stop_s))
    first = min(first, max(stop - 1, 0))
    signal_mv = server.library.signal(info.id).read(rows, first, stop)
    recording = Recording.from_arrays(
        signal_mv,
        info.fs_hz,
        channel_names=[info.leads[row].name for row in rows],
        name=info.name,
        annotations=[
            Annotation(time_s=at_s - start_s, symbol=symbol)
            for at_s, symbol in info.beats
            if start_s <= at_s < stop_s
        ],
        info={"synthetic": any(_is_whole(one, info) for one in info.synthetic)},
    )
    return replace(recording, time=_file_time(info.start, start_s))


def _is_whole(interval: SyntheticInterval, info: RecordingInfo) -> bool:
    return interval.start_s <= 0 and interval.stop_s >= info.duration_s - _TOLERANCE_S


def _file_time(start: str | None, offset_s: float) -> FileTime:
    """Return the time axis of a recording whose first sample is ``offset_s`` after ``start``."""
    if start is None:
        return FileTime(origin=Decimal(repr(offset_s)))
    if "T" in start:
        return FileTime.from_datetime(datetime.fromisoformat(start)).shifted(offset_s)
    return FileTime(start_time=time.fromisoformat(start)).shifted(offset_s)
