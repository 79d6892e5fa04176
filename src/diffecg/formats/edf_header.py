"""Headers of EDF and BDF files that are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time

from diffecg.formats.edf_scale import HeaderScale

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")

LABEL_LENGTH, UNIT_LENGTH = 16, 8
"""Characters of the name and of the unit of a signal."""

_VERSIONS = {2: b"0", 3: b"\xffBIOSEMI"}
"""First field, by the bytes of a sample."""

ANNOTATIONS = {2: "EDF Annotations", 3: "BDF Annotations"}
"""Name of the signal that holds annotations, by the bytes of a sample."""


@dataclass(frozen=True, kw_only=True)
class SignalHeader:
    """What the header states about a signal."""

    label: str
    scale: HeaderScale
    samples: int
    """Samples in a data record."""
    transducer: str = ""
    prefiltering: str = ""


@dataclass(frozen=True, kw_only=True)
class FileHeader:
    """What the header states about a file."""

    sample_bytes: int
    """Bytes of a sample: 2 in EDF, 3 in BDF."""
    records: int
    record_s: int
    """Duration of a data record, in seconds."""
    start_date: date | None
    start_time: time | None
    signals: tuple[SignalHeader, ...]
    patient: str = ""
    """Patient field, as it is written; empty: unknown."""
    recording: str = ""
    """Recording field, as it is written; empty: only the date."""


def encode_header(header: FileHeader, annotation_samples: int) -> bytes:
    """Return the header of an EDF+C or BDF+C file; the last signal holds annotations.

    Args:
        header: what it states.
        annotation_samples: samples of the annotation signal in a data record.
    """
    bits = 8 * header.sample_bytes
    limits = HeaderScale(
        digital=(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1), physical=("-1", "1"), unit="", error=0.0
    )
    annotations = SignalHeader(
        label=ANNOTATIONS[header.sample_bytes], scale=limits, samples=annotation_samples
    )
    signals = (*header.signals, annotations)
    day, clock = header.start_date, header.start_time or time()
    stated = "X" if day is None else f"{day.day:02d}-{_MONTHS[day.month - 1]}-{day.year:04d}"
    kind = "EDF" if header.sample_bytes == 2 else "BDF"
    fields = [
        _field(_VERSIONS[header.sample_bytes], 8),
        _field(header.patient or "X X X X", 80),
        _field(header.recording or f"Startdate {stated} X X X", 80),
        _field((day or date(1985, 1, 1)).strftime("%d.%m.%y"), 8),
        _field(clock.strftime("%H.%M.%S"), 8),
        _field(str(256 * (len(signals) + 1)), 8),
        _field(f"{kind}+C", 44),
        _field(str(header.records), 8),
        _field(str(header.record_s), 8),
        _field(str(len(signals)), 4),
    ]
    return b"".join(fields) + _signal_fields(signals)


def _signal_fields(signals: Sequence[SignalHeader]) -> bytes:
    """Return the fields of all signals, one field after the other."""
    columns = [
        (LABEL_LENGTH, [signal.label for signal in signals]),
        (80, [signal.transducer for signal in signals]),
        (UNIT_LENGTH, [signal.scale.unit for signal in signals]),
        (8, [signal.scale.physical[0] for signal in signals]),
        (8, [signal.scale.physical[1] for signal in signals]),
        (8, [str(signal.scale.digital[0]) for signal in signals]),
        (8, [str(signal.scale.digital[1]) for signal in signals]),
        (80, [signal.prefiltering for signal in signals]),
        (8, [str(signal.samples) for signal in signals]),
        (32, ["" for _ in signals]),
    ]
    return b"".join(_field(text, width) for width, texts in columns for text in texts)


def _field(text: str | bytes, width: int) -> bytes:
    """Return a field of fixed width."""
    content = text if isinstance(text, bytes) else text.encode("ascii", "replace")
    return content.ljust(width)[:width]
