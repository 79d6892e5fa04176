"""Composed recordings out: annotated recordings, a picture, a card."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from diffecg.files import CARD
from diffecg.formats.recording import Recording
from diffecg.formats.registry import file_name, write_recording
from diffecg.formats.scaling import digitise
from diffecg.plotting.signals import labelled_recording, save_figure

SHOWN_S, ROWS = 10.0, 6
"""Of a row of the picture, and how many rows there are at most."""


def write_composed(
    folder: Path, composed: Sequence[Recording], name: str, suffix: str = ""
) -> dict[str, Any]:
    """Write recordings of the same beats into ``folder``, and return the data card.

    Samples are written in steps of 1 uV.

    Args:
        folder: an empty folder.
        composed: one or more draws.
        name: of the first recording; others get a number.
        suffix: of the format, as :func:`diffecg.formats.registry.write_recording` takes it.
    """
    files = []
    comments = (f"synthetic ECG, not of any person: see {CARD}",)
    for place, one in enumerate(composed):
        title = name if len(composed) == 1 else f"{name}_{place}"
        recording = replace(digitise(one, 16), name=title, path=Path(title), comments=comments)
        files.append(write_recording(folder / file_name(recording, suffix), recording).name)
    first = composed[0]
    save_figure(rhythm_figure_of(first, name), folder / "rhythm.png")
    card = {
        **first.info,
        "seeds": [one.info["seed"] for one in composed],
        "recordings": files,
        "fs_hz": first.fs_hz,
        "duration_s": first.duration_s,
        "beats": dict(sorted(Counter(first.beats().symbol.tolist()).items())),
        "notice": "Synthetic ECG. Not for diagnosis.",
    }
    (folder / CARD).write_text(json.dumps(card, indent=2) + "\n")
    return card


def rhythm_figure_of(recording: Recording, title: str) -> Figure:
    """Return a figure of the beginning, each beat under its label."""
    row, beats = round(SHOWN_S * recording.fs_hz), recording.beats()
    lead = recording.lead_mv(0)
    rows = [lead[first : first + row] for first in range(0, min(len(lead), ROWS * row), row)]
    labelled = list(zip(beats.sample.tolist(), beats.symbol.tolist(), strict=True))
    return labelled_recording(rows, recording.fs_hz, labelled, title)
