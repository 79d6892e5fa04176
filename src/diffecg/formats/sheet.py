"""The sheet of a recording: which leads are shown or derived, and what is written beside them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from diffecg.errors import DiffecgError
from diffecg.files import CARD, read_json
from diffecg.formats.recording import Recording
from diffecg.plotting.paper import MM_PER_MV, MM_PER_S
from diffecg.plotting.sheet import LAYOUTS, ROW_MM, EcgSheet, Rows, SheetText
from diffecg.signal.lead_names import lead_name
from diffecg.signal.limb_leads import LIMB_LEADS, STANDARD_LEADS, derive_leads, known_leads
from diffecg.signal.rpeaks import r_peaks_of_recording

_MIN_STANDARD_LEADS = 6
"""Recordings that have, or determine, fewer of the 12 leads are shown in rows of their own leads."""
_SYNTHETIC = "synthetic"
"""First word of the comments of synthetic recordings."""


def recording_sheet(
    recording: Recording,
    rows: Rows | None = None,
    *,
    start_s: float = 0.0,
    text: SheetText | None = None,
    has_beats: bool = False,
    mm_per_s: float = MM_PER_S,
    mm_per_mv: float = MM_PER_MV,
) -> EcgSheet:
    """Return the length of a row of a recording as a sheet: ten seconds at 25 mm/s.

    Limb leads that the recording lacks are derived from two that it has. Other leads that it lacks are empty
    panels.

    Args:
        recording: a recording; the leads that are shown must have one sampling rate.
        rows: leads of each row, by their names in the recording or as leads; None: :func:`sheet_rows`.
        start_s: time of the first sample that is shown, from that of the recording.
        text: what is written above the leads; None: name and comments of the recording. If it states no heart
            rate, that is measured.
        has_beats: write the labels of annotated beats above rows of one lead.
        mm_per_s: paper speed.
        mm_per_mv: voltage scale.

    Raises:
        DiffecgError: the recording has none of the leads at this time, or with several sampling rates; a
            scale is not positive.
    """
    check_scale(mm_per_s, mm_per_mv)
    rows = sheet_rows(recording) if rows is None else rows
    stop_s = start_s + ROW_MM / mm_per_s
    part, leads_mv, derived = shown_leads(recording, list(dict.fromkeys(chain(*rows))), start_s, stop_s)
    text = text or SheetText(title=recording.name, statements=recording.comments)
    if text.heart_rate_per_min is None:
        text = replace(text, heart_rate_per_min=_heart_rate_per_min(part, np.stack(list(leads_mv.values()))))
    beats = part.beats() if has_beats else None
    remarks = [
        f"from {time_text(recording, start_s)}" if start_s else "",
        f"{', '.join(derived)} derived" if derived else "",
    ]
    return EcgSheet(
        leads_mv=leads_mv,
        fs_hz=part.fs_hz,
        rows=rows,
        text=text,
        beats=list(zip(beats.sample.tolist(), beats.symbol.tolist(), strict=True)) if beats else (),
        remarks=[remark for remark in remarks if remark],
        is_synthetic=is_synthetic(recording),
        mm_per_s=mm_per_s,
        mm_per_mv=mm_per_mv,
    )


def check_scale(mm_per_s: float, mm_per_mv: float) -> None:
    """Check the scales of a sheet.

    Raises:
        DiffecgError: a scale is not positive.
    """
    if not mm_per_s > 0:
        raise DiffecgError(f"speed {mm_per_s:g} mm/s must be positive; the usual ones are 25 and 50")
    if not mm_per_mv > 0:
        raise DiffecgError(f"scale {mm_per_mv:g} mm/mV must be positive; the usual ones are 5, 10 and 20")


def sheet_rows(recording: Recording, layout: str = "3x4", rhythm: str | None = None) -> Rows:
    """Return a layout of 12 leads with a rhythm strip; for a recording with few of them, its leads in rows.

    Args:
        recording: the recording.
        layout: one of :data:`diffecg.plotting.sheet.LAYOUTS`.
        rhythm: lead of the rhythm strip; None: II, else the first ECG lead.

    Raises:
        DiffecgError: no channel is an ECG.
    """
    recording.default_lead()  # check that there is an ECG
    names = [recording.channel_names[row] for row in recording.ecg_indices]
    known = known_leads([lead_name(name) or name for name in names])
    if len(set(known) & set(STANDARD_LEADS)) < _MIN_STANDARD_LEADS:
        return tuple((name,) for name in names)
    return (*LAYOUTS[layout], (rhythm or ("II" if "II" in known else names[0]),))


def is_synthetic(recording: Recording) -> bool:
    """Return whether a recording is synthetic as a whole, by its provenance, its comments or its data card.

    Most formats keep no comments, so that the data card beside the file tells.
    """
    comments = (comment.lower().startswith(_SYNTHETIC) for comment in recording.comments)
    return bool(recording.info.get(_SYNTHETIC)) or any(comments) or _has_synthetic_card(recording.path)


def _has_synthetic_card(path: Path) -> bool:
    """Return whether a data card beside a file lists it as a synthetic recording."""
    with suppress(DiffecgError):  # there is no card, or it is of another program
        card = read_json(path.parent / CARD)
        return (
            isinstance(card, dict) and bool(card.get(_SYNTHETIC)) and path.name in card.get("recordings", ())
        )
    return False


class ShownLeads(NamedTuple):
    """What a sheet shows of a recording."""

    part: Recording
    """The seconds that are shown, of the recorded leads."""
    leads_mv: dict[str, Float[np.ndarray, " time"]]
    """Recorded and derived leads."""
    derived: list[str]


def shown_leads(recording: Recording, wanted: Sequence[str], start_s: float, stop_s: float) -> ShownLeads:
    """Return those of the wanted leads that are recorded in an interval, or follow from limb leads that are.

    Raises:
        DiffecgError: there are none.
    """
    if not 0 <= start_s < recording.duration_s:
        raise DiffecgError(
            f"start {start_s:g} s is outside recording {recording.name}, which has {recording.duration_s:g} s"
        )
    channels = _channels(recording, [*wanted, *LIMB_LEADS])
    if channels:
        part = recording.select(list(channels.values())).crop(start_s, stop_s)
        signals = zip(channels, part.signal_mv, strict=True)
        recorded = {lead: signal_mv for lead, signal_mv in signals if not np.isnan(signal_mv).all()}
        names = list(recorded)
        if known := [lead for lead in wanted if lead in known_leads(names)]:
            shown_mv = derive_leads(np.stack(list(recorded.values())), names, known)
            derived = [lead for lead in LIMB_LEADS if lead in known and lead not in recorded]
            return ShownLeads(part, dict(zip(known, shown_mv, strict=True)), derived)
    raise DiffecgError(
        f"recording {recording.name} shows none of {', '.join(wanted)} in the {stop_s - start_s:g} s from "
        f"{start_s:g} s: they are missing and do not follow from two limb leads; choose other leads with "
        f"--lead, among {', '.join(recording.channel_names)}"
    )


def _channels(recording: Recording, leads: Sequence[str]) -> dict[str, int]:
    """Return the channel of each lead that the recording has."""
    found = {}
    for lead in leads:
        with suppress(DiffecgError):  # no channel is this lead
            found[lead] = recording.channel_index(lead)
    return found


def _heart_rate_per_min(part: Recording, leads_mv: Float[np.ndarray, "lead time"]) -> float | None:
    """Return the mean heart rate by annotated beats, else by detected ones; None if there are not two.

    Beats are detected in the spatial velocity, the root of the summed squares of the leads' slopes: QRS
    complexes are steep in some lead even where they are small in others.
    """
    peaks = part.beats().sample
    if not len(peaks) and part.duration_s >= 1:
        velocity = np.sqrt(np.nansum(np.diff(leads_mv) ** 2, axis=0))
        peaks = r_peaks_of_recording(velocity, part.fs_hz)
    return float(60 * part.fs_hz / np.diff(peaks).mean()) if len(peaks) > 1 else None


def time_text(recording: Recording, start_s: float) -> str:
    """Return a time as the file would write it."""
    return recording.time.text(start_s) + (" s" if recording.start == (None, None) else "")
