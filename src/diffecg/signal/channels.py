"""Channels: the name, unit and kind of each signal of a recording or window."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from diffecg.choices import choices
from diffecg.errors import DiffecgError
from diffecg.signal.channel_kinds import UNKNOWN, channel_kind
from diffecg.signal.lead_names import lead_name
from diffecg.signal.units import MV_PER_UNIT, RAW_UNIT, normalise_unit, unit_ratio

MAX_ASSUMED_LEADS = 16
"""More voltages whose names say nothing are not taken for an ECG: they may be an EEG or other arrays."""

PREFERRED_LEADS = ("MLII", "II")
"""Leads that are chosen where none is given."""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """Name, unit and kind of a signal.

    Attributes:
        name: such as ``MLII`` or ``ABP``.
        unit: such as ``mV`` or ``mmHg``.
        kind: ``ecg``, ``ppg``, …; see :func:`diffecg.signal.channel_kinds.channel_kind`.
    """

    name: str
    unit: str = "mV"
    kind: str = "ecg"

    @property
    def is_voltage(self) -> bool:
        """Whether the unit is a voltage."""
        return self.unit in MV_PER_UNIT

    @property
    def signal_kind(self) -> str:
        """The kind, as which the channel is imputed: a voltage of which nothing is known is taken for ECG."""
        return "ecg" if self.kind == UNKNOWN and self.is_voltage else self.kind


def make_channels(names: Sequence[str], units: Sequence[str] | None = None) -> tuple[Channel, ...]:
    """Return channels; their kinds follow from names and units.

    Args:
        names: name of each channel; they are kept as they are.
        units: unit of each channel in any spelling, empty if the file states none; None: mV.
    """
    pairs = zip(names, map(normalise_unit, units or ["mV"] * len(names)), strict=True)
    return tuple(Channel(name=name, unit=unit, kind=channel_kind(name, unit)) for name, unit in pairs)


def state_units(
    channels: Sequence[Channel], unit: str | None = None
) -> tuple[tuple[Channel, ...], str | None]:
    """Return the channels with a unit each, and what had to be assumed for it.

    Args:
        channels: channels; an empty unit is one that the file does not state.
        unit: unit of all ECG channels and of those that may be one, instead of what the file states; None:
            the file's, and mV where it states none.

    Returns:
        The channels; other channels without a unit get ``NU``. The assumption in one sentence, None if there
        was none.
    """
    stated, assumed, steps = [], [], []
    for channel in channels:
        if channel.kind not in ("ecg", UNKNOWN):
            stated.append(replace(channel, unit=channel.unit or "NU"))
            continue
        if unit is None and not channel.unit:
            assumed.append(channel.name)
        if unit is None and channel.unit == RAW_UNIT:
            steps.append(channel.name)
        stated.append(replace(channel, unit=unit or channel.unit or "mV"))
    notes = [f"no unit stated for {', '.join(assumed)}: mV assumed"] if assumed else []
    notes += (
        [f"{', '.join(steps)} in steps of unknown size ({RAW_UNIT}): state their unit with --unit, or --gain"]
        if steps
        else []
    )
    return tuple(stated), "; ".join(notes) or None


def ecg_rows(channels: Sequence[Channel]) -> tuple[list[int], str | None]:
    """Return the indices of the ECG channels, and what had to be assumed to find them.

    ECG channels are those that are named as an ECG and are in a unit of voltage. If none is named so, and
    nothing is known about any voltage (``lead 1``, ``signal``), all voltages are assumed to be ECG.

    Returns:
        Indices, empty if no channel is an ECG; the assumption in one sentence, None if there was none.
    """
    named = [row for row, channel in enumerate(channels) if channel.kind == "ecg"]
    if named:
        return [row for row in named if channels[row].is_voltage], None
    voltages = [
        row for row, channel in enumerate(channels) if channel.is_voltage and channel.kind != "marker"
    ]
    if len(voltages) > MAX_ASSUMED_LEADS or any(channels[row].kind != UNKNOWN for row in voltages):
        return [], None
    names = ", ".join(channels[row].name for row in voltages)
    return voltages, f"no channel is named as an ECG lead: {names} assumed to be ECG" if voltages else None


def default_row(channels: Sequence[Channel], recording: str) -> int:
    """Return the index of lead MLII or II, else of the first ECG channel.

    Args:
        channels: channels of a recording.
        recording: name of the recording, for messages.

    Raises:
        DiffecgError: no channel is an ECG.
    """
    rows, _ = ecg_rows(channels)
    if not rows:
        listed = ", ".join(f"{channel.name} ({channel.unit}, {channel.kind})" for channel in channels)
        raise DiffecgError(
            f"no channel of {recording} is named as an ECG and in a unit of voltage "
            f"({', '.join(MV_PER_UNIT)}): {listed}; name the ECG with --lead, its unit with --unit"
        )
    preferred = [row for row in rows if lead_name(channels[row].name) in PREFERRED_LEADS]
    return (preferred or rows)[0]


def find_row(channels: Sequence[Channel], name: str, recording: str) -> int:
    """Return the index of the channel that a user names: by its name in the file, else by its lead.

    Args:
        channels: channels of a recording.
        name: name of the channel as the file states it, in any case, or its lead: ``II`` finds ``ECG II``.
        recording: name of the recording, for messages.

    Raises:
        DiffecgError: no channel has this name, or several are this lead.
    """
    names = [channel.name for channel in channels]
    readings: tuple[Callable[[str], str | None], ...] = (str, str.lower, lead_name)
    for reading in readings:
        rows = [row for row, text in enumerate(names) if reading(text) == reading(name) is not None]
        if len(rows) == 1:
            return rows[0]
    raise DiffecgError(f"recording {recording} has no channel {name!r}; {choices(name, names)}")


def repeated(names: Iterable[str]) -> str:
    """Return the names that occur more than once, separated by commas; empty if all are different."""
    return ", ".join(name for name, count in Counter(names).items() if count > 1)


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


def unit_scale(channels: Sequence[Channel], units: Sequence[str]) -> list[float]:
    """Return the factor from each channel's unit to another unit of the same quantity.

    Raises:
        DiffecgError: a channel is of another quantity than the unit.
    """
    factors = []
    for channel, unit in zip(channels, units, strict=True):
        factor = unit_ratio(channel.unit, unit)
        if factor is None:
            raise DiffecgError(f"channel {channel.name} is in {channel.unit!r}, which is not in {unit}")
        factors.append(factor)
    return factors
