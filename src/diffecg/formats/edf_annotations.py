"""Annotations of EDF+ and BDF+ files: notes, gaps, the end of the recording, and when data records begin."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

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
    labels: tuple[str, ...] = ()
    """Names of the signals, which annotations of gaps contain."""
    end_s: float | None = None
    """Annotated end of the recording within the last data record, in s; None if it is not annotated."""

    def __call__(self) -> tuple[Annotation, ...]:
        """Return the annotations, without those of gaps and of the end."""
        return tuple(
            from_text(note.text, note.onset_s, note.duration_s)
            for note in self.notes
            if _gap_row(note, self.labels) is None and not (note.text == END and note.onset_s == self.end_s)
        )


def read_notes(file: EdfFile, labels: Sequence[str]) -> Notes:
    """Read the annotations of a file whose signals have the given names.

    Raises:
        DiffecgError: an annotation at an implausible time, or one that is damaged.
    """
    onsets: list[Decimal] = []
    notes: list[tuple[Decimal, float, str]] = []
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
            notes += [(at, for_s, text) for at, for_s, texts in lists for text in texts]
    first = onsets[0] if onsets else Decimal(0)
    ordered = tuple(
        Note(onset_s=float(at - first), duration_s=for_s, text=text)
        for at, for_s, text in sorted(notes, key=lambda note: note[0])
    )
    last_onset_s = float(onsets[-1] - first) if onsets else 0.0
    ends = [n.onset_s for n in ordered if n.text == END and 0 < n.onset_s - last_onset_s < file.record_s]
    return Notes(
        notes=ordered,
        record_onsets_s=tuple(float(onset - first) for onset in onsets),
        first_onset_s=float(first),
        labels=tuple(labels),
        end_s=min(ends, default=None),
    )


def _records(file: EdfFile) -> Iterator[UInt8[np.ndarray, " byte"]]:
    """Yield the bytes of each data record."""
    step = max(1, BLOCK_SAMPLES // file.record_bytes)
    for first in range(0, file.records, step):
        yield from file.read(first, min(first + step, file.records))


def _parse(content: bytes, path: Path) -> list[tuple[Decimal, float, list[str]]]:
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
        onset_s, duration_s = Decimal(match[1].decode()), float(match[2] or 0)
        if not float(abs(onset_s)) + duration_s < _MAX_ABS_TIME_S:
            raise DiffecgError(f"{path} has an annotation at an implausible time, {onset_s:g} s")
        lists.append((onset_s, duration_s, [_decode(text) for text in texts] or [""]))
    return lists


def _decode(text: bytes) -> str:
    """Return a text in UTF-8, as EDF+ demands, else in Latin-1."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1")


def gaps(notes: Sequence[Note], labels: Sequence[str]) -> list[tuple[int, float, float]]:
    """Return the annotated gaps: index of the lead, start and stop in s."""
    rows = [(note, _gap_row(note, labels)) for note in notes]
    return [(row, note.onset_s, note.onset_s + note.duration_s) for note, row in rows if row is not None]


def _gap_row(note: Note, labels: Sequence[str]) -> int | None:
    """Return the index of the lead whose gap an annotation marks; None for any other annotation."""
    label = note.text.removeprefix(MISSING)
    if note.duration_s > 0 and label != note.text and label in labels:
        return list(labels).index(label)
    return None


def from_recording(recording: Recording, leads: Sequence[str], end: float | None) -> list[Note]:
    """Return the annotations of a recording, its gaps and its end, in the order of time.

    Args:
        recording: the recording.
        leads: names of its channels in the file.
        end: end of the recording, in s, if the last data record is padded.
    """
    notes = [
        Note(onset_s=note.time_s, duration_s=note.duration_s, text=clean_text(to_text(note)))
        for note in recording.annotations
    ]
    for row, lead in enumerate(leads):
        rate, (runs,) = recording.source.rates_hz[row], recording.source.missing_runs([row])
        length, whole = recording.source.lengths[row], round(recording.duration_s * rate)
        runs = [*runs, (length, whole)] if length < whole else runs  # other signals are longer
        notes += [
            Note(onset_s=first / rate, duration_s=(stop - first) / rate, text=MISSING + lead)
            for first, stop in runs
        ]
    notes += [Note(onset_s=end, duration_s=0.0, text=END)] if end is not None else []
    return sorted(notes, key=lambda note: note.onset_s)


def encode_records(
    notes: Sequence[Note], records: int, record_s: int, first_onset: Decimal, sample_bytes: int
) -> list[bytes]:
    """Return the annotations as they lie in each data record, all of the same length.

    Annotations are spread over all data records, whatever their time, so that no record has to be long.

    Args:
        notes: annotations in the order of time.
        records: number of data records.
        record_s: duration of a data record, in s.
        first_onset: when the first data record begins, in s after the start that the header states.
        sample_bytes: bytes of a sample, of which the length is a multiple.
    """
    lists = [_encode(note, first_onset) for note in notes]
    share = sum(map(len, lists)) // records + max(map(len, lists), default=0)
    contents, position = [], 0
    for record in range(records):
        content = _plain(first_onset + record * record_s, sign=True) + b"\x14\x14\x00"
        limit = len(content) + share
        while position < len(lists) and len(content) + len(lists[position]) <= limit:
            content += lists[position]
            position += 1
        contents.append(content)
    width = -(-max(map(len, contents)) // sample_bytes) * sample_bytes
    return [content.ljust(width, b"\x00") for content in contents]


def _encode(note: Note, first_onset: Decimal) -> bytes:
    """Return a time-stamped annotation list of one annotation."""
    onset = _plain(Decimal(repr(float(note.onset_s))) + first_onset, sign=True)
    duration = b"\x15" + _plain(Decimal(repr(float(note.duration_s)))) if note.duration_s > 0 else b""
    return onset + duration + b"\x14" + note.text.encode("utf-8", "replace") + b"\x14\x00"


def _plain(value: Decimal, *, sign: bool = False) -> bytes:
    """Return a decimal number without exponent."""
    return format(value, "+f" if sign else "f").encode()


def clean_text(text: str) -> str:
    """Return a text without the characters that EDF+ uses itself."""
    return _FORBIDDEN.sub(" ", text)
