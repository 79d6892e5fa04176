"""Kinds of channels, by name and unit."""

from __future__ import annotations

import re

import numpy as np
from jaxtyping import Shaped

from diffecg.signal.kinds import KINDS
from diffecg.signal.lead_names import DERIVED, IDENTIFIERS, lead_name, words
from diffecg.signal.units import MV_PER_UNIT, RAW_UNIT

UNKNOWN = "unknown"
"""Kind of a channel that may be a voltage and whose name says nothing, such as ``lead 1`` or ``signal``."""

_RATE_UNITS = ("bpm", "Hz", "s", "ms")


def is_bookkeeping(name: str) -> bool:
    """Return whether a name is that of a counter, clock, rate, identifier or label, which are not signals.

    >>> [is_bookkeeping(name) for name in ("sample #", "heartRate", "patient_id", "t", "V5", "RESP")]
    [True, True, True, True, False, False]
    """
    if lead_name(name):
        return False
    found = [re.sub(r"^(ecg|ekg)(?=.)|\d+$", "", word.lower()) for word in words(name)]
    return found in (["t"], ["n"]) or any(
        DERIVED.fullmatch(word) or IDENTIFIERS.fullmatch(word) for word in found
    )


def is_counter(values: Shaped[np.ndarray, " time"]) -> bool:
    """Return whether a column counts: whole numbers with the same step from each row to the next."""
    if len(values) < 3 or values.dtype.kind not in "fiu" or not np.isfinite(values).all():
        return False
    steps = np.diff(values.astype(np.float64))
    return bool(steps[0] != 0 and (steps == steps[0]).all() and values[0] % 1 == 0 and steps[0] % 1 == 0)


def channel_kind(name: str, unit: str) -> str:
    """Return the kind of a channel.

    An ECG is recognised by its name alone (:func:`diffecg.signal.lead_names.lead_name`); no voltage is taken
    for an ECG because of its unit.

    Args:
        name: name of the channel, as the file states it.
        unit: unit of the channel in canonical spelling; empty if the file states none.

    Returns:
        The name of a kind (:data:`diffecg.signal.kinds.KINDS`): ``ecg``, ``ppg``, ``pressure``, …; ``other``
        for what is none of these; ``marker`` for counters, clocks, rates and labels; or ``unknown`` for what
        may be a voltage and has a name that says nothing.
    """
    if unit in _RATE_UNITS or is_bookkeeping(name):
        return "marker"
    if lead_name(name):
        return "ecg"
    found = words(name)
    for kind in KINDS.values():
        if any(kind.names(word) for word in found):
            return kind.name
    return UNKNOWN if unit in MV_PER_UNIT or unit in ("", RAW_UNIT) else "other"
