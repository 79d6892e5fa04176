"""Spellings of units, and the factors from units of voltage to millivolts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

MV_PER_UNIT = {"mV": 1.0, "uV": 1e-3, "nV": 1e-6, "V": 1e3}
"""Units of voltage in their canonical spelling, in millivolts."""

MMHG_PER_UNIT = {"mmHg": 1.0, "kPa": 7.500617, "cmH2O": 0.7355592}
"""Units of pressure in their canonical spelling, in mmHg."""

_MICRO = re.compile("^(/?)[\u00b5\u03bc]")
"""Micro sign of Latin-1 or Greek letter mu at the start of a unit."""

_MICRO_ARTEFACT = re.compile("^(Âµ|Âμ|Î¼|\x83\xca|ƒÊ|ｵ|æ|\ufffd+)(?=v)", re.IGNORECASE)
"""A micro sign before a V that was decoded with the wrong encoding; no other prefix of volts is not ASCII."""

_VOLTAGE = re.compile(r"(?P<prefix>m|milli|u|mu|micro|mikro|n|nano|)(v|volts?)")

_PREFIXES = {"": "V", "m": "mV", "milli": "mV", "n": "nV", "nano": "nV"}
"""Units of voltage by prefix; all other prefixes are those of microvolts."""

RAW_UNIT = "adu"
"""Unit of samples that are steps of a converter of unknown size; ``--unit`` can state what a step is."""

_CYRILLIC = {"мкв": "uV", "мв": "mV", "в": "V"}

_OTHERS = {
    "mmhg": "mmHg", "cmh2o": "cmH2O", "kpa": "kPa", "hz": "Hz", "hertz": "Hz",
    "bpm": "bpm", "/min": "bpm", "1/min": "bpm", "beats/min": "bpm", "beatsperminute": "bpm",
    "second": "s", "seconds": "s", "sec": "s", "millisecond": "ms", "milliseconds": "ms", "msec": "ms",
    **dict.fromkeys(("adu", "adunits", "adc", "count", "counts", "raw", "step", "steps", "lsb"), RAW_UNIT),
    "nu": "NU", "percent": "%", "ohms": "Ohm", "ohm": "Ohm", "celsius": "degC", "degc": "degC",
}  # fmt: skip
"""Spellings of other units, in lower case and without spaces."""

_ENCLOSED = re.compile(r"^\((.*)\)$|^\[(.*)\]$|^\{(.*)\}$|^\"(.*)\"$|^'(.*)'$", re.DOTALL)


def normalise_unit(text: str) -> str:
    """Return the canonical spelling of a unit; text that is not a known unit is returned stripped.

    Voltages become ``V``, ``mV``, ``uV`` or ``nV``, whatever their case, micro sign, language or brackets:
    ``µV``, ``UV``, ``[microvolts]``, ``MDC_DIM_MICRO_VOLT`` are ``uV``. ``MV`` is read as millivolts, since
    megavolts do not occur in recordings of people.

    >>> [normalise_unit(text) for text in ("(μV)", "MilliVolts", "mm Hg", "furlong")]
    ['uV', 'mV', 'mmHg', 'furlong']
    """
    text = text.strip().strip("\0").strip()
    while enclosed := _ENCLOSED.match(text):
        text = next(group for group in enclosed.groups() if group is not None).strip()
    key = re.sub(r"[\s_]", "", _ascii(text)).lower().removeprefix("mdcdim").removesuffix(".")
    return _known(key) or _known(key.removeprefix("/")) or _ascii(text)


def is_voltage_unit(text: str) -> bool:
    """Return whether a text is a unit of voltage, in any spelling."""
    return normalise_unit(text) in MV_PER_UNIT


def is_known_unit(text: str) -> bool:
    """Return whether a text is a voltage or another unit that has a canonical spelling, in any spelling."""
    unit = normalise_unit(text)
    return unit in MV_PER_UNIT or unit in _OTHERS.values() or unit in ("s", "ms", "%")


def units_by_channel(texts: Iterable[str]) -> dict[str, str]:
    """Return units by channel, each from a text such as ``II=uV``; one without a channel has the key ``""``.

    >>> units_by_channel(["mV", "ABP=mmHg"])
    {'': 'mV', 'ABP': 'mmHg'}
    """
    pairs = [text.strip().rpartition("=") for text in texts]
    return {name.strip(): unit.strip() for name, _, unit in pairs}


def unit_ratio(unit: str, other: str) -> float | None:
    """Return the value of one ``unit`` in ``other``; None if the units are not of the same quantity.

    >>> unit_ratio("mV", "uV"), unit_ratio("kPa", "mmHg"), unit_ratio("mmHg", "mV")
    (1000.0, 7.500617, None)
    """
    if unit == other:
        return 1.0
    for size in (MV_PER_UNIT, MMHG_PER_UNIT):
        if unit in size and other in size:
            return float(f"{size[unit] / size[other]:.9g}")
    return None


def _known(key: str) -> str | None:
    """Return the canonical spelling of a unit in lower case without spaces, None if it is not known."""
    if voltage := _VOLTAGE.fullmatch(_MICRO_ARTEFACT.sub("u", key)):
        return _PREFIXES.get(voltage["prefix"], "uV")
    return _CYRILLIC.get(key) or _OTHERS.get(key)


def _ascii(text: str) -> str:
    """Return the unit with ASCII letters for micro, ohm, degree and superscripts."""
    text = _MICRO.sub(r"\1u", text)
    text = unicodedata.normalize("NFKC", text) if text.endswith(("²", "³")) else text
    return text.replace("\u2126", "Ohm").replace("\u03a9", "Ohm").replace("°", "deg")
