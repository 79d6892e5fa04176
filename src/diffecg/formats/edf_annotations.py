"""Annotations of EDF+ and BDF+ files: events, gaps and the end of the recording."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool

from diffecg.errors import DiffecgError
from diffecg.formats.annotations import Annotation
from diffecg.formats.recording import Recording
from diffecg.signal.runs import true_runs

END = "end of recording"
"""Annotates the first sample of the padding that fills the last data record."""

MISSING = "missing "
"""Precedes the name of a lead in the annotation of a gap: EDF has no value for missing samples."""

_MAX_ABS_TIME_S = 1e9
"""Largest plausible time of an annotation, in s."""

_SYMBOLS = frozenset("NLRBAaJSVrFejnE/fQ?+~|[]!x()ptu`'^\"=*D@")


class Note(NamedTuple):
    """A time-stamped annotation of EDF+."""

    onset_s: float
    duration_s: float
    text: str


def read_notes(edf: Any, path: Path) -> list[Note]:
    """Return the annotations of a file of edfio.

    Raises:
        DiffecgError: an annotation at an implausible time.
    """
    notes = [Note(note.onset, note.duration or 0.0, note.text) for note in edf.annotations]
    for note in notes:
        if not abs(note.onset_s) + note.duration_s < _MAX_ABS_TIME_S:
            raise DiffecgError(f"{path} has an annotation at an implausible time, {note.onset_s:g} s")
    return notes


def missing_samples(
    notes: Sequence[Note], leads: tuple[str, ...], fs_hz: float, samples: int
) -> Bool[np.ndarray, "channel time"]:
    """Return a mask that is True in the gaps that are annotated."""
    missing = np.zeros((len(leads), samples), dtype=bool)
    for note in notes:
        lead = note.text.removeprefix(MISSING)
        if note.text.startswith(MISSING) and lead in leads:
            first, stop = round(note.onset_s * fs_hz), round((note.onset_s + note.duration_s) * fs_hz)
            missing[leads.index(lead), first:stop] = True
    return missing


def end_sample(notes: Sequence[Note], fs_hz: float, samples: int) -> int:
    """Return the number of samples before the annotated end, at most ``samples``."""
    return min([samples, *(max(round(note.onset_s * fs_hz), 0) for note in notes if note.text == END)])


def to_annotations(notes: Sequence[Note], fs_hz: float) -> tuple[Annotation, ...]:
    """Return annotations; a text that begins with a PhysioNet symbol is split into symbol and text."""
    annotations = []
    for note in notes:
        if note.text == END or note.text.startswith(MISSING):
            continue
        symbol, _, text = note.text.partition(" ")
        if symbol not in _SYMBOLS:
            symbol, text = '"', note.text
        annotations.append(Annotation(sample=round(note.onset_s * fs_hz), symbol=symbol, text=text))
    return tuple(annotations)


def from_recording(recording: Recording, *, is_padded: bool) -> list[Any]:
    """Return the annotations of a recording, its gaps and its end as annotations of edfio."""
    import edfio

    fs_hz = recording.fs_hz
    annotations = [
        edfio.EdfAnnotation(note.sample / fs_hz, None, f"{note.symbol} {note.text}".strip())
        for note in recording.annotations
    ]
    annotations += [
        edfio.EdfAnnotation(first / fs_hz, (stop - first) / fs_hz, MISSING + lead)
        for lead, missing in zip(recording.channel_names, recording.missing, strict=True)
        for first, stop in true_runs(missing)
    ]
    end = [edfio.EdfAnnotation(recording.duration_s, None, END)] if is_padded else []
    return annotations + end
