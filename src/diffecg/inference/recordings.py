"""A recording repaired or continued, from what was asked in words: which leads, which true_runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffecg.errors import DiffecgError
from diffecg.formats.recording import Recording
from diffecg.inference.gaps import Gap, find_gaps, mask_gaps
from diffecg.inference.model import Model
from diffecg.inference.options import DenoiseOptions, DrawOptions, ForecastOptions, ImputeOptions
from diffecg.inference.parsing import parse_gap
from diffecg.inference.results import Imputation
from diffecg.signal.masks import TOLERANCE_S


@dataclass(frozen=True)
class ImputationPlan:
    """What of a recording is to be drawn anew."""

    gaps: list[Gap]
    rows: list[int]
    """Leads to be drawn."""
    shown: list[int]
    """Leads that the model is shown: those, and more where it makes use of them."""


def plan_imputation(
    model: Model, recording: Recording, asked: ImputeOptions | DenoiseOptions
) -> ImputationPlan:
    """Return what is to be drawn: what is given, what the file lacks, and what is found.

    Raises:
        DiffecgError: there is nothing to draw; a lead, a stretch or a fault that there is not.
    """
    noisy = isinstance(asked, DenoiseOptions)
    spans = [parse_gap(text) for text in (asked.stretch if isinstance(asked, DenoiseOptions) else asked.gap)]
    detect = "" if noisy and spans else asked.detect
    leads = sorted({recording.lead_index(name) for name in asked.lead})
    one = bool(spans) or not model.config.window.any_leads
    leads = leads or ([choose_lead(model, recording, None)] if one else recording.voltages)
    gaps = find_gaps(recording, leads, spans, [word for word in detect.split(",") if word])
    if not gaps:
        names = ", ".join(recording.leads[row] for row in leads)
        raise DiffecgError(_nothing(names, recording.name, detect, noisy=noisy))
    rows = sorted({gap.row for gap in gaps})
    shown = sorted({*rows, *recording.voltages}) if model.config.window.companions else rows
    return ImputationPlan(gaps, rows, shown)


def impute_recording(
    model: Model,
    recording: Recording,
    plan: ImputationPlan,
    asked: ImputeOptions | DenoiseOptions,
    drawing: DrawOptions,
    **settings: Any,
) -> Imputation:
    """Return the leads that are repaired (lead, time), drawn several times.

    Args:
        model: of strips.
        recording: the recording.
        plan: what is to be drawn.
        asked: gaps to fill, or noisy true_runs that the result is to agree with.
        drawing: how often.
        **settings: further ones of :meth:`Model.impute`.

    Raises:
        DiffecgError: as :meth:`Model.impute`.
    """
    settings = {**settings, **asdict(drawing), "label": asked.label}
    holed = mask_gaps(recording, plan.shown, plan.gaps)
    if isinstance(asked, DenoiseOptions):
        recorded = recording.select(plan.shown).signal_mv
        noisy = np.isnan(holed) & ~np.isnan(recorded)
        drawn = model.denoise(recorded, recording.fs_hz, noisy, **settings)
    else:
        drawn = model.impute(holed, recording.fs_hz, **settings)
    return drawn.lead([plan.shown.index(row) for row in plan.rows])


def forecast_start(model: Model, recording: Recording, asked: ForecastOptions) -> tuple[int, int]:
    """Return the lead and the sample from which a recording is to be forecast.

    Raises:
        DiffecgError: there is no such lead, or the moment lies outside the recording.
    """
    row = choose_lead(model, recording, asked.lead)
    at = recording.duration_s if asked.at is None else asked.at
    inside = 0 < at <= recording.duration_s + TOLERANCE_S
    cut = min(round(at * recording.fs_hz), recording.samples) if inside else 0
    if cut < 1:
        raise DiffecgError(
            f"at {at:g} s lies outside the recording; choose above 0 to {recording.duration_s:.3f} s"
        )
    return row, cut


def forecast_recording(
    model: Model,
    recording: Recording,
    row: int,
    cut: int,
    asked: ForecastOptions,
    drawing: DrawOptions,
    **settings: Any,
) -> Imputation:
    """Return what may follow a sample of a lead (time), drawn several times.

    Raises:
        DiffecgError: as :meth:`Model.forecast`.
    """
    past_mv: NDArray[np.float64] = recording.lead_mv(row)[:cut]
    settings = {**settings, **asdict(drawing), "label": asked.label, "horizon_s": asked.horizon}
    return model.forecast(past_mv, recording.fs_hz, **settings)


def choose_lead(model: Model, recording: Recording, wanted: str | None) -> int:
    """Return the row of the lead to work on.

    Raises:
        DiffecgError: the recording has no such lead.
    """
    if wanted is not None:
        return recording.lead_index(wanted)
    own = model.config.window.leads[0]
    return recording.default_lead() if own == "*" else recording.lead_index(own)


def _nothing(leads: str, recording: str, detect: str, *, noisy: bool) -> str:
    if noisy:
        return f"no {detect} is found in {leads} of {recording}; say where with --stretch from:to, in seconds"
    return (
        f"nothing is missing in {leads} of {recording}; say what to fill with --gap from:to, in seconds, "
        "or what to look for with --detect flat,clipped,saturated,noise"
    )
