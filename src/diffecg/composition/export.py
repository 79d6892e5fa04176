"""Write composed recordings with annotations, a figure and a data card."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from diffecg.composition.steps import STEPS_KEY
from diffecg.files import CARD
from diffecg.formats.recording import Recording
from diffecg.formats.registry import file_name, write_recording
from diffecg.formats.scaling import digitise
from diffecg.plotting.signals import labelled_recording, save_figure

ROW_S, MAX_ROWS = 10.0, 6
"""Length of a row of the figure, and the number of rows."""


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
    comments = (f"synthetic ECG, not of any person: see {CARD}",)
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
    save_figure(composed_figure(first, name), folder / "rhythm.png")
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


def composed_figure(recording: Recording, title: str) -> Figure:
    """Return a figure of the first minute of a recording, with a label at each beat."""
    row, beats = round(ROW_S * recording.fs_hz), recording.beats()
    lead_mv = recording.lead_mv(0)
    rows = [lead_mv[start : start + row] for start in range(0, min(len(lead_mv), MAX_ROWS * row), row)]
    labels = list(zip(beats.sample.tolist(), beats.symbol.tolist(), strict=True))
    return labelled_recording(rows, recording.fs_hz, labels, title)
