"""Headers of WFDB records (https://physionet.org/physiotools/wag/header-5.htm).

The parser of wfdb 4.3 drops every character that is not ASCII, so that ``/µV`` becomes volts, and takes file
names with a path or with several dots for other fields.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, time
from itertools import zip_longest
from pathlib import Path

from diffecg.errors import DiffecgError
from diffecg.formats.file_time import FileTime

DEFAULT_RATE_HZ, DEFAULT_GAIN, DEFAULT_UNIT = 250.0, 200.0, "mV"
"""Values of fields that a header leaves out."""

_MAX_COUNT = 10**12
"""Largest plausible number of samples per frame, frames of skew, and first byte."""

_FORMAT = re.compile(r"(?P<fmt>\d+)(?:x(?P<frame>\d+))?(?::(?P<skew>\d+))?(?:\+(?P<offset>\d+))?$")
_GAIN = re.compile(r"(?P<gain>[^(/]*)(?:\((?P<baseline>[^)]*)\))?(?:/(?P<unit>.*))?$")


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True, kw_only=True)
class SignalLine:
    """A signal of a record."""

    file: str
    """File of the samples, relative to the header; ``~`` if there is none."""
    fmt: str
    """Format of the samples, such as ``212``."""
    per_frame: int = 1
    """Samples per frame."""
    skew: int = 0
    """Frames by which the signal lies behind the others in the file."""
    offset: int = 0
    """First byte of the samples in the file."""
    gain: float = DEFAULT_GAIN
    """Stored steps per unit."""
    has_gain: bool = True
    """Whether the header states the gain, and not 0."""
    baseline: float = 0.0
    """Stored value of zero."""
    unit: str = DEFAULT_UNIT
    initial: int = 0
    """First stored value."""
    checksum: int | None = None
    """Sum of the stored values modulo 65536; None: not stated."""
    name: str = ""
    """Description of the signal."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """Header of a WFDB record; its segments are records of their own."""

    frame_rate_hz: float
    """Frames per second; a frame holds at least one sample of each signal."""
    frames: int | None
    """Number of frames; None: not stated."""
    signal_count: int
    signals: tuple[SignalLine, ...] = ()
    segments: tuple[tuple[str, int], ...] = ()
    """Name (``~`` for a gap) and number of frames of each segment; empty for a record without segments."""
    time: FileTime = field(default_factory=FileTime)
    comments: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    """Fields that could not be read."""


def read_header(path: Path) -> Header:
    """Read the header of a record, given without suffix.

    Raises:
        DiffecgError: the file is missing or damaged.
    """
    if not path.name:
        raise DiffecgError(f"{str(path)!r} is not the name of a recording; name a file, such as mitdb/100")
    file = path.with_name(path.name + ".hea")
    try:
        content = file.read_bytes()
    except (OSError, ValueError) as error:  # Path.is_file raises OSError, too; ValueError: a null byte
        raise DiffecgError(_absence(path, file, error)) from error
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    lines = [line.strip() for line in re.split(r"\r\n|\r|\n", text) if line.strip()]
    comments = tuple(line.lstrip("#").strip() for line in lines if line.startswith("#"))
    lines = [line for line in lines if not line.startswith("#")]
    try:
        return _parse(path.name, lines, comments)
    except (ValueError, IndexError, OverflowError) as error:
        raise DiffecgError(f"{file} cannot be read as the header of a WFDB record ({error})") from error


def _absence(path: Path, header: Path, error: Exception) -> str:
    """Return why there is no recording at a path, and the way out."""
    is_absent = isinstance(error, FileNotFoundError)  # otherwise the name itself may be impossible
    if is_absent and path.is_dir():
        return f"{path} is a folder; name one of its recordings, such as {path / 'NAME'}"
    if is_absent and path.is_file():
        return (
            f"{path} is of no format that is read; describe samples without a header to WFDB by a text file "
            f"{path.with_suffix('.hea').name} beside them, as the page on file formats shows, or convert them"
        )
    return f"no recording at {path}: neither {path.name} nor {header.name} is in {path.parent}"


def _parse(name: str, lines: list[str], comments: tuple[str, ...]) -> Header:
    """Return the header of lines without comments.

    Raises:
        ValueError: a field is not of the form that it must have.
        IndexError: a field is missing.
    """
    record, *rest = lines
    if " " in name and record.startswith(f"{name} "):  # a name with spaces, which WFDB does not allow
        record = record.replace(" ", "_", name.count(" "))
    fields = record.split()
    _, _, segment_count = fields[0].rpartition("/")
    if not segment_count.isdecimal() or segment_count == name:  # the name has a path in front, or no segments
        segment_count = ""
    signal_count = int(fields[1])
    frames = int(fields[3]) if len(fields) > 3 else 0
    rest = rest[: int(segment_count) if segment_count else signal_count]
    if len(rest) < (int(segment_count) if segment_count else signal_count):
        raise ValueError(f"it claims {segment_count or signal_count} lines and has {len(rest)}")
    start, warnings = _time(fields[4:6])
    header = Header(
        frame_rate_hz=float(re.split(r"[/(]", fields[2])[0]) if len(fields) > 2 else DEFAULT_RATE_HZ,
        frames=frames or None,
        signal_count=signal_count,
        signals=() if segment_count else tuple(_signal(line) for line in rest),
        segments=tuple(_segment(line) for line in rest) if segment_count else (),
        time=start,
        comments=comments,
        warnings=warnings,
    )
    if header.frame_rate_hz <= 0:
        raise ValueError(f"a sampling rate of {header.frame_rate_hz:g} Hz; it must be positive")
    return header


def _signal(line: str) -> SignalLine:
    """Return a signal line; fields from the right may be left out."""
    fields = line.split(maxsplit=8)
    names = ("file", "format", "gain", "resolution", "zero", "initial", "checksum", "block", "name")
    given = dict(zip_longest(names, fields, fillvalue=""))
    layout = _FORMAT.match(given["format"])
    gain = _GAIN.match(given["gain"])
    if layout is None or gain is None or not given["file"].isprintable():
        raise ValueError(f"the line {line!r} describes no signal")
    zero = given["zero"] or "0"
    if max(int(layout[part] or 0) for part in ("frame", "skew", "offset")) > _MAX_COUNT:
        raise ValueError(f"the line {line!r} counts beyond {_MAX_COUNT}")
    return SignalLine(
        file=given["file"],
        fmt=layout["fmt"],
        per_frame=int(layout["frame"] or 1) or 1,
        skew=int(layout["skew"] or 0),
        offset=int(layout["offset"] or 0),
        gain=float(gain["gain"] or 0) or DEFAULT_GAIN,
        has_gain=float(gain["gain"] or 0) != 0,
        baseline=float(gain["baseline"] or zero),
        unit=(gain["unit"] or DEFAULT_UNIT).strip(),
        initial=int(given["initial"] or zero),
        checksum=int(given["checksum"]) if given["checksum"] else None,
        name=given["name"].strip(),
    )


def _segment(line: str) -> tuple[str, int]:
    name, length = line.split()[:2]
    return name, int(length)


def _time(fields: list[str]) -> tuple[FileTime, tuple[str, ...]]:
    """Return the time axis of the base time and date, and warnings of those that are none.

    The date is written ``DD/MM/YYYY``; the challenges of 2020 and 2021 write ``05-Feb-2020`` before the time.
    """
    dates = [field for field in fields if "/" in field or "-" in field]
    times = [field for field in fields if field not in dates]
    start_time, start_date, warnings = None, None, []
    try:
        start_time = _clock(times[0]) if times else None
    except ValueError:
        warnings.append(f"the header's base time {times[0]!r} is not a time of day; it is not kept")
    try:
        start_date = _date(dates[0]) if dates else None
    except ValueError:
        warnings.append(f"the header's base date {dates[0]!r} is not a date; it is not kept")
    return FileTime(start_date=start_date, start_time=start_time), tuple(warnings)


def _clock(text: str) -> time:
    """Return a time of day ``HH:MM:SS.SSS``, with leading parts left out; square brackets are allowed.

    Raises:
        ValueError: it is not a time of day.
    """
    *hours, seconds = text.strip("[]").split(":")
    hour, minute = [0, 0, *(int(part) for part in hours)][-2:]
    whole, _, fraction = seconds.partition(".")
    return time(hour, minute, int(whole or 0), int(fraction.ljust(6, "0")[:6]) if fraction else 0)


def _date(text: str) -> date:
    """Return a date ``DD/MM/YYYY``, ``DD-Mon-YYYY`` or ``YYYY-MM-DD``.

    Raises:
        ValueError: it is not a date.
    """
    day, month, year = re.split("[/-]", text.strip("[]"))
    if len(day) == 4:  # 2020-02-05
        day, year = year, day
    number = int(month) if month.isdigit() else _MONTHS.index(month.lower()[:3]) + 1
    return date(int(year), number, int(day))


def write_header(path: Path, header: Header) -> None:
    """Write the header of a record without segments; texts must be ASCII.

    Args:
        path: the record, without suffix.
        header: header with number of frames, initial values and checksums.
    """
    day, clock = header.time.start
    record = [path.name, str(len(header.signals)), _number(header.frame_rate_hz), str(header.frames)]
    if clock is not None or day is not None:
        record.append((clock or time()).isoformat("auto"))
    if day is not None:
        record.append(f"{day.day:02d}/{day.month:02d}/{day.year:04d}")
    lines = [" ".join(record)]
    for signal in header.signals:
        bits = {"16": 16, "32": 32}[signal.fmt]
        frame = f"x{signal.per_frame}" if signal.per_frame > 1 else ""
        scale = f"{_number(signal.gain)}({int(signal.baseline)})/{signal.unit}"
        start = f"{signal.file} {signal.fmt}{frame} {scale} {bits} 0"
        lines.append(f"{start} {signal.initial} {signal.checksum} 0 {signal.name}")
    lines += [f"# {comment}" for comment in header.comments]
    path.with_name(path.name + ".hea").write_text("\n".join(lines) + "\n", encoding="ascii")


def _number(value: float) -> str:
    """Return a number in the shortest form that is read as the same number, without an exponent."""
    import numpy as np

    return np.format_float_positional(value, unique=True, trim="-")
