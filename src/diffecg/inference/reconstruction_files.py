"""Write a recording with reconstructed leads, and how far the given leads determine them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from diffecg.files import CARD
from diffecg.formats.recording import Recording
from diffecg.formats.registry import file_name, output_suffix, write_recording
from diffecg.formats.sheet import recording_sheet
from diffecg.inference.completed_recording import completed_recording
from diffecg.inference.lead_reconstruction import LeadReconstruction
from diffecg.inference.options import Write
from diffecg.plotting.sheet import EcgSheet, SheetText
from diffecg.plotting.sheet_figure import save_sheets
from diffecg.signal.limb_leads import LIMB_LEADS

LEADS, DRAWS, SHEET = "leads.csv", "draws.npz", "sheet.png"
HARDLY = 0.5
"""Leads of which a smaller share of the variance is determined are hardly determined."""


def write_reconstruction(
    folder: Path, result: LeadReconstruction, write: Write, suffix: str | None = None
) -> Path:
    """Write a recording with reconstructed leads into a folder, and return the recording's path.

    Written beside it: ``leads.csv`` (how far the given leads determine each lead, and the mean width of its
    prediction interval), ``draws.npz``, a sheet (``sheet.png``) and ``card.json``.

    Args:
        folder: an empty folder.
        result: the reconstruction.
        write: what the recording gets: ``draw``, ``mean``, or ``none``: it is written as it is.
        suffix: file format, see :func:`diffecg.formats.registry.write_recording`; None: that of the
            recording.
    """
    recording = result.recording
    suffix = output_suffix(recording) if suffix is None else suffix
    completed = recording if write == "none" else completed_recording(result, write)
    comment = f"partly synthetic (leads {', '.join(result.leads)}): see {CARD}"
    completed = replace(completed, comments=(*recording.comments, comment))
    path = write_recording(folder / file_name(recording, suffix), completed)
    table = lead_table(result)
    table.to_csv(folder / LEADS, index=False, float_format="%.4f")
    np.savez_compressed(
        folder / DRAWS,
        leads=np.array(result.leads),
        draws_mv=result.draws_mv,
        mean_mv=result.mean_mv,
        lower_mv=result.lower_mv,
        upper_mv=result.upper_mv,
        kernel_mv=result.kernel_mv,
        missing=result.missing,
        seeds=np.array(result.seeds),
        fs_hz=result.fs_hz,
    )
    card = {
        **result.info,
        "recording": recording.name,
        "given": {lead: recording.channel_names[row] for lead, row in result.plan.given.items()},
        "beats": result.beats,
        "written": write,
        "unit": "mV",
        "leads": table.to_dict("records"),
        "notes": reconstruction_notes(result),
        "seeds": list(result.seeds),
        "notice": "Partly synthetic ECG. Not for diagnosis.",
    }
    (folder / CARD).write_text(json.dumps(card, indent=2) + "\n")
    if write != "none":
        save_sheets([_sheet(result, completed)], folder / SHEET)
    return path


def _sheet(result: LeadReconstruction, completed: Recording) -> EcgSheet:
    """Return the sheet of a recording with reconstructed leads, which names them in its footer."""
    text = SheetText(title=result.recording.name, statements=result.recording.comments)
    sheet = recording_sheet(completed, text=text)
    made = [lead for lead in result.leads if lead not in result.plan.exact]
    return replace(sheet, remarks=(*sheet.remarks, *([f"reconstructed: {', '.join(made)}"] if made else [])))


def lead_table(result: LeadReconstruction) -> pd.DataFrame:
    """Return a row for each wanted lead: how it was made, and how certain it is."""
    widths = (result.upper_mv - result.lower_mv)[:, ~result.missing].mean(axis=1)
    source = ", ".join(lead for lead in result.plan.given if lead in LIMB_LEADS)
    rows = [
        {
            "lead": lead,
            "made": f"derived from {source}" if lead in result.plan.exact else "reconstructed",
            "determined": result.determined[lead],
            "mean_interval_width_mv": 0.0 if lead in result.plan.exact else float(width),
        }
        for lead, width in zip(result.leads, widths, strict=True)
    ]
    return pd.DataFrame(rows)


def reconstruction_notes(result: LeadReconstruction) -> list[str]:
    """Return in plain words what the given leads determine, and what they do not."""
    given, shares = ", ".join(result.plan.given), result.determined
    notes = [*result.plan.notes]
    if exact := [lead for lead in result.leads if lead in result.plan.exact]:
        notes.append(f"{', '.join(exact)} follow exactly from the given limb leads")
    made = {lead: share for lead, share in shares.items() if lead not in result.plan.exact}
    hardly = [f"{lead} ({100 * share:.0f} %)" for lead, share in made.items() if share < HARDLY]
    if hardly:
        notes.append(
            f"hardly determined by {given}: {', '.join(hardly)}, less than half of the variance each; what "
            "is written there is one of many possible signals"
        )
    if made:
        notes.append(
            "reconstructed leads show what is usual beside such a signal; what the given leads do not show, "
            "such as an infarction of another wall, is not in them"
        )
    return notes
