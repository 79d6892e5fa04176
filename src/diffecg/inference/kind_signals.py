"""Signals of a recording as they are imputed: at one rate, each in the unit of its kind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from diffecg.datasets.lead_reader import Leads
from diffecg.formats.recording import Recording
from diffecg.signal.channels import Channel
from diffecg.signal.kinds import KINDS, NO_UNIT, signal_kind
from diffecg.signal.units import unit_ratio


def imputed_unit(channel: Channel) -> str | None:
    """Return the unit in which a channel is imputed; None if it is of no kind, or of another quantity.

    It is the unit of the kind, or the channel's own if the kind has no physical unit.
    """
    if channel.signal_kind not in KINDS:
        return None
    unit = KINDS[channel.signal_kind].unit
    if unit == NO_UNIT:
        return channel.unit
    return None if unit_ratio(channel.unit, unit) is None else unit


def imputed_units(recording: Recording, rows: Sequence[int]) -> list[str]:
    """Return the unit in which each of some channels is imputed, their own for channels of no kind."""
    channels = [recording.channels[row] for row in rows]
    return [imputed_unit(channel) or channel.unit for channel in channels]


def default_signal(recording: Recording, rows: Sequence[int]) -> int:
    """Return the signal of some that is used where none is named: the usual lead of an ECG, else the first.

    Raises:
        DiffecgError: there are none.
    """
    has_ecg = any(recording.channels[row].signal_kind == "ecg" for row in rows)
    return recording.default_lead() if has_ecg or not rows else rows[0]


def read_signals(
    recording: Recording, rows: Sequence[int], fs_hz: float, start: int, stop: int
) -> Float[np.ndarray, "lead time"]:
    """Return a part of some channels at one rate, each in the unit in which it is imputed; NaN = missing.

    Args:
        recording: the recording.
        rows: indices of the channels.
        fs_hz: the rate, in Hz; channels of other rates are resampled.
        start: first sample, at this rate.
        stop: exclusive; a channel that ends before is missing from there on.
    """
    signal = np.full((len(rows), stop - start), np.nan)
    for group, reader in Leads.of(recording, rows, fs_hz, imputed_units(recording, rows)).readers:
        end = min(stop, reader.length)
        if end <= start:
            continue
        for row, values in zip(group, reader.read(start, end), strict=True):
            kind = recording.channels[row].signal_kind
            valid = signal_kind(kind).valid(values) if kind in KINDS else values
            signal[rows.index(row), : end - start] = valid
    return signal
