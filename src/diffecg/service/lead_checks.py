"""Checks of the leads of a request: their names, rates and kinds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from diffecg.errors import DiffecgError
from diffecg.service.schemas import LeadInfo, ModelInfo, RecordingInfo
from diffecg.signal.channels import find_row, make_channels


def find_leads(info: RecordingInfo, names: Iterable[str]) -> list[int]:
    """Return the rows of leads that a user names, each once.

    Raises:
        DiffecgError: the recording has no such lead.
    """
    channels = make_channels([lead.name for lead in info.leads], [lead.unit for lead in info.leads])
    return list(dict.fromkeys(find_row(channels, name, info.name) for name in names))


def check_rate_of(leads: Sequence[LeadInfo]) -> float:
    """Return the sampling rate of some leads.

    Raises:
        DiffecgError: they have several.
    """
    if len({lead.fs_hz for lead in leads}) > 1:
        rates = ", ".join(f"{lead.name} {lead.fs_hz:g} Hz" for lead in leads)
        raise DiffecgError(f"the leads have several sampling rates ({rates}); choose leads of one rate")
    return leads[0].fs_hz


def check_ecg(leads: Iterable[LeadInfo], task: str) -> None:
    """Check that leads are those of an ECG.

    Raises:
        DiffecgError: they are not.
    """
    for lead in leads:
        if lead.kind != "ecg":
            raise DiffecgError(f"{task} is for an ECG alone, and {lead.name} is of the kind {lead.kind}")


def check_imputed(leads: Iterable[LeadInfo], model: ModelInfo, models: Iterable[ModelInfo]) -> None:
    """Check that a model imputes and forecasts leads of these kinds.

    Args:
        leads: the leads.
        model: the model.
        models: all models of the server, for messages.

    Raises:
        DiffecgError: it does not.
    """
    for lead in leads:
        if lead.kind in model.kinds:
            continue
        others = [other.name for other in models if other.kind == "gap" and lead.kind in other.kinds]
        raise DiffecgError(
            f"{model.name} imputes {', '.join(model.kinds)}, and {lead.name} is of the kind {lead.kind}; "
            f"{'choose ' + ', '.join(others) + ', or' if others else 'choose'} no model: the search for "
            "analogues imputes any kind"
        )
