"""A recording repaired or continued, from what was asked in words: which leads, which stretches."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffecg.errors import DiffecgError
from diffecg.formats.recording import Record
from diffecg.inference.gaps import Gap, find_gaps, hidden
from diffecg.inference.model import Model
from diffecg.inference.options import Drawing, Gaps, Moment, Stretches
from diffecg.inference.parsing import parse_gap
from diffecg.inference.results import Drawn
from diffecg.signal.masks import ROUNDING_S


@dataclass(frozen=True)
class Plan:
    """What of a recording is to be drawn anew."""

    gaps: list[Gap]
    rows: list[int]
    """Leads to be drawn."""
    shown: list[int]
    """Leads that the model is shown: those, and more where it makes use of them."""


def plan_repair(model: Model, record: Record, asked: Gaps | Stretches) -> Plan:
    """Return what is to be drawn: what is given, what the file lacks, and what is found.

    Raises:
        DiffecgError: there is nothing to draw; a lead, a stretch or a fault that there is not.
    """
    noisy = isinstance(asked, Stretches)
    spans = [parse_gap(text) for text in (asked.stretch if isinstance(asked, Stretches) else asked.gap)]
    detect = "" if noisy and spans else asked.detect
    leads = sorted({record.lead_index(name) for name in asked.lead})
    one = bool(spans) or not model.config.window.any_leads
    leads = leads or ([choose_lead(model, record, None)] if one else record.voltages)
    gaps = find_gaps(record, leads, spans, [word for word in detect.split(",") if word])
    if not gaps:
        names = ", ".join(record.leads[row] for row in leads)
        raise DiffecgError(_nothing(names, record.name, detect, noisy=noisy))
    rows = sorted({gap.row for gap in gaps})
    shown = sorted({*rows, *record.voltages}) if model.config.window.companions else rows
    return Plan(gaps, rows, shown)


def repair(
    model: Model, record: Record, plan: Plan, asked: Gaps | Stretches, drawing: Drawing, **settings: Any
) -> Drawn:
    """Return the leads that are repaired (lead, time), drawn several times.

    Args:
        model: of strips.
        record: the recording.
        plan: what is to be drawn.
        asked: gaps to fill, or noisy stretches that the result is to agree with.
        drawing: how often.
        **settings: further ones of :meth:`Model.impute`.

    Raises:
        DiffecgError: as :meth:`Model.impute`.
    """
    settings = {**settings, **asdict(drawing), "label": asked.label}
    holed = hidden(record, plan.shown, plan.gaps)
    if isinstance(asked, Stretches):
        recorded = record.signal_mv[plan.shown]
        noisy = np.isnan(holed) & ~np.isnan(recorded)
        drawn = model.denoise(recorded, record.fs_hz, noisy, **settings)
    else:
        drawn = model.impute(holed, record.fs_hz, **settings)
    return drawn.lead([plan.shown.index(row) for row in plan.rows])


def cut_at(model: Model, record: Record, asked: Moment) -> tuple[int, int]:
    """Return the lead and the sample from which a recording is to be forecast.

    Raises:
        DiffecgError: there is no such lead, or the moment lies outside the recording.
    """
    row = choose_lead(model, record, asked.lead)
    at = record.duration_s if asked.at is None else asked.at
    inside = 0 < at <= record.duration_s + ROUNDING_S
    cut = min(round(at * record.fs_hz), record.stored.shape[1]) if inside else 0
    if cut < 1:
        raise DiffecgError(
            f"at {at:g} s lies outside the recording; choose above 0 to {record.duration_s:.3f} s"
        )
    return row, cut


def ahead(
    model: Model, record: Record, row: int, cut: int, asked: Moment, drawing: Drawing, **settings: Any
) -> Drawn:
    """Return what may follow a sample of a lead (time), drawn several times.

    Raises:
        DiffecgError: as :meth:`Model.forecast`.
    """
    past_mv: NDArray[np.float64] = record.signal_mv[row, :cut]
    settings = {**settings, **asdict(drawing), "label": asked.label, "horizon_s": asked.horizon}
    return model.forecast(past_mv, record.fs_hz, **settings)


def choose_lead(model: Model, record: Record, wanted: str | None) -> int:
    """Return the row of the lead to work on.

    Raises:
        DiffecgError: the record has no such lead.
    """
    if wanted is not None:
        return record.lead_index(wanted)
    own = model.config.window.leads[0]
    return record.usual_lead() if own == "*" else record.lead_index(own)


def _nothing(leads: str, record: str, detect: str, *, noisy: bool) -> str:
    if noisy:
        return f"no {detect} is found in {leads} of {record}; say where with --stretch from:to, in seconds"
    return (
        f"nothing is missing in {leads} of {record}; say what to fill with --gap from:to, in seconds, "
        "or what to look for with --detect flat,clipped,saturated,noise"
    )
