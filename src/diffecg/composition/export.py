"""Write composed recordings with annotations, a figure and a data card."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from diffecg.composition.steps import STEPS_KEY
from diffecg.files import CARD
from diffecg.formats.recording import Recording
from diffecg.formats.registry import file_name, write_recording
from diffecg.formats.scaling import digitise
from diffecg.formats.strip_sheet import strip_sheets
from diffecg.plotting.sheet import EcgSheet, SheetText
from diffecg.plotting.sheet_figure import save_sheets

SHEET_S = 60.0
"""Time on the sheet of a composed recording."""
SHEETS = ("rhythm.pdf", "rhythm.png")
"""Files of the sheet."""


def write_composed(
    folder: Path, recordings: Sequence[Recording], name: str, suffix: str = ""
) -> dict[str, Any]:
    """Write recordings of the same beats into a folder; return the data card.

    Samples are stored with a resolution of 1 uV; those of several leads in the steps that they are whole
    numbers of.

    Args:
        folder: an empty folder.
        recordings: one or more draws.
        name: name of the recording; several get a number.
        suffix: file format, see :func:`diffecg.formats.registry.write_recording`.
    """
    files = []
    comments = synthetic_comments(recordings[0])
    for draw, composed in enumerate(recordings):
        title = name if len(recordings) == 1 else f"{name}_{draw}"
        recording = replace(
            digitise(composed, 16, gain=composed.info.get(STEPS_KEY)),
            name=title,
            path=Path(title),
            comments=comments,
        )
        files.append(write_recording(folder / file_name(recording, suffix), recording).name)
    first = recordings[0]
    sheets = composed_sheets(first, name)
    for file in SHEETS:
        save_sheets(sheets, folder / file)
    card = {
        **first.info,
        "seeds": [recording.info["seed"] for recording in recordings],
        "recordings": files,
        "fs_hz": first.fs_hz,
        "duration_s": first.duration_s,
        "beats": dict(sorted(Counter(first.beats().symbol.tolist()).items())),
        "notice": "Synthetic ECG. Not for diagnosis.",
    }
    (folder / CARD).write_text(json.dumps(card, indent=2) + "\n")
    return card


def composed_sheets(recording: Recording, title: str) -> list[EcgSheet]:
    """Return the sheets of the first minute of a composed recording: lead II, with a label at each beat.

    Without a lead II, it is the first lead. The rhythm and the statements are written above it.
    """
    leads = [recording.channel_names[recording.default_lead()]]
    remarks = [f"seed {recording.info['seed']}"]
    text = SheetText(title=title, statements=description(recording))
    return strip_sheets(recording, leads, duration_s=SHEET_S, text=text, remarks=remarks)


def synthetic_comments(recording: Recording) -> tuple[str, ...]:
    """Return the comments in the file of a composed recording: that it is synthetic, and its description."""
    return f"synthetic ECG, not of any person: see {CARD}", *description(recording)


def description(recording: Recording) -> list[str]:
    """Return the rhythm and the statements of a composed recording, each in a line."""
    rhythm, statements = recording.info["rhythm"], recording.info.get("labels")
    lines = [f"rhythm: {rhythm['text']}"] if rhythm else []
    return [*lines, f"statements: {', '.join(statements)}"] if statements else lines
