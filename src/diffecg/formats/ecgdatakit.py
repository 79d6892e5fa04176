"""Formats of ECG devices that are read through ECGDataKit: DICOM, SCP-ECG, HL7 aECG, MUSE and others.

ECGDataKit rounds sampling rates to whole hertz and leaves what it does not know to its warnings; here the
exact rate is used, samples of an unknown unit are steps (``adu``), and a file whose samples would be at the
wrong time is refused.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from diffecg.errors import DiffecgError, one_line
from diffecg.extras import require
from diffecg.formats.device_rates import exact_rates
from diffecg.formats.file_time import FileTime
from diffecg.formats.naming import distinct_names
from diffecg.formats.options import ReadOptions
from diffecg.formats.recording import Recording
from diffecg.formats.samples import Block, SampleSource
from diffecg.signal.channels import make_channels
from diffecg.signal.units import RAW_UNIT

SUFFIXES = (".dcm", ".dicom", ".scp", ".xml", ".ecg", ".mwf", ".mfer", ".json")
"""Suffixes of files that ECGDataKit reads; what a file is follows from its content."""

_EXPECTED = {
    ".dcm": "DICOM waveform", ".dicom": "DICOM waveform", ".scp": "SCP-ECG", ".ecg": "ISHNE Holter",
    ".xml": "HL7 aECG, GE MUSE, Philips Sierra or Mortara XML", ".mwf": "MFER", ".mfer": "MFER",
    ".json": "Kardia JSON",
}  # fmt: skip

_READABLE = frozenset((
    "DICOM Waveform", "SCP-ECG", "HL7 aECG", "GE MUSE XML", "Philips Sierra XML", "ISHNE Holter", "MFER",
    "Mortara ELI (EL250/ELI280)", "AliveCor Kardia JSON",
))  # fmt: skip
"""Formats, as ECGDataKit names them; those that diffecg reads itself are not among them."""

_ECG_ONLY = _READABLE - {"DICOM Waveform", "MFER"}
"""Formats that hold nothing but ECG leads."""

_WRONG_TIMES = re.compile(r"without a gap")
"""Warnings of ECGDataKit after which samples would be at the wrong time."""

_ISHNE_FAULT = -32768
"""Stored value of a lead fault in ISHNE files."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Lead:
    """Samples of a lead as they are stored, and what they mean."""

    name: str
    unit: str
    fs_hz: float
    gain: float
    baseline: float
    stored: Int[np.ndarray, " time"] | Float[np.ndarray, " time"]
    missing: Bool[np.ndarray, " time"]


class _LeadSource(SampleSource):
    """Samples of leads in memory, each with its own rate and length."""

    def __init__(self, leads: Sequence[_Lead]) -> None:
        self._leads = leads
        self.rates_hz = tuple(lead.fs_hz for lead in leads)
        self.lengths = tuple(len(lead.stored) for lead in leads)
        self.gain = tuple(lead.gain for lead in leads)
        self.baseline = tuple(lead.baseline for lead in leads)
        self.is_integer = all(lead.stored.dtype.kind == "i" for lead in leads)

    def read(self, rows: Sequence[int], start: int, stop: int) -> Block:
        """Return the samples ``start`` to ``stop`` (exclusive) of leads that share a sampling rate."""
        span = slice(start, stop)
        return Block(
            np.stack([self._leads[row].stored[span] for row in rows]).astype(
                np.int64 if self.is_integer else np.float64
            ),
            np.stack([self._leads[row].missing[span] for row in rows]),
        )


def read(path: Path, options: ReadOptions) -> Recording:
    """Read a file of an ECG device; nothing about the patient is taken over but the samples and their time.

    Args:
        path: the file.
        options: ``verify`` is whether checksums must match; the formats state their rate.

    Raises:
        MissingDependencyError: ECGDataKit is not installed.
        DiffecgError: the file is missing, damaged or of another format; its samples cannot be given their
            times.
    """
    if not path.is_file():
        raise DiffecgError(f"no file at {path}")
    record, notes = _parse(path, options.verify)
    rates = exact_rates(record, path)
    leads = [_lead(lead, fs_hz, record, path) for lead, fs_hz in zip(record.leads, rates, strict=True)]
    leads = _same_length(leads)
    names, assumptions = distinct_names([lead.name for lead in leads])
    channels = make_channels(names, [lead.unit for lead in leads])
    if record.file_format.name in _ECG_ONLY:
        channels = tuple(replace(channel, kind="ecg") for channel in channels)
    start = record.recording.date
    return Recording(
        name=path.stem,
        channels=channels,
        source=_LeadSource(leads),
        path=path,
        format=record.file_format.name,
        time=FileTime() if start is None else FileTime.from_datetime(start),
        assumptions=assumptions,
        warnings=tuple(notes),
    )


