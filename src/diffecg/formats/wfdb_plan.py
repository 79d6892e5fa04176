"""What a WFDB record will look like, and what it cannot hold of a recording."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm

import numpy as np

from diffecg.errors import DiffecgError
from diffecg.formats.naming import distinct_names, to_ascii
from diffecg.formats.recording import Recording
from diffecg.formats.samples import EditedSource, SampleSource
from diffecg.formats.scaling import digitise, is_plausible_scale, largest, rounding_losses
from diffecg.formats.wfdb import WfdbLayout
from diffecg.signal.channels import Channel
from diffecg.signal.units import normalise_unit

MAX_PER_FRAME = 10_000
"""Most samples per frame: rates whose common divisor is too small are refused."""

MAX_SCALE = 1 << 15
"""Largest factor by which stored values are multiplied, so that the value of zero becomes an integer."""

_LARGEST = 2**31 - 1
"""Largest stored value; the smallest one stands for a missing sample."""

_ZERO_ERROR = 1e-3
"""Error of the value of zero, in stored steps, that is not worth reporting."""


@dataclass(frozen=True, kw_only=True, eq=False)
class WfdbPlan:
    """A record that is to be written."""

    source: SampleSource
    """Integers."""
    factors: tuple[int, ...]
    """Factor of each channel's integers, which makes its value of zero an integer."""
    bits: int
    """Width of the stored integers: 16 or 32."""
    names: tuple[str, ...]
    units: tuple[str, ...]
    frame_rate_hz: float
    per_frame: tuple[int, ...]
    """Samples per frame of each channel."""

    @property
    def frames(self) -> int:
        """Number of frames that hold all samples."""
        pairs = zip(self.source.lengths, self.per_frame, strict=True)
        return max(-(-length // count) for length, count in pairs)

    def scale(self, row: int) -> tuple[float, int]:
        """Return gain and baseline of a channel as they are written."""
        factor = self.factors[row]
        return self.source.gain[row] * factor, round(self.source.baseline[row] * factor)


def plan_record(recording: Recording) -> WfdbPlan:
    """Return what the record of a recording will look like.

    Raises:
        DiffecgError: the recording is empty, samples need more than 32 bits, a scale is implausible, or the
            rates have no common frame.
    """
    frame_rate_hz, per_frame = _frame_rate(recording)
    source = digitise(recording, 32).source
    if not max(source.lengths, default=0):
        raise DiffecgError(f"recording {recording.name} has no samples")
    highest = _highest(recording, source)
    factors = tuple(
        _zero_factor(baseline, int(_LARGEST // max(value, abs(baseline), 1)))
        for baseline, value in zip(source.baseline, highest, strict=True)
    )
    plan = WfdbPlan(
        source=source,
        factors=factors,
        bits=16 if max(v * f for v, f in zip(highest, factors, strict=True)) < 2**15 else 32,
        names=_names(recording),
        units=tuple(_unit(channel) for channel in recording.channels),
        frame_rate_hz=frame_rate_hz,
        per_frame=per_frame,
    )
    for row, channel in enumerate(recording.channels):
        if not is_plausible_scale(*plan.scale(row)):
            raise DiffecgError(
                f"{channel.name} has a scale of {source.gain[row]:g} steps per {channel.unit} with zero at "
                f"{source.baseline[row]:g}, which is not plausible; is its unit right?"
            )
    return plan


def _highest(recording: Recording, source: SampleSource) -> list[float]:
    """Return the largest absolute stored value of each channel; samples that replace others are limited.

    Raises:
        DiffecgError: samples as they were read need more than 32 bits.
    """
    rows = range(len(source.gain))
    highest = [largest(source, row) for row in rows]
    if max(highest) > _LARGEST and isinstance(source, EditedSource):
        highest = [largest(source.source, row) for row in rows]
    if max(highest) > _LARGEST:
        raise DiffecgError(
            f"recording {recording.name} has stored samples of {max(highest):.0f}, more than 32 bits; is its "
            "unit right?"
        )
    return highest


def _zero_factor(baseline: float, limit: int) -> int:
    """Return the smallest factor that makes a value of zero an integer, or the best one up to a limit."""
    factors = np.arange(1, min(max(limit, 1), MAX_SCALE) + 1)
    errors = np.abs(factors * baseline - np.rint(factors * baseline)) / factors
    exact = np.flatnonzero(errors < 1e-6)
    return int(factors[exact[0] if len(exact) else np.argmin(errors)])


def _unit(channel: Channel) -> str:
    """Return the unit as the header states it, in ASCII and without spaces."""
    return to_ascii(channel.unit or "NU").replace(" ", "_")


def _names(recording: Recording) -> tuple[str, ...]:
    """Return the channel names in ASCII, distinct and without breaks."""
    return distinct_names([to_ascii(name).strip() or "signal" for name in recording.channel_names])[0]


def _frame_rate(recording: Recording) -> tuple[float, tuple[int, ...]]:
    """Return frames per second and samples per frame of each channel.

    Raises:
        DiffecgError: the rates have no common frame.
    """
    rates = recording.source.rates_hz
    if isinstance(recording.layout, WfdbLayout):
        frame_rate_hz = recording.layout.frame_rate_hz
        return frame_rate_hz, tuple(round(rate / frame_rate_hz) for rate in rates)
    if len(set(rates)) == 1:
        return rates[0], (1,) * len(rates)
    fractions = [Fraction(rate).limit_denominator(1000) for rate in rates]
    denominator = lcm(*(fraction.denominator for fraction in fractions))
    common = Fraction(gcd(*(int(fraction * denominator) for fraction in fractions)), denominator)
    per_frame = tuple(int(fraction / common) for fraction in fractions)
    if max(per_frame) > MAX_PER_FRAME or any(
        abs(float(fraction) - rate) > 1e-9 * rate for fraction, rate in zip(fractions, rates, strict=True)
    ):
        listed = ", ".join(f"{rate:g}" for rate in dict.fromkeys(rates))
        raise DiffecgError(
            f"the rates of {recording.name} ({listed} Hz) have no common frame; choose another --format"
        )
    return float(common), per_frame


def plan_losses(recording: Recording, plan: WfdbPlan) -> list[str]:
    """Return what header and samples of a planned record cannot hold of a recording."""
    found = rounding_losses(recording, 32)
    for row, channel in enumerate(recording.channels):
        if channel.name != plan.names[row]:
            found.append(f"{channel.name!r} is written as {plan.names[row]!r}")
        if normalise_unit(plan.units[row]) != channel.unit:
            found.append(f"the unit of {channel.name}, {channel.unit!r}, is written as {plan.units[row]!r}")
        error = abs(plan.scale(row)[1] / plan.factors[row] - plan.source.baseline[row])
        if error > _ZERO_ERROR:
            found.append(
                f"values of {channel.name} change by {error:.2g} stored steps, as its zero is rounded"
            )
    padding_s = max(
        (plan.frames * count - length) / (plan.frame_rate_hz * count)
        for count, length in zip(plan.per_frame, plan.source.lengths, strict=True)
    )
    if padding_s:
        found.append(f"up to {padding_s:.6g} s of missing samples are added to fill the last frame")
    return found + _text_losses(recording)


def _text_losses(recording: Recording) -> list[str]:
    """Return what a header cannot hold of the comments and the start of a recording."""
    found = [
        f"comment {text!r} is written as {to_ascii(text)!r}"
        for text in recording.comments
        if text != to_ascii(text)
    ]
    clock = recording.time.start_time
    if clock is not None and clock.tzinfo is not None:
        found.append(f"the time zone {clock.tzinfo} is not kept")
    if recording.time.start_date is not None and clock is None:
        found.append("the time of day is written as 00:00:00, as none is known")
    return found
