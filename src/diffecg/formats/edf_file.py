"""Layout of EDF and BDF files (https://www.edfplus.info/specs/edf.html): header and data records.

edfio parses the header. Data records are read here, because edfio loads BDF files as a whole, refuses or
drops records where the header does not match the file, and does not tell when records of EDF+D begin.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, time
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int, UInt8

from diffecg.errors import DiffecgError, one_line
from diffecg.formats.edf_bytes import RECORD_COUNT, decode_samples, header_encoding, read_header

_DATE = re.compile(rb"(\d{1,2})[.:/-](\d{1,2})[.:/-](\d{2})")
"""Date of the header: dd.mm.yy."""


@dataclass(frozen=True, kw_only=True)
class EdfSignal:
    """Header of a signal."""

    label: str
    unit: str
    physical: tuple[float, float]
    """Values of the digital bounds; equal if there is no scale."""
    digital: tuple[int, int]
    """Stored values at the bounds."""
    samples: int
    """Samples in a data record."""
    is_annotation: bool
    transducer: str = ""
    prefiltering: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class EdfFile:
    """An EDF or BDF file: header, and where its data records lie."""

    path: Path
    name: str
    """Name of the format, such as ``EDF+C``."""
    signals: tuple[EdfSignal, ...]
    """All signals, annotation signals included."""
    start_date: date | None
    """Date of the header, where it is stated."""
    start_time: time | None
    """Time of the header, in whole seconds."""
    record_s: float
    """Duration of a data record, in seconds; 0 if the file has annotations only."""
    records: int
    """Number of data records in the file."""
    header_bytes: int
    sample_bytes: int
    """Bytes of a sample: 2 in EDF, 3 in BDF."""
    patient: str = ""
    """Patient field of the header."""
    recording: str = ""
    """Recording field of the header."""
    warnings: tuple[str, ...] = ()

    @property
    def is_plus(self) -> bool:
        """Whether the header follows EDF+ or BDF+."""
        return "+" in self.name

    @property
    def record_bytes(self) -> int:
        """Bytes of a data record."""
        return sum(signal.samples for signal in self.signals) * self.sample_bytes

    def read(self, first: int, stop: int) -> UInt8[np.ndarray, "record byte"]:
        """Return the bytes of the data records ``first`` to ``stop`` (exclusive)."""
        size = self.record_bytes
        offset = self.header_bytes + first * size
        return np.fromfile(self.path, dtype=np.uint8, count=(stop - first) * size, offset=offset).reshape(
            -1, size
        )

    def columns(self, signal: int) -> slice:
        """Return where a signal lies in the bytes of a data record."""
        first = sum(other.samples for other in self.signals[:signal]) * self.sample_bytes
        return slice(first, first + self.signals[signal].samples * self.sample_bytes)

    def stored(self, signals: Sequence[int], first: int, stop: int) -> list[Int[np.ndarray, " time"]]:
        """Return the stored integers of signals in the records ``first`` to ``stop`` (exclusive)."""
        content = self.read(first, stop)
        return [decode_samples(content[:, self.columns(signal)], self.sample_bytes) for signal in signals]


def open_edf(path: Path) -> EdfFile:
    """Read the header of an EDF or BDF file, and find out how many data records it has.

    Raises:
        DiffecgError: the file is missing, or its header is damaged.
    """
    import edfio

    if not path.is_file():
        raise DiffecgError(f"no file at {path}")
    is_bdf = path.suffix.lower() == ".bdf"
    content = read_header(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that there are no records
            header: Any = (
                edfio.read_bdf(io.BytesIO(content), header_encoding=header_encoding(content))
                if is_bdf
                else edfio.read_edf(
                    io.BytesIO(content), lazy_load_data=False, header_encoding=header_encoding(content)
                )
            )
        plain = "BDF" if is_bdf else "EDF"
        plus = header.reserved[:5] in (f"{plain}+C", f"{plain}+D")
        file = EdfFile(
            path=path,
            name=header.reserved[:5] if plus else plain,
            signals=tuple(_signal(signal) for signal in header._signals),
            start_date=_date(header),
            start_time=_time(content[176:184]),
            record_s=float(header.data_record_duration),
            records=0,
            header_bytes=len(content),
            sample_bytes=3 if is_bdf else 2,
            patient=header.local_patient_identification.strip("\0 "),
            recording=header.local_recording_identification.strip("\0 "),
        )
        return _with_records(file, int(content[RECORD_COUNT]))
    except DiffecgError:
        raise
    except Exception as error:  # edfio raises exceptions of many types for damaged files
        kind = "BDF" if is_bdf else "EDF"
        raise DiffecgError(f"{path} cannot be read as {kind} ({one_line(error)})") from error


def _signal(header: Any) -> EdfSignal:
    """Return the header of a signal of edfio."""
    return EdfSignal(
        label=header.label.strip("\0 "),
        unit=header.physical_dimension,
        physical=(float(header.physical_min), float(header.physical_max)),
        digital=(int(header.digital_min), int(header.digital_max)),
        samples=int(header.samples_per_data_record),
        is_annotation=header._is_annotation_signal,
        transducer=header.transducer_type.strip("\0 "),
        prefiltering=header.prefiltering.strip("\0 "),
    )


def _date(header: Any) -> date | None:
    """Return the date of a header of edfio, that of EDF+ first; None where it is anonymised or not a date."""
    import edfio

    try:
        return header.recording.startdate
    except edfio.AnonymizedDateError:
        return None
    except Exception:  # no header of EDF+: exceptions of many types
        match = _DATE.fullmatch(header._startdate.strip())
    try:
        return date(_century(int(match[3])), int(match[2]), int(match[1])) if match else None
    except ValueError:
        return None


def _century(year: int) -> int:
    """Return a year of two digits in full: 1985 to 2084."""
    return year + (1900 if year >= 85 else 2000)


def _time(field: bytes) -> time | None:
    """Return the time of a header (``hh.mm.ss``); None if it is not a time."""
    try:
        hour, minute, second = (int(part) for part in re.split(rb"[.:]", field.strip()))
        return time(hour, minute, second)
    except ValueError:
        return None


def _with_records(file: EdfFile, declared: int) -> EdfFile:
    """Return the file with the number of its data records, which the header may state wrongly.

    Raises:
        DiffecgError: the header states an impossible size or duration of data records.
    """
    size = file.record_bytes
    if (
        min((signal.samples for signal in file.signals), default=0) < 0
        or size == 0
        or not (file.record_s == 0 or 1e-6 <= file.record_s < 1e6)
    ):
        raise DiffecgError(
            f"{file.path} has data records of {size} bytes and {file.record_s:g} s; the header is damaged"
        )
    records, rest = divmod(file.path.stat().st_size - file.header_bytes, size)
    notes = []
    if declared == -1:
        notes.append(f"the header states no number of data records (-1); the file has {records}")
    elif declared != records:
        notes.append(f"the header states {declared} data records; the file has {records}, which are read")
    if rest:
        notes.append(f"{rest} bytes after the last whole data record are not read")
    return replace(file, records=records, warnings=tuple(notes))
