"""The relations between the six limb leads: any two of them determine the other four.

The limb leads are differences of three electrode potentials, so that two of them are independent (Einthoven
1912; Goldberger 1942, Am Heart J 23:483-492):

    III = II - I,  aVR = -(I + II) / 2,  aVL = I - II / 2,  aVF = II - I / 2

Hence I + III = II and aVR + aVL + aVF = 0. Of the 12 standard leads, 8 are independent.

Leads have the names of :func:`diffecg.signal.lead_names.lead_name`. What is derived from I and II is one
addition of samples, as they are or halved, and is therefore rounded once. If I and II are in integer steps,
III is a whole number of them, and aVR, aVL and aVF are multiples of half a step. Where each lead was rounded
to such a step by itself, the relations hold within one step.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from diffecg.errors import DiffecgError

STANDARD_LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
"""The leads of a 12-lead ECG in the usual order."""

INDEPENDENT_LEADS = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
"""Leads from which the others of :data:`STANDARD_LEADS` follow."""

LIMB_LEADS = {
    "I": (1.0, 0.0),
    "II": (0.0, 1.0),
    "III": (-1.0, 1.0),
    "aVR": (-0.5, -0.5),
    "aVL": (1.0, -0.5),
    "aVF": (-0.5, 1.0),
}
"""Weights of I and II in each limb lead."""


def known_leads(leads: Sequence[str]) -> tuple[str, ...]:
    """Return the leads that are given or follow from those given.

    >>> known_leads(["V1", "aVR", "I"])
    ('V1', 'aVR', 'I', 'II', 'III', 'aVL', 'aVF')

    Args:
        leads: names of the given leads.

    Returns:
        The given leads, then those that follow, in the order of :data:`LIMB_LEADS`.
    """
    following = LIMB_LEADS if _basis(leads) else ()
    return tuple(dict.fromkeys((*leads, *following)))


def derive_leads(
    signal_mv: Float[np.ndarray, "*batch lead time"],
    leads: Sequence[str],
    wanted: Sequence[str] = STANDARD_LEADS,
) -> Float[np.ndarray, "*batch wanted time"]:
    """Return the wanted leads: those given as they are, limb leads that are not given from two that are.

    The two are the first ones given in the order of :data:`LIMB_LEADS`.

    Args:
        signal_mv: the given leads; a derived sample is NaN where one of the two it follows from is.
        leads: their names.
        wanted: names of the leads to return, in this order.

    Raises:
        DiffecgError: a wanted lead is not given and does not follow, or the names do not fit the signal.
    """
    _check_names(signal_mv, leads)
    unknown = [lead for lead in wanted if lead not in known_leads(leads)]
    if unknown:
        raise DiffecgError(
            f"{', '.join(unknown)} cannot be derived from {', '.join(leads) or 'no leads'}: the limb leads "
            f"({', '.join(LIMB_LEADS)}) follow from any two of them, other leads from none"
        )
    result = np.empty((*signal_mv.shape[:-2], len(wanted), signal_mv.shape[-1]), signal_mv.dtype)
    for row, lead in enumerate(wanted):
        result[..., row, :] = (
            signal_mv[..., leads.index(lead), :] if lead in leads else _derived(signal_mv, leads, lead)
        )
    return result


def limb_lead_residual_mv(
    signal_mv: Float[np.ndarray, "*batch lead time"], leads: Sequence[str]
) -> Float[np.ndarray, "*batch limb time"]:
    """Return by how much the recorded limb leads differ from those that two of them determine.

    Args:
        signal_mv: leads of a recording, of which at least three are limb leads.
        leads: their names.

    Returns:
        Recorded minus derived signal of each limb lead but the two that the others are derived from, in the
        order of :data:`LIMB_LEADS`; for 12 leads those of III, aVR, aVL and aVF.

    Raises:
        DiffecgError: fewer than three limb leads, or the names do not fit the signal.
    """
    _check_names(signal_mv, leads)
    basis = _basis(leads)
    others = [lead for lead in LIMB_LEADS if lead in leads and lead not in basis]
    if not others:
        raise DiffecgError(
            f"the relations between the limb leads need at least three of {', '.join(LIMB_LEADS)}, "
            f"not {', '.join(leads) or 'no leads'}"
        )
    differences = [signal_mv[..., leads.index(lead), :] - _derived(signal_mv, leads, lead) for lead in others]
    return np.stack(differences, axis=-2)


def _basis(leads: Sequence[str]) -> tuple[str, ...]:
    """Return the two limb leads that others are derived from, none if fewer than two are given."""
    given = tuple(lead for lead in LIMB_LEADS if lead in leads)
    return given[:2] if len(given) > 1 else ()


def _derived(
    signal_mv: Float[np.ndarray, "*batch lead time"], leads: Sequence[str], wanted: str
) -> Float[np.ndarray, "*batch time"]:
    """Return a limb lead as a linear combination of two that are given."""
    first, second = _basis(leads)
    columns = np.array([LIMB_LEADS[first], LIMB_LEADS[second]]).T
    weight, other_weight = np.linalg.solve(columns, np.array(LIMB_LEADS[wanted])).tolist()
    return (
        weight * signal_mv[..., leads.index(first), :] + other_weight * signal_mv[..., leads.index(second), :]
    )


def _check_names(signal_mv: Float[np.ndarray, "*batch lead time"], leads: Sequence[str]) -> None:
    if len(leads) != signal_mv.shape[-2] or len(set(leads)) != len(leads):
        raise DiffecgError(
            f"leads {', '.join(leads)} do not name the {signal_mv.shape[-2]} leads of the signal; give a "
            "different name for each"
        )
