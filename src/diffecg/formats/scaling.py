"""Conversion of recordings between units and stored integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import floor, log10

import numpy as np
from jaxtyping import Float

from diffecg.errors import DiffecgError
from diffecg.formats.recording import Recording
from diffecg.formats.samples import Block, SampleSource
from diffecg.signal.units import MV_PER_UNIT

_EXACT = 1e-6
"""Rounding of samples, in steps, that is not worth reporting."""


class DigitisedSource(SampleSource):
    """A source of floats, rounded to integers.

    Args:
        source: samples as floats, in the channels' units.
        gain: steps per unit, for each channel.
    """

    def __init__(self, source: SampleSource, gain: Sequence[float]) -> None:
        self.source, self.gain = source, tuple(gain)
        self.rates_hz, self.lengths = source.rates_hz, source.lengths
        self.baseline, self.is_integer = (0.0,) * len(self.gain), True

    def read(self, rows: Sequence[int], start: int, stop: int) -> Block:
        """Return the samples ``start`` to ``stop`` (exclusive) of some channels."""
        block = self.source.read(rows, start, stop)
        gain = np.array([self.gain[row] for row in rows])[:, None]
        values = np.where(block.missing, 0, block.stored)
        return Block(np.rint(values * gain).astype(np.int64), block.missing)


class CalibratedSource(SampleSource):
    """A source of floats with a gain, as floats in the channels' units."""

    def __init__(self, source: SampleSource) -> None:
        self.source = source
        self.rates_hz, self.lengths = source.rates_hz, source.lengths
        self.gain, self.baseline = (1.0,) * len(source.gain), (0.0,) * len(source.gain)
        self.is_integer = False

    def read(self, rows: Sequence[int], start: int, stop: int) -> Block:
        """Return the samples ``start`` to ``stop`` (exclusive) of some channels."""
        block = self.source.read(rows, start, stop)
        gain, baseline = (
            np.array([values[row] for row in rows])[:, None]
            for values in (self.source.gain, self.source.baseline)
        )
        return Block((block.stored - baseline) / gain, block.missing)


def digitise(recording: Recording, bits: int, *, gain: float | None = None) -> Recording:
    """Convert floats to integers of at most ``bits`` bits; a recording of integers is returned unchanged.

    Args:
        recording: the recording.
        bits: width of the signed integers.
        gain: steps per unit; None: for each channel the finest power of ten for which its samples fit, at
            most 1000 (1 uV for mV) up to 16 bits and 100,000 (10 nV for mV) beyond.
    """
    source = recording.source
    if source.is_integer:
        return recording
    if set(source.gain) != {1.0} or any(source.baseline):
        source = CalibratedSource(source)
    count = len(recording.channels)
    gains = [gain if gain is not None else _finest_gain(largest(source, row), bits) for row in range(count)]
    return replace(recording, source=DigitisedSource(source, gains))


def stored_range(source: SampleSource, row: int) -> tuple[float, float]:
    """Return the smallest and the largest stored value of a channel that is not missing; 0 if all are.

    Raises:
        DiffecgError: a value is infinite.
    """
    low, high = np.inf, -np.inf
    for _, block in source.blocks([row]):
        observed = block.stored[~block.missing]
        if observed.size:
            low, high = min(low, observed.min()), max(high, observed.max())
    if low > high:
        return 0.0, 0.0
    if not np.isfinite([low, high]).all():
        raise DiffecgError(
            "the recording has samples of infinity, which no file of integers can hold; use NaN if missing"
        )
    return float(low), float(high)


def largest(source: SampleSource, row: int) -> float:
    """Return the largest absolute stored value of a channel that is not missing; 0 if all are."""
    low, high = stored_range(source, row)
    return max(abs(low), abs(high))


def rounding_losses(recording: Recording, bits: int) -> list[str]:
    """Return which channels lose digits when :func:`digitise` converts floats, one sentence each."""
    source = digitise(recording, bits).source
    if not isinstance(source, DigitisedSource):
        return []
    losses = []
    for row, channel in enumerate(recording.channels):
        gain = source.gain[row]
        errors = (
            np.abs(np.rint(block.stored * gain) / gain - block.stored)[~block.missing].max(initial=0.0)
            for _, block in source.source.blocks([row])
        )
        if max(errors, default=0.0) > _EXACT / gain:
            losses.append(f"samples of {channel.name} are rounded to {1 / gain:g} {channel.unit}")
    return losses


def _finest_gain(value: float, bits: int) -> float:
    """Return the finest power of ten for which a value fits into signed integers of ``bits`` bits."""
    decimals = floor(log10((2 ** (bits - 1) - 1) / max(value, 1e-3)))
    return 10.0 ** min(5 if bits > 16 else 3, decimals)


def in_millivolts(recording: Recording) -> tuple[Float[np.ndarray, "channel time"], list[str]]:
    """Return the samples, voltages in mV and other channels in their own units, and the units."""
    scale = [MV_PER_UNIT.get(unit, 1.0) for unit in recording.units]
    units = ["mV" if unit in MV_PER_UNIT else unit for unit in recording.units]
    return recording.signal * np.array(scale)[:, None], units


def is_plausible_scale(gain: float, baseline: float) -> bool:
    """Return whether gain and baseline of a channel are numerically plausible."""
    return 1e-12 < abs(gain) < 1e12 and abs(baseline) < 1e15
