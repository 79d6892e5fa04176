"""Channels: the name, unit and kind of each signal of a recording or window."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from diffecg.errors import DiffecgError

MV_PER_UNIT = {"mV": 1.0, "uV": 1e-3, "µV": 1e-3, "V": 1e3}
"""Units of voltage, in millivolts."""

ECG_LEAD = re.compile(r"(?i)(ecg.*|ekg.*|m?l?i{1,3}|d[1-3]|av[rlf]|m?c?v[1-6]?r?|v[xyz]|cm[1-6])$")
"""Names of ECG leads."""

KINDS = {
    "ppg": re.compile(r"(?i)(pleth|ppg|spo2)"),
    "pressure": re.compile(r"(?i)(abp|art|bp|cvp|pap)"),
    "respiration": re.compile(r"(?i)resp"),
}
"""Prefixes of the names of other kinds of channels."""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """Name, unit and kind of a signal.

    Attributes:
        name: such as ``MLII`` or ``ABP``.
        unit: such as ``mV`` or ``mmHg``.
        kind: ``ecg``, ``ppg``, ``pressure``, ``respiration`` or ``other``.
    """

    name: str
    unit: str = "mV"
    kind: str = "ecg"

    @property
    def is_voltage(self) -> bool:
        """Whether the unit is a voltage."""
        return self.unit in MV_PER_UNIT


def make_channels(names: Sequence[str], units: Sequence[str] | None = None) -> tuple[Channel, ...]:
    """Return channels; their kinds follow from names and units.

    Args:
        names: name of each channel.
        units: unit of each channel; None: mV.
    """
    pairs = zip(names, units or ["mV"] * len(names), strict=True)
    return tuple(Channel(name=name, unit=unit, kind=channel_kind(name, unit)) for name, unit in pairs)


def repeated(names: Iterable[str]) -> str:
    """Return the names that occur more than once, separated by commas; empty if all are different."""
    return ", ".join(name for name, count in Counter(names).items() if count > 1)


def channel_kind(name: str, unit: str) -> str:
    """Return the kind of a channel; a voltage is an ECG unless its name is that of another kind."""
    for kind, pattern in KINDS.items():
        if pattern.match(name):
            return kind
    return "ecg" if unit in MV_PER_UNIT else "other"


def millivolt_scale(channels: Sequence[Channel]) -> list[float]:
    """Return the factor from each channel's unit to millivolts.

    Raises:
        DiffecgError: a channel is not a voltage.
    """
    for channel in channels:
        if not channel.is_voltage:
            raise DiffecgError(
                f"channel {channel.name} is in {channel.unit!r}, which is not a voltage "
                f"({', '.join(MV_PER_UNIT)}); use .signal, in each channel's own unit, or select() voltages"
            )
    return [MV_PER_UNIT[channel.unit] for channel in channels]
