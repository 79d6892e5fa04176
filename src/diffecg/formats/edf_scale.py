"""Physical and digital ranges of EDF: the scale of a signal in numbers of eight characters."""

from __future__ import annotations

from dataclasses import dataclass

from diffecg.errors import DiffecgError
from diffecg.signal.units import MV_PER_UNIT

_WIDTH = 8
"""Characters of a number in the header."""

_CANDIDATES = 256
"""Digital bounds that are tried, so that the physical ones need few characters."""

_EXACT = 1e-2
"""Largest error of a value, in stored steps, that is not worth another unit or a report."""

_WORST = 1e-3
"""Largest error of a value, as a part of the range, that is written at all."""


@dataclass(frozen=True, kw_only=True)
class HeaderScale:
    """What the header states about the scale of a signal."""

    digital: tuple[int, int]
    """Smallest and largest stored value."""
    physical: tuple[str, str]
    """What they stand for, in ``unit``."""
    unit: str
    error: float
    """Largest error of a value that the rounding of ``physical`` causes, in stored steps."""

    @property
    def is_exact(self) -> bool:
        """Whether values stay the same but for a hundredth of a step."""
        return self.error <= _EXACT


def header_scale(bounds: tuple[int, int], gain: float, baseline: float, unit: str, bits: int) -> HeaderScale:
    """Return the scale of a signal whose stored values lie within bounds.

    Numbers have eight characters, which state few scales exactly. The digital bounds are widened where that
    makes the physical ones shorter, and a voltage is stated in a smaller unit where that is more exact.

    Args:
        bounds: smallest and largest stored value.
        gain: steps per unit.
        baseline: stored value of zero.
        unit: unit of the signal.
        bits: width of the stored integers.

    Raises:
        DiffecgError: no number of eight characters states the scale.
    """
    voltages = [unit, "mV", "uV", "nV"] if unit in MV_PER_UNIT else [unit]
    scales = []
    for other in voltages:
        factor = MV_PER_UNIT[other] / MV_PER_UNIT[unit] if other != unit else 1.0
        scale = _scale(bounds, gain * factor, baseline, other, bits)
        if scale is not None and scale.is_exact:
            return scale
        scales += [] if scale is None else [scale]
    best = min(scales, key=lambda scale: scale.error, default=None)
    if best is None or best.error > _WORST * (best.digital[1] - best.digital[0]):
        raise DiffecgError(
            f"a scale of {gain:g} steps per {unit} with zero at {baseline:g} does not fit into the eight "
            "characters of an EDF header; choose another --format"
        )
    return best


def _scale(bounds: tuple[int, int], gain: float, baseline: float, unit: str, bits: int) -> HeaderScale | None:
    """Return the most exact scale in a unit; None if the numbers are too large or equal."""
    low, high = bounds[0], max(bounds[1], bounds[0] + 1)
    lowest, highest = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    if high > highest:
        low, high = low - 1, highest
    lows = range(low, max(lowest, low - _CANDIDATES) - 1, -1)
    highs = range(high, min(highest, high + _CANDIDATES) + 1)
    ends = [_nearest(values, gain, baseline) for values in (lows, highs)]
    (first, text, error), (last, last_text, last_error) = ends
    if not text or not last_text or float(text) == float(last_text):
        return None
    return HeaderScale(
        digital=(first, last), physical=(text, last_text), unit=unit, error=max(error, last_error)
    )


def _nearest(values: range, gain: float, baseline: float) -> tuple[int, str, float]:
    """Return the stored value whose physical one is stated most exactly, that one, and the error in steps."""
    best = (values[0], "", float("inf"))
    for value in values:
        exact = (value - baseline) / gain
        text = _number(exact)
        error = abs((float(text) - exact) * gain) if text else float("inf")
        if error < best[2]:
            best = (value, text, error)
        if error < 1e-6:
            break
    return best


def _number(value: float) -> str:
    """Return a number in eight characters, rounded to the decimals that fit; empty if none do."""
    for decimals in range(_WIDTH - 2, -1, -1):
        text = f"{value:.{decimals}f}"
        if len(text) <= _WIDTH:
            return text.rstrip("0").rstrip(".") if "." in text else text
    return ""
