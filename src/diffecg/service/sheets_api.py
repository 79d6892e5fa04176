"""The route of printed sheets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from diffecg.errors import DiffecgError
from diffecg.formats.annotations import Annotation
from diffecg.formats.file_time import FileTime
from diffecg.formats.recording import Recording
from diffecg.formats.sheet import recording_sheet, sheet_rows, time_text
from diffecg.formats.strip_sheet import MAX_ROWS, as_quiz, strip_sheets
from diffecg.plotting.paper import MM_PER_MV
from diffecg.plotting.sheet import ROW_MM, EcgSheet, SheetText, SyntheticPart
from diffecg.plotting.sheet_figure import sheets_content
from diffecg.service.error_responses import responses
from diffecg.service.lead_checks import check_ecg, check_rate_of, find_leads
from diffecg.service.recordings_api import StoredDep, attachment
from diffecg.service.schemas import RecordingInfo, SyntheticInterval
from diffecg.service.server import Server, ServerDep
from diffecg.service.strict_json import StrictRoute

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
    layout: Annotated[
        Literal["rows", "3x4", "6x2"],
        Query(description="`rows`: the leads in consecutive rows; else 12 leads in rows x columns for 10 s."),
    ] = "rows",
    rhythm: Annotated[Literal["shown", "hidden"], Query(description="`hidden`: a quiz.")] = "shown",
    format: Annotated[Literal["pdf", "png"], Query(description="File format.")] = "pdf",
) -> Response:
    """Return some leads of a recording on A4 pages, at true scale: one second is 25 or 50 mm.

    12 leads are shown for the length of a row, above a rhythm strip; limb leads that are not recorded are
    derived from two that are.
    """
    info = stored.info

    def draw() -> bytes:
        if layout == "rows":
            shown, stop_s = leads or [info.lead], start + seconds
        else:
            shown, stop_s = _ecg_leads(info), start + ROW_MM / float(speed)
        page = _Page(
            part=_part(server, info, shown, start, min(stop_s, info.duration_s)),
            text=SheetText(title=info.name, statements=_statements(server, info)),
            synthetic=[
                SyntheticPart(one.lead, one.start_s - start, one.stop_s - start)
                for one in info.synthetic
                if not _is_whole(one, info)
            ],
            remarks=_remarks(server, info),
            mm_per_s=float(speed),
            mm_per_mv=None if gain is None else float(gain),
        )
        sheets = page.in_rows() if layout == "rows" else [page.of_12_leads(layout)]
        return sheets_content([as_quiz(sheet) for sheet in sheets] if rhythm == "hidden" else sheets, format)

    content = await run_in_threadpool(draw)
    name = f"{'quiz' if rhythm == 'hidden' else info.name}-{start:g}s.{format}"
    headers = {"content-disposition": attachment(name).replace("attachment", "inline", 1)}
    return Response(content, media_type=_MEDIA_TYPES[format], headers=headers)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Page:
    """What is printed of a recording."""

    part: Recording
    text: SheetText
    synthetic: list[SyntheticPart]
    remarks: list[str]
    mm_per_s: float
    mm_per_mv: float | None

    def in_rows(self) -> list[EcgSheet]:
        """Return the sheets of leads in consecutive rows."""
        return strip_sheets(
            self.part,
            self.part.channel_names,
            duration_s=self.part.duration_s,
            text=self.text,
            mm_per_s=self.mm_per_s,
            mm_per_mv=self.mm_per_mv,
            synthetic=self.synthetic,
            remarks=self.remarks,
        )

    def of_12_leads(self, layout: str) -> EcgSheet:
        """Return the sheet of 12 leads in columns.

        Raises:
            DiffecgError: the recording determines fewer than six of the 12 leads.
        """
        rows = sheet_rows(self.part, layout)
        if len(rows[0]) == 1:
            raise DiffecgError(
                f"{self.part.name} determines fewer than six of the 12 leads; choose the layout rows"
            )
        sheet = recording_sheet(
            self.part,
            rows,
            text=self.text,
            has_beats=True,
            mm_per_s=self.mm_per_s,
            mm_per_mv=MM_PER_MV if self.mm_per_mv is None else self.mm_per_mv,
        )
        begin = f"from {time_text(self.part, 0.0)}"
        return replace(sheet, synthetic=self.synthetic, remarks=[begin, *sheet.remarks, *self.remarks])


def _statements(server: Server, info: RecordingInfo) -> list[str]:
    """Return the rhythm that a recording was composed by."""
    request = _request(server, info)
    return [request["text"]] if "text" in request else []


def _remarks(server: Server, info: RecordingInfo) -> list[str]:
    """Return the seeds of the job that made a recording."""
    request = _request(server, info)
    groups = (request.get("options", {}), request.get("draw", {}))
    return [f"seed {options['seed']}" for options in groups if "seed" in options]


def _request(server: Server, info: RecordingInfo) -> dict[str, Any]:
    job = server.queue.jobs.get(info.job or "")
    return {} if job is None else job.request


def _part(server: Server, info: RecordingInfo, leads: list[str], start_s: float, stop_s: float) -> Recording:
    """Return some leads of a stored recording between two times, its beats as annotations.

    Raises:
        DiffecgError: unknown lead; leads of another kind than ECG, or of several rates.
    """
    rows = find_leads(info, leads)
    found = [info.leads[row] for row in rows]
    check_ecg(found, "a sheet")
    fs_hz, samples = check_rate_of(found), found[0].samples
    first, stop = (min(round(at_s * fs_hz), samples) for at_s in (start_s, stop_s))
    first = min(first, max(stop - 1, 0))
    signal_mv = server.library.signal(info.id).read(rows, first, stop)
    recording = Recording.from_arrays(
        signal_mv,
        fs_hz,
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


def _ecg_leads(info: RecordingInfo) -> list[str]:
    """Return the leads of an ECG at the rate of the recording; without any, the lead to show first."""
    leads = [lead.name for lead in info.leads if lead.kind == "ecg" and lead.fs_hz == info.fs_hz]
    return leads or [info.lead]


def _is_whole(interval: SyntheticInterval, info: RecordingInfo) -> bool:
    return interval.start_s <= 0 and interval.stop_s >= info.duration_s - _TOLERANCE_S


def _file_time(start: str | None, offset_s: float) -> FileTime:
    """Return the time axis of a recording whose first sample is ``offset_s`` after ``start``."""
    if start is None:
        return FileTime(origin=Decimal(repr(offset_s)))
    if "T" in start:
        return FileTime.from_datetime(datetime.fromisoformat(start)).shifted(offset_s)
    return FileTime(start_time=time.fromisoformat(start)).shifted(offset_s)
