"""Composed recordings out: annotated recordings, a picture, a card."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from diffecg.compose.recording import Composition
from diffecg.files import CARD
from diffecg.formats.recording import Annotation, Recording
from diffecg.formats.registry import file_name, write_recording
from diffecg.formats.wfdb import DIGITS_PER_MV
from diffecg.plotting.figures import rhythm_figure, save

SHOWN_S, ROWS = 10.0, 6
"""Of a row of the picture, and how many rows there are at most."""


def as_annotated_recording(composed: Composition, name: str) -> Recording:
    """Return a recording with an annotation for each beat, and a note where noise begins or ends.

    Args:
        composed: the recording.
        name: of the recording.
    """
    leads = len(composed.leads)
    beats = [Annotation(sample, label) for sample, label in composed.beats]
    notes = [Annotation(sample, '"', words) for sample, words in composed.notes]
    annotations = tuple(sorted([*beats, *notes], key=lambda one: one.sample))
    return Recording(
        name,
        composed.fs_hz,
        composed.leads,
        ("mV",) * leads,
        np.rint(composed.signal_mv * DIGITS_PER_MV).astype(np.int64),
        (DIGITS_PER_MV,) * leads,
        (0.0,) * leads,
        np.zeros(composed.signal_mv.shape, dtype=bool),
        Path(name),
        comments=(f"synthetic ECG, not of any person: see {CARD}",),
        annotations=lambda: annotations,
    )


def write_composed(
    folder: Path, composed: Sequence[Composition], name: str, suffix: str = ""
) -> dict[str, Any]:
    """Write recordings of the same beats into ``folder``, and return what the card says.

    Args:
        folder: an empty folder.
        composed: one or more draws.
        name: of the first recording; others get a number.
        suffix: of the format, as :func:`diffecg.formats.registry.write_recording` takes it.
    """
    files = []
    for place, one in enumerate(composed):
        recording = as_annotated_recording(one, name if len(composed) == 1 else f"{name}_{place}")
        files.append(write_recording(folder / file_name(recording, suffix), recording).name)
    first = composed[0]
    save(sheet(first, name), folder / "rhythm.png")
    card = {
        **first.info,
        "seeds": [one.info["seed"] for one in composed],
        "recordings": files,
        "fs_hz": first.fs_hz,
        "duration_s": len(first) / first.fs_hz,
        "beats": dict(sorted(Counter(label for _, label in first.beats).items())),
        "notice": "Synthetic ECG. Not for diagnosis.",
    }
    (folder / CARD).write_text(json.dumps(card, indent=2) + "\n")
    return card


def sheet(composed: Composition, title: str) -> Any:
    """Return a picture of the beginning, each beat under its label."""
    row = round(SHOWN_S * composed.fs_hz)
    rows = [
        composed.signal_mv[0, first : first + row] for first in range(0, min(len(composed), ROWS * row), row)
    ]
    return rhythm_figure(rows, composed.fs_hz, composed.beats, SHOWN_S, title)
