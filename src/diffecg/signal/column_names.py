"""Names and units in the headings of tables."""

from __future__ import annotations

import re

from diffecg.signal.lead_names import lead_name
from diffecg.signal.units import MV_PER_UNIT, is_known_unit, is_voltage_unit, normalise_unit

_BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]|\{([^{}]*)\}")

_SUFFIX = re.compile(
    r"(?P<name>.*?[^\s_./,:;-])(?P<separator>[\s_./,:;-]+)(in\s+)?(?P<unit>[^\s_./,:;-]+)\.?"
)

_QUALIFIER = re.compile(
    r"(?i)(.*\s.*|\d+|[xyz]|raw data|filt(ered)?|clean(ed)?|left|right|sum|average|mean|lead.*)"
)
"""Text in brackets that qualifies the name and is no unit."""


def split_column(text: str) -> tuple[str, str]:
    """Return the name and the unit in the heading of a column; the unit is empty if it names none.

    A unit stands in brackets, or at the end if it is one of voltage: ``II (mV)``, ``II [µV]``, ``II_uV``,
    ``ecg in mV``. A bare ``V`` at the end is a lead, as in ``ECG_V``. Text in brackets that names a lead or
    has several words belongs to the name.

    >>> split_column("II_uV"), split_column("ECG (lead II)"), split_column("RESP (L/min)")
    (('II', 'uV'), ('ECG (lead II)', ''), ('RESP', 'L/min'))
    """
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    matches = list(_BRACKETS.finditer(text))
    for match in reversed(matches):
        content = next(group for group in match.groups() if group is not None)
        at_end = match.end() == len(text)
        if is_voltage_unit(content) or (at_end and _is_unit(content)):
            name = f"{text[: match.start()].rstrip()} {text[match.end() :].lstrip()}".strip()
            return name or content.strip(), normalise_unit(_without_in(content))
    suffix = _SUFFIX.fullmatch(text)
    if suffix and is_voltage_unit(suffix["unit"]) and suffix["unit"] not in ("v", "V"):
        return suffix["name"], normalise_unit(suffix["unit"])
    unit = normalise_unit(text)
    return text, unit if unit in MV_PER_UNIT and unit != "V" else ""


def _is_unit(content: str) -> bool:
    """Return whether text in brackets at the end of a heading is a unit, known or not."""
    content = _without_in(content)
    if is_known_unit(content):
        return True
    return bool(content) and lead_name(content) is None and not _QUALIFIER.fullmatch(content)


def _without_in(content: str) -> str:
    return content.strip().removeprefix("in ").strip()
