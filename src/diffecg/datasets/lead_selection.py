"""The leads of a recording set: channels of some kinds, each in the unit of its kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from diffecg.formats.recording import Recording
from diffecg.signal.channels import PREFERRED_LEADS
from diffecg.signal.kinds import SignalKind, signal_kind
from diffecg.signal.lead_names import lead_name
from diffecg.signal.units import unit_ratio

ECG = "ecg"


@dataclass(frozen=True, kw_only=True)
class SelectedLeads:
    """The channels of a recording that are kept, the ECG first."""

    rows: list[int]
    """Index of each channel in the recording."""
    kinds: list[SignalKind]
    """Kind of each channel."""
    left_out: list[str]
    """What was left out, and why."""

    @property
    def units(self) -> list[str]:
        """Unit in which each channel is kept."""
        return [kind.unit for kind in self.kinds]

    @property
    def steps_per_unit(self) -> list[int]:
        """Number of stored steps of one unit, for each channel."""
        return [kind.steps_per_unit for kind in self.kinds]


def select_leads(recording: Recording, names: Sequence[str], kinds: Sequence[str]) -> SelectedLeads:
    """Return the channels of some kinds.

    Args:
        recording: the recording.
        names: names of the ECG leads; empty: they are found by name.
        kinds: names of the kinds, in the order of the leads; an ECG is always first.

    Raises:
        DiffecgError: an unknown kind; the recording has no lead of a given name.
    """
    rows, left_out = list[int](), list[str]()
    if ECG in kinds:
        rows = [recording.channel_index(name) for name in names] or recording.ecg_indices
    found = [signal_kind(ECG)] * len(rows)
    for kind in (signal_kind(name) for name in kinds if name != ECG):
        for row, channel in enumerate(recording.channels):
            if channel.kind != kind.name or row in rows:
                continue
            if unit_ratio(channel.unit, kind.unit) is None:
                left_out.append(
                    f"{channel.name} left out: {channel.unit} cannot be converted to {kind.unit}, the unit "
                    f"of {kind.name}"
                )
                continue
            rows, found = [*rows, row], [*found, kind]
    return SelectedLeads(rows=rows, kinds=found, left_out=left_out)


def event_order(recording: Recording, leads: SelectedLeads) -> list[int]:
    """Return the numbers of the leads with events in the order of preference: MLII or II first."""
    with_events = [number for number, kind in enumerate(leads.kinds) if kind.find_events is not None]
    preferred = [
        number
        for number in with_events
        if lead_name(recording.channel_names[leads.rows[number]]) in PREFERRED_LEADS
    ]
    return list(dict.fromkeys([*preferred, *with_events]))
