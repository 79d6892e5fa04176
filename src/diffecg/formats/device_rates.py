"""Exact sampling rates of files of ECG devices, which ECGDataKit rounds to whole hertz."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from diffecg.errors import DiffecgError
from diffecg.extras import require

_XML_RATE = re.compile(
    r"(?i)<(?:samplebase|samplingrate)>\s*([^<]*)|\b(?:sample_freq|samplespersecond)\s*=\s*[\"']([^\"']*)"
)
_XML_EXPONENT = re.compile(r"(?i)<sampleexponent>\s*-[1-9]")
"""Sampling rates in MUSE, Philips and Mortara files."""


def exact_rates(record: Any, path: Path) -> list[float]:
    """Return the sampling rate of each lead, in Hz.

    Args:
        record: the record as ECGDataKit reads it.
        path: its file.

    Raises:
        DiffecgError: the exact rate is unknown, or leads are shifted against each other.
    """
    details, rounded = record.raw_metadata, [lead.sampling_rate for lead in record.leads]
    exact: Sequence[float] = rounded
    match record.file_format.name:
        case "DICOM Waveform":
            exact = [_dicom_rate(record, path)] * len(rounded)
        case "HL7 aECG":
            exact = [details["rhythm_time"]["sampling_rate_exact"]] * len(rounded)
        case "SCP-ECG":
            exact = [1e6 / details["rhythm_sample_interval_us"]] * len(rounded)
        case "MFER":
            if any(details.get("sample_skew_ns", ())):
                raise DiffecgError(
                    f"the channels of {path} are shifted against each other; convert it to EDF first"
                )
            exact = details["sampling_rates"]
        case "AliveCor Kardia JSON":
            exact = [float(details["raw"]["frequency"])] * len(rounded)
        case "GE MUSE XML" | "Philips Sierra XML" | "Mortara ELI (EL250/ELI280)":
            _check_xml_rates(path)
    if [round(rate) for rate in exact] != rounded:
        raise DiffecgError(f"{path} states contradictory sampling rates: {exact} and {rounded} Hz")
    return [float(f"{rate:.9g}") for rate in exact]


def _dicom_rate(record: Any, path: Path) -> float:
    """Return the sampling rate of the multiplex group that was read.

    Raises:
        DiffecgError: groups of its size have several rates, or channels are shifted against each other.
    """
    dataset = require("pydicom", "formats").dcmread(path, specific_tags=["WaveformSequence"])
    size = (len(record.leads), len(record.leads[0].samples))
    groups = [
        group
        for group in dataset.WaveformSequence
        if (group.NumberOfWaveformChannels, group.NumberOfWaveformSamples) == size
    ]
    rates = {float(group.SamplingFrequency) for group in groups}
    channels = [channel for group in groups for channel in group.ChannelDefinitionSequence]
    skews = [
        float(channel.get(tag) or 0)
        for channel in channels
        for tag in ("ChannelTimeSkew", "ChannelSampleSkew")
    ]
    if len(rates) != 1 or any(skews):
        raise DiffecgError(f"the channels of {path} differ in rate or are shifted; convert it to EDF first")
    return rates.pop()


def _check_xml_rates(path: Path) -> None:
    """Check that the sampling rates of an XML file are whole numbers of hertz.

    Raises:
        DiffecgError: a rate is not.
    """
    content = path.read_bytes()
    text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1", "replace")
    rates = [(match[1] or match[2] or "").strip() for match in _XML_RATE.finditer(text)]
    if _XML_EXPONENT.search(text) or not all(re.fullmatch(r"\d*(\.0*)?", rate) for rate in rates):
        raise DiffecgError(
            f"{path} states sampling rates of {', '.join(rates)} Hz, which are not whole; convert it to EDF "
            "first"
        )
