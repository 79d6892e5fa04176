"""Conversion of recordings between units and stored integers."""

from __future__ import annotations

from dataclasses import replace
from math import floor, log10

import numpy as np
from jaxtyping import Float

from diffecg.formats.recording import Recording
from diffecg.signal.channels import MV_PER_UNIT


def digitise(recording: Recording, bits: int, *, gain: float | None = None) -> Recording:
    """Convert floats to integers of at most ``bits`` bits; a recording of integers is returned unchanged.

    Args:
        recording: the recording.
        bits: width of the signed integers.
        gain: steps per unit; None: for each channel the finest power of ten for which its samples fit, at
            most 1000 (1 uV for mV) up to 16 bits and 100,000 (10 nV for mV) beyond.
    """
    if np.issubdtype(recording.stored.dtype, np.integer):
        return recording
    values = np.where(recording.missing, 0, recording.stored)
    gains = [gain] * len(values) if gain is not None else [_finest_gain(row, bits) for row in values]
    stored = np.rint(values * np.array(gains)[:, None]).astype(np.int64)
    return replace(recording, stored=stored, gain=tuple(gains), baseline=(0.0,) * len(gains))


def _finest_gain(values: Float[np.ndarray, " time"], bits: int) -> float:
    largest = np.abs(values).max(initial=1e-3)
    decimals = floor(log10((2 ** (bits - 1) - 1) / largest))
    return 10.0 ** min(5 if bits > 16 else 3, decimals)


def in_millivolts(recording: Recording) -> tuple[Float[np.ndarray, "channel time"], list[str]]:
    """Return the samples, voltages in mV and other channels in their own units, and the units."""
    scale = [MV_PER_UNIT.get(unit, 1.0) for unit in recording.units]
    units = ["mV" if unit in MV_PER_UNIT else unit for unit in recording.units]
    return recording.signal * np.array(scale)[:, None], units


def is_plausible_scale(gain: float, baseline: float) -> bool:
    """Return whether gain and baseline of a channel are numerically plausible."""
    return 1e-12 < abs(gain) < 1e12 and abs(baseline) < 1e15
