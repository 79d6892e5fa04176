"""Sheets of consecutive rows: some leads of a recording for longer than one row, to print to scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import ceil

import numpy as np
from jaxtyping import Float

from diffecg.errors import DiffecgError
from diffecg.formats.recording import Recording
from diffecg.formats.sheet import check_scale, is_synthetic, shown_leads, time_text
from diffecg.plotting.paper import MM_PER_MV, MM_PER_S
from diffecg.plotting.sheet import (
    ROW_MM,
    ROWS_MM,
    SQUARE_MM,
    EcgSheet,
    SheetText,
    SyntheticPart,
    above_median,
)

MAX_ROWS = 240
"""Most rows of a lead: 40 minutes at 25 mm/s."""
MAX_LEADS = 8
"""Most leads below each other."""
QUIZ_TITLE = "Which rhythm is this?"
_MIN_HALF_MM = 10.0
_LABEL_MM = 4.0
"""Room for the label of a beat above the highest sample."""
_SPACIOUS_MM = 80.0
"""Rows that would be higher together get fewer mm/mV, if no scale is given."""


def strip_sheets(
    recording: Recording,
    leads: Sequence[str],
    *,
    start_s: float = 0.0,
    duration_s: float = 60.0,
    text: SheetText | None = None,
    has_beats: bool = True,
    mm_per_s: float = MM_PER_S,
    mm_per_mv: float | None = None,
    synthetic: Sequence[SyntheticPart] = (),
    remarks: Sequence[str] = (),
) -> list[EcgSheet]:
    """Return leads of a recording in consecutive rows, as sheets that fit A4.

    Rows are as far from each other as their highest samples need, so that no trace is cut.

    Args:
        recording: a recording; the leads must have one sampling rate.
        leads: names of the leads, which are below each other in each row of time.
        start_s: time of the first sample, from that of the recording.
        duration_s: time to show; less if the recording ends before.
        text: what is written above the rows; None: name and comments of the recording.
        has_beats: write the labels of annotated beats above the leads.
        mm_per_s: paper speed.
        mm_per_mv: voltage scale; None: 10, or half of it as often as high rows need it.
        synthetic: what a model wrote, in seconds from the first sample of the recording.
        remarks: remarks for the footer, such as the seed.

    Raises:
        DiffecgError: the recording has none of the leads at this time; the rows do not fit A4 at this
            scale; there are too many.
    """
    check_scale(mm_per_s, MM_PER_MV if mm_per_mv is None else mm_per_mv)
    row_s = ROW_MM / mm_per_s
    stop_s = min(start_s + duration_s, recording.duration_s)
    lines = max(ceil((stop_s - start_s) / row_s - 1e-9), 1)
    if lines > MAX_ROWS:
        raise DiffecgError(
            f"{stop_s - start_s:g} s are {lines} rows of {row_s:g} s, more than {MAX_ROWS}; "
            f"choose at most {MAX_ROWS * row_s:g} s"
        )
    part, leads_mv, _ = shown_leads(recording, leads, start_s, stop_s)
    shown = [lead for lead in leads if lead in leads_mv]
    starts_s = [row_s * line for line in range(lines)]
    extent_mv = _extent_mv(leads_mv, starts_s, row_s, part.fs_hz)
    label_mm = _LABEL_MM if has_beats else 0.0
    scale = _fitting_scale(extent_mv, len(shown), label_mm) if mm_per_mv is None else mm_per_mv
    row_mm = _row_mm(extent_mv, scale, label_mm)
    if len(shown) > MAX_LEADS:
        raise DiffecgError(
            f"{len(shown)} leads do not fit A4 in rows of their own; choose at most {MAX_LEADS}"
        )
    if sum(row_mm) * len(shown) > ROWS_MM:
        best = _fitting_scale(extent_mv, len(shown), label_mm)
        raise DiffecgError(
            f"{len(shown)} leads of {sum(extent_mv):.3g} mV do not fit A4 at {scale:g} mm/mV; "
            f"choose {best:g} mm/mV"
        )
    beats = part.beats() if has_beats else None
    sheet = EcgSheet(
        leads_mv={lead: leads_mv[lead] for lead in shown},
        fs_hz=part.fs_hz,
        rows=(),
        text=text or SheetText(title=recording.name, statements=recording.comments),
        beats=list(zip(beats.sample.tolist(), beats.symbol.tolist(), strict=True)) if beats else (),
        is_synthetic=is_synthetic(recording),
        synthetic=[SyntheticPart(lead, first - start_s, last - start_s) for lead, first, last in synthetic],
        mm_per_s=mm_per_s,
        mm_per_mv=scale,
        wanted_row_mm=row_mm,
        remarks=remarks,
    )
    per_page = max(int(ROWS_MM // (sum(row_mm) * len(shown))), 1)
    pages = [starts_s[first : first + per_page] for first in range(0, lines, per_page)]
    return [
        _page(sheet, recording, page, start_s, (number, len(pages))) for number, page in enumerate(pages, 1)
    ]


def as_quiz(sheet: EcgSheet) -> EcgSheet:
    """Return a sheet that does not name its rhythm: without title, statements and labels of beats."""
    return replace(sheet, text=SheetText(title=QUIZ_TITLE), beats=())


def _page(
    sheet: EcgSheet, recording: Recording, starts_s: Sequence[float], offset_s: float, page: tuple[int, int]
) -> EcgSheet:
    """Return the page of a sheet with the rows that begin at these times after ``offset_s``."""
    leads = list(sheet.leads_mv)
    titles = [
        time_text(recording, offset_s + start_s) if lead == leads[0] else ""
        for start_s in starts_s
        for lead in leads
    ]
    number, count = page
    return replace(
        sheet,
        rows=tuple((lead,) for _ in starts_s for lead in leads),
        starts_s=[start_s for start_s in starts_s for _ in leads],
        row_titles=titles,
        remarks=[*sheet.remarks, f"page {number} of {count}"] if count > 1 else sheet.remarks,
    )


def _extent_mv(
    leads_mv: Mapping[str, Float[np.ndarray, " time"]], starts_s: Sequence[float], row_s: float, fs_hz: float
) -> tuple[float, float]:
    """Return the largest distances of samples above and below the median of their row."""
    above_mv = below_mv = 0.0
    for start_s in starts_s:
        first, stop = round(start_s * fs_hz), round((start_s + row_s) * fs_hz) + 1
        for signal_mv in leads_mv.values():
            row = above_median(signal_mv[first:stop])
            if np.isfinite(row).any():
                above_mv = max(above_mv, float(np.nanmax(row)))
                below_mv = max(below_mv, -float(np.nanmin(row)))
    return above_mv, below_mv


def _row_mm(extent_mv: tuple[float, float], mm_per_mv: float, label_mm: float) -> tuple[float, float]:
    """Return the heights of a row above and below its level, in whole squares."""
    above_mm, below_mm = (height_mv * mm_per_mv for height_mv in extent_mv)
    least = _MIN_HALF_MM
    return (
        SQUARE_MM * ceil(max(above_mm + label_mm, least) / SQUARE_MM - 1e-9),
        SQUARE_MM * ceil(max(below_mm, least) / SQUARE_MM - 1e-9),
    )


def _fitting_scale(extent_mv: tuple[float, float], leads: int, label_mm: float) -> float:
    """Return the usual scale, or half of it as often as the rows need it."""
    scale = MM_PER_MV
    least_mm = sum(_row_mm((0.0, 0.0), scale, label_mm)) * leads
    while sum(_row_mm(extent_mv, scale, label_mm)) * leads > max(_SPACIOUS_MM, least_mm):
        scale /= 2
    return scale
