"""Which leads of a recording are given, and which are to be reconstructed from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from diffecg.choices import choices
from diffecg.errors import DiffecgError
from diffecg.formats.recording import Recording
from diffecg.signal.lead_names import GENERIC, lead_name
from diffecg.signal.limb_leads import LIMB_LEADS, STANDARD_LEADS, known_leads

STANDARD = "standard"
"""Word for all 12 standard leads."""
MONITORING = {"MLI": "I", "MLII": "II", "MLIII": "III"}
"""Limb leads with the electrodes on the torso, and the leads that they stand for."""


@dataclass(frozen=True, kw_only=True)
class LeadPlan:
    """Channels of a recording that are given, and leads that are reconstructed from them."""

    given: dict[str, int]
    """Channel of each standard lead that is recorded, by index."""
    wanted: tuple[str, ...]
    """Leads to reconstruct or derive, in the usual order; with a limb lead, also I and II, from which it
    follows."""
    notes: tuple[str, ...] = field(default=())
    """What was assumed about the channels."""

    @property
    def exact(self) -> tuple[str, ...]:
        """Wanted leads that follow exactly from the given limb leads."""
        return tuple(lead for lead in self.wanted if lead in known_leads(list(self.given)))


def plan_leads(recording: Recording, leads: Sequence[str], modelled: Sequence[str]) -> LeadPlan:
    """Return which channels are given, and which leads are reconstructed.

    Args:
        recording: the recording.
        leads: leads to reconstruct, by name or ``standard`` for all 12; those that are recorded are left out.
        modelled: leads of the windows of the model.

    Raises:
        DiffecgError: an unknown lead or one that the model lacks; no lead is recorded, or none is missing;
            the recorded leads cannot be used.
    """
    known = known_leads(modelled)
    asked = [lead for name in leads for lead in (STANDARD_LEADS if name == STANDARD else [_canonical(name)])]
    if unknown := [lead for lead in asked if lead not in STANDARD_LEADS or lead not in known]:
        raise DiffecgError(
            f"lead {', '.join(unknown)} cannot be reconstructed; "
            + choices(
                unknown[0],
                [lead for lead in STANDARD_LEADS if lead in known],
                intro="choose standard (all 12 leads) or among",
            )
        )
    given, notes = _given(recording)
    given_or_derived = known_leads(list(given))
    if any(lead in LIMB_LEADS and lead not in given_or_derived for lead in asked):
        asked += ["I", "II"]
    wanted = tuple(lead for lead in STANDARD_LEADS if lead in asked and lead not in given)
    if not wanted:
        raise DiffecgError(
            f"recording {recording.name} has {', '.join(dict.fromkeys(asked))} already; gaps in them are "
            "imputed without --leads"
        )
    return LeadPlan(given=given, wanted=wanted, notes=tuple(notes))


def _canonical(name: str) -> str:
    return lead_name(name) or name


def _given(recording: Recording) -> tuple[dict[str, int], list[str]]:
    """Return the channel of each recorded standard lead, and what was assumed.

    Raises:
        DiffecgError: there is none, they have several rates, or a single limb lead other than I and II.
    """
    given: dict[str, int] = {}
    notes: list[str] = []
    unused: list[str] = []
    for row in recording.ecg_indices:
        name = recording.channel_names[row]
        lead = lead_name(name) or GENERIC
        standard = MONITORING.get(lead, lead)
        if standard not in STANDARD_LEADS or standard in given:
            unused.append(name)
            continue
        given[standard] = row
        if standard != lead:
            notes.append(f"channel {name} is taken for lead {standard}: its electrodes are on the torso")
    if not given:
        found = f" ({', '.join(unused)})" if unused else ""
        raise DiffecgError(
            f"no channel of recording {recording.name} is named as one of the 12 leads{found}; name it after "
            "its lead, such as I for the left against the right arm, which most watches record"
        )
    if unused:
        notes.append(f"{', '.join(unused)} not used: not one of the 12 leads, or the second of its name")
    limb = [lead for lead in given if lead in LIMB_LEADS]
    if len(limb) == 1 and limb[0] not in ("I", "II"):
        raise DiffecgError(
            f"{limb[0]} is the only limb lead of recording {recording.name}; other leads are reconstructed "
            "from I, II, or two limb leads"
        )
    rates = {recording.source.rates_hz[row] for row in given.values()}
    if len(rates) > 1:
        raise DiffecgError(
            f"leads {', '.join(given)} of recording {recording.name} have several sampling rates; resample "
            "them to one"
        )
    return given, notes