def _parse(path: Path, verify: bool) -> tuple[Any, list[str]]:
    """Return the record that ECGDataKit reads, samples as they are stored, and its warnings."""
    kit = require("ecgdatakit", "formats")
    expected = _EXPECTED.get(path.suffix.lower(), "of a known format")
    caught: list[warnings.WarningMessage] = []
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            record = kit.FileParser().parse(path, auto_scale=False)
    except kit.UnsupportedFormatError as error:
        raise DiffecgError(
            f"{path} cannot be read as {expected} ({one_line(error)}); export it as EDF, DICOM or CSV, or "
            "convert it with EDFbrowser or ECGToolkit"
        ) from error
    except ImportError:
        require("pydicom", "formats")
        raise
    except Exception as error:  # the parsers raise exceptions of many types for damaged files
        raise DiffecgError(f"{path} cannot be read as {expected} ({one_line(error)})") from error
    if record.file_format.name not in _READABLE:
        raise DiffecgError(
            f"{path} is a file of {record.file_format.name}; rename it with that format's suffix"
        )
    if verify and any(issubclass(warning.category, kit.ChecksumWarning) for warning in caught):
        raise DiffecgError(
            f"{path} does not match its checksum: it was damaged; fetch it again, or use --no-verify"
        )
    notes = [" ".join(str(warning.message).split()) for warning in caught]
    notes = [note for note in notes if "raw ADC samples" not in note] + _missing_end(record)
    if wrong := [note for note in notes if _WRONG_TIMES.search(note)]:
        raise DiffecgError(
            f"the times of the samples of {path} are unknown ({wrong[0]}); convert it to EDF+ first"
        )
    return record, notes


def _missing_end(record: Any) -> list[str]:
    """Return a warning if the header of an ISHNE file, which has no end mark, declares another length."""
    declared, held = (record.raw_metadata.get(key) for key in ("ecg_size", "samples_per_lead"))
    if held is None or declared in (held, held * len(record.leads)):
        return []
    return [f"the header declares {declared} samples of each lead, the file holds {held}"]


def _lead(lead: Any, fs_hz: float, record: Any, path: Path) -> _Lead:
    """Return a lead with its samples as integers, where they are."""
    samples = np.asarray(lead.samples, dtype=np.float64)
    missing = ~np.isfinite(samples)
    if record.file_format.name == "ISHNE Holter":
        missing |= samples == _ISHNE_FAULT
    if float(lead.annotations.get("LeadTimeOffset", 0)):
        raise DiffecgError(f"lead {lead.label} of {path} begins later than others; convert it to EDF first")
    if first := int(lead.annotations.get("start_sample", 1)) - 1:
        samples, missing = np.pad(samples, (first, 0)), np.pad(missing, (first, 0), constant_values=True)
    known = np.where(missing, 0, samples)
    is_integer = bool((known == np.rint(known)).all() and np.abs(known).max(initial=0) < 2**31)
    lead.samples = np.empty(0)  # a day of twelve leads takes gigabytes as floats
    unit = lead.resolution_unit
    return _Lead(
        name=lead.label,
        unit=unit or RAW_UNIT,
        fs_hz=fs_hz,
        gain=1 / lead.resolution if unit else 1.0,
        baseline=-lead.offset / lead.resolution if unit else 0.0,
        stored=known.astype(np.int32) if is_integer else known,
        missing=missing,
    )


def _same_length(leads: list[_Lead]) -> list[_Lead]:
    """Return the leads, shorter ones with missing samples at the end up to the longest one of their rate."""
    longest = {
        lead.fs_hz: max(len(other.stored) for other in leads if other.fs_hz == lead.fs_hz) for lead in leads
    }
    return [
        replace(
            lead,
            stored=np.pad(lead.stored, (0, longest[lead.fs_hz] - len(lead.stored))),
            missing=np.pad(lead.missing, (0, longest[lead.fs_hz] - len(lead.stored)), constant_values=True),
        )
        for lead in leads
    ]
