"""What windows are measured by: a level and a unit, which make leads and gaps of all sizes alike."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from diffecg.transform.analogues import Analogues

TYPICAL_MV = 0.3
"""Standard deviation of a typical lead."""
LEAST_MV = 0.03
"""Least standard deviation that a lead is taken to have."""
LEAST_ERROR = 0.1
"""Least expected error of a guess, as a share of the standard deviation of the window."""

NEAR_S, AROUND_S, NEAR_SHARE = 0.05, 0.5, 0.75
"""A few matches tell a variance badly: so it is averaged over a QRS complex and over a beat (reach on either
side), and the former weighs more."""


class Normalizer(NamedTuple):
    """A level and a unit."""

    level: Tensor
    """In mV; broadcast over (batch lead time)."""
    unit: Tensor
    """A factor; broadcast over (batch lead time)."""

    def apply(self, signal_mv: Tensor) -> Tensor:
        """Return windows (batch lead time), given in mV, from their level, in their unit."""
        return (signal_mv - self.level) / self.unit

    def undo(self, signal: Tensor) -> Tensor:
        """Return in mV what :meth:`apply` returned."""
        return signal * self.unit + self.level


def observed_normalizer(signal_mv: Tensor, observed: Tensor, usual_mv: Tensor) -> Normalizer:
    """Return mean and standard deviation of what is observed; a window of nothing gets the usual ones.

    Args:
        signal_mv: (batch lead time), in mV; anything where missing.
        observed: (batch lead time), True = known.
        usual_mv: level of a window of which nothing is observed.
    """
    number = observed.sum(dim=2, keepdim=True)
    mean = torch.where(observed, signal_mv, 0.0).sum(dim=2, keepdim=True) / number.clamp(min=1)
    square = torch.where(observed, signal_mv - mean, 0.0).square().sum(dim=2, keepdim=True)
    spread = (square / number.clamp(min=1)).sqrt().clamp(min=LEAST_MV)
    some = number > 0
    return Normalizer(torch.where(some, mean, usual_mv), torch.where(some, spread / TYPICAL_MV, 1.0))


def analogue_normalizer(signal: Tensor, observed: Tensor, found: Analogues, fs_hz: float) -> Normalizer:
    """Return the mean of the best matches, and what it is expected to be wrong by.

    Args:
        signal: windows (batch lead time) in their own normalizer; anything where missing.
        observed: (batch lead time), True = known.
        found: the matches.
        fs_hz: sampling rate, in Hz.
    """
    missing = (~observed).to(signal.dtype)
    several = (found.weight > 0).sum(dim=0) > 1
    variance = torch.where(several, found.variance, TYPICAL_MV**2) * missing
    near, around = (_mean_near(variance, missing, round(reach * fs_hz)) for reach in (NEAR_S, AROUND_S))
    smooth = NEAR_SHARE * near + (1 - NEAR_SHARE) * around
    error = (smooth + (LEAST_ERROR * TYPICAL_MV) ** 2).sqrt() / TYPICAL_MV
    some = observed.any(dim=2, keepdim=True)
    level = torch.where(observed, signal, found.mean)
    return Normalizer(level, torch.where(some & ~observed, error, 1.0))


def _mean_near(values: Tensor, weight: Tensor, reach: int) -> Tensor:
    """Return weighted means (batch lead time) over ``reach`` samples on either side."""
    total, count = (F.avg_pool1d(x, 2 * reach + 1, 1, reach) for x in (values, weight))
    return total / count.clamp(min=1e-6)
