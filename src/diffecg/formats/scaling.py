"""Conversion of recordings between units and stored integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import floor, log10

import numpy as np
from jaxtyping import Float

from diffecg.formats.recording import Recording
from diffecg.formats.samples import Block, SampleSource
from diffecg.signal.units import MV_PER_UNIT


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
    count = len(recording.channels)
    gains = [gain if gain is not None else _finest_gain(largest(source, row), bits) for row in range(count)]
    return replace(recording, source=DigitisedSource(source, gains))


def largest(source: SampleSource, row: int) -> float:
    """Return the largest absolute stored value of a channel that is not missing; 0 if all are."""
    values = (
        np.abs(np.where(block.missing, 0, block.stored)).max(initial=0) for _, block in source.blocks([row])
    )
    return float(max(values, default=0))


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
