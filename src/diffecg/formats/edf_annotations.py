"""Annotations of EDF+ and BDF+ files: notes, gaps, the end of the recording, and when data records begin."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from diffecg.errors import DiffecgError
from diffecg.formats.annotations import Annotation, from_text, to_text
from diffecg.formats.edf_file import EdfFile
from diffecg.formats.recording import Recording
from diffecg.formats.samples import BLOCK_SAMPLES

END = "end of recording"
"""Annotates the first sample of the padding that fills the last data record."""

MISSING = "missing "
"""Precedes the name of a lead in the annotation of a gap: EDF has no value for missing samples."""

_MAX_ABS_TIME_S = 1e9
"""Largest plausible time of an annotation, in s."""

_TIMING = re.compile(rb"([+-]\d+(?:\.\d*)?)(?:\x15(\d+(?:\.\d*)?))?$")
"""Onset and duration of a time-stamped annotation list, in s."""

_FORBIDDEN = re.compile(r"[\x00\x14\x15]")
"""Characters that end a text, a list or an onset."""


@dataclass(frozen=True, kw_only=True)
class Note:
    """A time-stamped annotation of EDF+."""

    onset_s: float
    """Time from the first sample, in s."""
    duration_s: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Notes:
    """The annotations of a file; calling it returns those of the recording."""

    notes: tuple[Note, ...]
    record_onsets_s: tuple[float, ...]
    """When each data record begins, in s from the first one; empty if the file does not tell."""
    first_onset_s: float = 0.0
    """When the first data record begins, in s from the start that the header states."""

    def __call__(self) -> tuple[Annotation, ...]:
        """Return the annotations, without those of gaps and of the end."""
        return tuple(
            from_text(note.text, note.onset_s, note.duration_s)
            for note in self.notes
            if not is_own(note.text)
        )


def is_own(text: str) -> bool:
    """Return whether diffecg wrote an annotation to mark a gap or the end."""
    return text == END or text.startswith(MISSING)


def read_notes(file: EdfFile) -> Notes:
    """Read the annotations of a file.

    Raises:
        DiffecgError: an annotation at an implausible time, or one that is damaged.
    """
    onsets: list[float] = []
    notes: list[Note] = []
    signals = [position for position, signal in enumerate(file.signals) if signal.is_annotation]
    for position, signal in enumerate(signals):
        columns = file.columns(signal)
        for record in _records(file):
            lists = _parse(record[columns].tobytes(), file.path)
            if position == 0:  # the first list of the first annotation signal tells when the record begins
                if not lists:
                    raise DiffecgError(f"{file.path} has a data record without its time; the file is damaged")
                onsets.append(lists[0][0])
                lists = [(lists[0][0], lists[0][1], lists[0][2][1:]), *lists[1:]]
            notes += [
                Note(onset_s=at, duration_s=for_s, text=text) for at, for_s, texts in lists for text in texts
            ]
    first = onsets[0] if onsets else 0.0
    if first:
        onsets = [round(onset - first, 9) for onset in onsets]
        notes = [replace(note, onset_s=round(note.onset_s - first, 9)) for note in notes]
    return Notes(
        notes=tuple(sorted(notes, key=lambda note: note.onset_s)),
        record_onsets_s=tuple(onsets),
        first_onset_s=first,
    )


def _records(file: EdfFile) -> Iterator[UInt8[np.ndarray, " byte"]]:
    """Yield the bytes of each data record."""
    step = max(1, BLOCK_SAMPLES // file.record_bytes)
    for first in range(0, file.records, step):
        yield from file.read(first, min(first + step, file.records))


def _parse(content: bytes, path: Path) -> list[tuple[float, float, list[str]]]:
    """Return onset, duration and texts of each time-stamped annotation list of a data record.

    Raises:
        DiffecgError: a list has no onset, or one at an implausible time.
    """
    lists = []
    for part in content.split(b"\x14\x00"):
        part = part.strip(b"\x00")
        if not part:
            continue
        timing, *texts = part.split(b"\x14")
        match = _TIMING.match(timing)
        if match is None:
            raise DiffecgError(
                f"{path} has an annotation without a time, {timing[:40]!r}; the file is damaged"
            )
        onset_s, duration_s = float(match[1]), float(match[2] or 0)
        if not abs(onset_s) + duration_s < _MAX_ABS_TIME_S:
            raise DiffecgError(f"{path} has an annotation at an implausible time, {onset_s:g} s")
        lists.append((onset_s, duration_s, [_decode(text) for text in texts] or [""]))
    return lists


def _decode(text: bytes) -> str:
    """Return a text in UTF-8, as EDF+ demands, else in Latin-1."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1")


def gaps(notes: Sequence[Note], leads: Sequence[str]) -> list[tuple[int, float, float]]:
    """Return the annotated gaps: index of the lead, start and stop in s."""
    names = {MISSING + lead: row for row, lead in enumerate(leads)}
    return [
        (names[note.text], note.onset_s, note.onset_s + note.duration_s)
        for note in notes
        if note.text in names
    ]


def end_s(notes: Sequence[Note]) -> float | None:
    """Return the annotated end of the recording, in s; None if it is not annotated."""
    return min((max(note.onset_s, 0.0) for note in notes if note.text == END), default=None)


def from_recording(recording: Recording, leads: Sequence[str], end: float | None) -> list[Any]:
    """Return the annotations of a recording, its gaps and its end as annotations of edfio.

    Args:
        recording: the recording.
        leads: names of its channels in the file.
        end: end of the recording, in s, if the last data record is padded.
    """
    import edfio

    annotations = [
        edfio.EdfAnnotation(note.time_s, note.duration_s or None, clean_text(to_text(note)))
        for note in recording.annotations
    ]
    for row, lead in enumerate(leads):
        rate, (runs,) = recording.source.rates_hz[row], recording.source.missing_runs([row])
        annotations += [
            edfio.EdfAnnotation(first / rate, (stop - first) / rate, MISSING + lead) for first, stop in runs
        ]
    return annotations + ([edfio.EdfAnnotation(end, None, END)] if end is not None else [])


def clean_text(text: str) -> str:
    """Return a text without the characters that EDF+ uses itself."""
    return _FORBIDDEN.sub(" ", text)
