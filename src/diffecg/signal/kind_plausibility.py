"""Warnings that a channel other than an ECG is implausible for its kind, each with its evidence."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from diffecg.signal.channels import Channel
from diffecg.signal.kinds import NO_UNIT, SignalKind, signal_kind
from diffecg.signal.units import unit_ratio

SEGMENT_S = 10.0
"""Flat lines are judged by the median over segments of this length."""
MIN_EVENTS_S = 30.0
"""Events are counted if this much of the channel is observed."""
OUTSIDE_SHARE = 0.001
"""Smallest share of samples outside the plausible range that causes a warning."""


def kind_warnings(signal: Float[np.ndarray, " time"], fs_hz: float, channel: Channel) -> list[str]:
    """Return warnings that a channel is implausible for its kind.

    Args:
        signal: samples in the channel's unit; NaN = missing.
        fs_hz: sampling rate, in Hz.
        channel: name, unit and kind, one of :data:`diffecg.signal.kinds.KINDS`.
    """
    kind = signal_kind(channel.kind)
    ratio = unit_ratio(channel.unit, kind.unit)
    if ratio is None and kind.unit != NO_UNIT:
        stated = "has no unit" if channel.unit in ("", NO_UNIT) else f"is in {channel.unit}"
        return [f"{channel.name} {stated}; {kind.name} is expected in {kind.unit}"]
    if ratio is None or np.isnan(signal).all():
        return []
    values, name = ratio * signal, channel.name
    warning = _check_flat(values, fs_hz, name, kind) or _check_events(values, fs_hz, name, kind)
    return [text for text in (_check_range(values, name, kind), warning) if text]


def _check_range(values: Float[np.ndarray, " time"], name: str, kind: SignalKind) -> str:
    observed, (low, high) = values[np.isfinite(values)], kind.plausible
    share = float(np.mean((observed < low) | (observed > high)))
    if share < OUTSIDE_SHARE:
        return ""
    return (
        f"{share:.1%} of {name} lies outside {low:g} to {high:g} {kind.unit}, in {observed.min():.4g} to "
        f"{observed.max():.4g} {kind.unit}: a flush, a disconnected sensor or a wrong unit?"
    )


def _check_flat(values: Float[np.ndarray, " time"], fs_hz: float, name: str, kind: SignalKind) -> str:
    length = min(max(round(SEGMENT_S * fs_hz), 2), len(values))
    segments = values[: len(values) // length * length].reshape(-1, length)
    complete = segments[np.isfinite(segments).all(axis=1)]
    if not len(complete):
        return ""
    deviation = round(float(np.median(complete.std(axis=1))), 6)
    if deviation >= kind.smallest_sd:
        return ""
    return f"{name} is flat: its standard deviation in {SEGMENT_S:g} s is {deviation:.2g} {kind.unit}"


def _check_events(values: Float[np.ndarray, " time"], fs_hz: float, name: str, kind: SignalKind) -> str:
    observed_s = np.isfinite(values).sum() / fs_hz
    if kind.rate_per_min is None or observed_s < MIN_EVENTS_S:
        return ""
    rate, (low, high) = 60 * len(kind.events_in(values, fs_hz)) / observed_s, kind.rate_per_min
    if low <= rate <= high:
        return ""
    return f"{name} has {rate:.0f} {kind.events} per minute; {low:g} to {high:g} are plausible"
