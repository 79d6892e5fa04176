"""What comments and the lines above a table say: sampling rate, start, lead, unit."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from diffecg.formats.tables.cells import clean
from diffecg.signal.lead_names import lead_name
from diffecg.signal.units import MV_PER_UNIT, normalise_unit

_RATE = re.compile(
    r"(?i)(sampl(e|ing)[ _-]*(rate|freq\w*)|\bfs\b|abtastrate|messrate)[^0-9]{0,20}"
    r"(?P<rate>\d+([.,]\d+)?)\s*(?P<kilo>k)?"
)
_RATE_VALUE = re.compile(r"(?i)(?P<rate>\d+([.,]\d+)?)\s*(?P<kilo>k)?(hz|hertz)")
_FILTER = re.compile(r"(?i).*(filt|pass|notch|cut|band|mains|corner|noise|\b[hl]p\b).*")
"""Keys of frequencies that are no sampling rate."""
_LABELS = re.compile(r"(?i)#?\s*(labels?|channels?|columns?)\s*:?=\s*(?P<names>.+)")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?(\s*[+-]\d{2}:?\d{2}|Z)?")
_SEPARATORS = re.compile(r"[,;\t]|:=|: |=")


@dataclass(frozen=True, kw_only=True)
class Preamble:
    """What a file says above its rows.

    Attributes:
        fs_hz: sampling rate, in Hz.
        start: date and time of the first sample.
        lead: name of the only lead.
        unit: unit of voltage of the leads that state none.
        names: headings that comments list.
        sensors: sensor of each heading, where a device names both.
        is_raw: whether the samples are steps of an analogue-to-digital converter.
    """

    fs_hz: float | None = None
    start: datetime | None = None
    lead: str = ""
    unit: str = ""
    names: tuple[str, ...] = ()
    sensors: dict[str, str] = field(default_factory=dict)
    is_raw: bool = False


def read_preamble(lines: Sequence[str]) -> Preamble:
    """Return what comments and lines above the headings of a table say.

    Lines have the form ``key,value`` in any language, as Apple Watch exports them; OpenSignals writes one
    line of JSON.
    """
    for line in lines:
        if (described := _opensignals(line)) is not None:
            return described
    rate, start, lead, unit, names = None, None, "", "", tuple[str, ...]()
    for line in lines:
        text = line.lstrip("# \t%/")
        rate = rate or _rate(_RATE.search(text))
        if labels := _LABELS.fullmatch(text):
            names = tuple(clean(name) for name in re.split(r"[,;\t]", labels["names"]) if clean(name))
        value = clean(_SEPARATORS.split(text, maxsplit=1)[-1])
        if value == text:
            continue
        is_filter = _FILTER.fullmatch(text.removesuffix(value)) is not None
        rate = rate or (None if is_filter else _rate(_RATE_VALUE.fullmatch(value)))
        start = start or (_moment(value) if _MOMENT.fullmatch(value) else None)
        unit = unit or (normalise_unit(value) if normalise_unit(value) in MV_PER_UNIT else "")
        lead = lead or (value if lead_name(value) and not labels else "")
    return Preamble(fs_hz=rate, start=start, lead=lead, unit=unit, names=names)


def _rate(match: re.Match[str] | None) -> float | None:
    """Return the sampling rate that a pattern found, in Hz."""
    if match is None:
        return None
    return float(match["rate"].replace(",", ".")) * (1000 if match["kilo"] else 1)


def _moment(text: str) -> datetime | None:
    """Return an ISO date and time, None if its numbers are not a date."""
    try:
        return datetime.fromisoformat(re.sub(r"\s+(?=[+-]\d{2}:?\d{2}$)", "", text).replace(",", "."))
    except ValueError:
        return None


def _opensignals(line: str) -> Preamble | None:
    """Return what the header of OpenSignals says, None for other lines."""
    if "{" not in line or "sampling rate" not in line:
        return None
    try:
        devices = json.loads(line[line.index("{") :])
        device = next(iter(devices.values()))
        sensors = dict(
            zip(map(str, device.get("label", [])), map(str, device.get("sensor", [])), strict=False)
        )
        day, clock = device.get("date", ""), device.get("time", "")
        year, month, date = (int(part) for part in day.split("-")) if day else (1, 1, 1)
        start = _moment(f"{year:04}-{month:02}-{date:02} {clock}") if day and clock else None
        return Preamble(
            fs_hz=float(device["sampling rate"]),
            start=start,
            names=tuple(map(str, device.get("column", []))),
            sensors=sensors,
            is_raw=not device.get("convertedValues", 0),
        )
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
        return None
