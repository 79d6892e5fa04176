"""Names and units of the signals of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from diffecg.errors import DiffecgError
from diffecg.formats.tables.context import Context
from diffecg.formats.tables.raw_columns import RawColumn
from diffecg.formats.tables.roles import is_whole, needs_unit
from diffecg.signal.channel_kinds import UNKNOWN, channel_kind
from diffecg.signal.channels import repeated
from diffecg.signal.units import normalise_unit


def names_and_units(
    columns: Sequence[RawColumn], signals: Sequence[int], context: Context, assumptions: list[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return names and units of the signals.

    Raises:
        DiffecgError: two signals have the same heading; large numbers have no unit.
    """
    chosen = [columns[position] for position in signals]
    if duplicates := repeated(column.heading for column in chosen if column.heading):
        raise DiffecgError(f"{context.path} has several columns of the same name, {duplicates}; rename one")
    same = repeated(column.name for column in chosen).split(", ")
    names, units = [], []
    for number, column in enumerate(chosen):
        unnamed = (
            context.preamble.lead if len(chosen) == 1 and context.preamble.lead else f"lead {number + 1}"
        )
        name = (column.heading if column.name in same else column.name) or unnamed
        unit = normalise_unit(column.stated_unit)
        if not unit and channel_kind(name, "") in ("ecg", UNKNOWN):
            unit = context.preamble.unit
        units.append(_checked_unit(replace(column, heading=name), unit, context, assumptions))
        names.append(name)
    return tuple(names), tuple(units)


def _checked_unit(column: RawColumn, unit: str, context: Context, assumptions: list[str]) -> str:
    """Return the unit of a signal; ``NU`` for large numbers without a unit in a channel of unknown kind.

    Raises:
        DiffecgError: an ECG is in large numbers without a unit, and the user gives none.
    """
    kind = channel_kind(column.name, unit)
    raw = unit.lower() in ("adu", "raw", "lsb") or (
        not unit and kind in ("ecg", UNKNOWN) and (needs_unit(column) or context.preamble.is_raw)
    )
    if not raw:
        return unit
    if "" in context.units or column.name in context.units:
        return ""
    numbers = "whole numbers" if is_whole(column.numbers) else "numbers"
    if kind == "ecg":
        low, high = np.nanmin(column.numbers), np.nanmax(column.numbers)
        raise DiffecgError(
            f"{context.path}: {column.name} holds {numbers} from {low:g} to {high:g} and no unit, "
            "such as ADC units; give --unit uV (mV, V) if they are in it, or the ADC units per mV and of "
            "0 mV with --gain and --baseline, such as 200 and 1024 for MIT-BIH"
        )
    assumptions.append(f"{column.name} holds {numbers} without a unit: read as no voltage")
    return "NU"
