"""Normalisation: location and scale of windows, so that leads and gaps of any amplitude look alike.

A window is first normalised by the mean and the standard deviation of its observed samples. A model that
learns the residual of analogues normalises once more: missing samples relative to the mean of their
analogues, in units of the error that the spread of the analogues suggests.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from diffecg.transform.analogues import Analogues

TYPICAL_STD_MV = 0.3
"""Standard deviation of a typical lead, to which windows are scaled."""

MIN_STD_MV = 0.03
"""Lower bound of the standard deviation of a window."""

MIN_RELATIVE_ERROR = 0.1
"""Lower bound of the expected error of analogues, relative to ``TYPICAL_STD_MV``."""

QRS_HALF_WIDTH_S = 0.05
"""Half width of the narrow average of the variance of analogues: half a QRS complex."""

BEAT_HALF_WIDTH_S = 0.5
"""Half width of its wide average: half a beat."""

QRS_WEIGHT = 0.75
"""Weight of the narrow average. A few analogues give a poor estimate of the variance, hence the averages."""


class Normalizer(NamedTuple):
    """Location and scale, which broadcast with windows (batch lead time)."""

    loc: Float[Tensor, "batch lead #time"]
    """Location, in mV."""
    scale: Float[Tensor, "batch lead #time"]
    """Scale, a factor."""

    def apply(self, signal_mv: Float[Tensor, "batch lead time"]) -> Float[Tensor, "batch lead time"]:
        """Subtract the location and divide by the scale."""
        return (signal_mv - self.loc) / self.scale

    def undo(self, signal: Float[Tensor, "batch lead time"]) -> Float[Tensor, "batch lead time"]:
        """Invert :meth:`apply`."""
        return signal * self.scale + self.loc

    def then(self, other: Normalizer) -> Normalizer:
        """Return the normalizer that applies this one and then ``other``."""
        return Normalizer(loc=self.undo(other.loc), scale=self.scale * other.scale)


def observed_normalizer(
    signal_mv: Float[Tensor, "batch lead time"],
    observed: Bool[Tensor, "batch lead time"],
    default_loc_mv: Float[Tensor, "lead 1"],
) -> Normalizer:
    """Return the normalizer that gives the observed samples mean 0 and standard deviation TYPICAL_STD_MV.

    Args:
        signal_mv: Windows; missing samples may have any value.
        observed: True where the signal is observed.
        default_loc_mv: Location of leads without an observed sample; their scale is 1.
    """
    count = observed.sum(dim=2, keepdim=True)
    mean = torch.where(observed, signal_mv, 0.0).sum(dim=2, keepdim=True) / count.clamp(min=1)
    squares = torch.where(observed, signal_mv - mean, 0.0).square().sum(dim=2, keepdim=True)
    std = (squares / count.clamp(min=1)).sqrt().clamp(min=MIN_STD_MV)
    return Normalizer(
        loc=torch.where(count > 0, mean, default_loc_mv),
        scale=torch.where(count > 0, std / TYPICAL_STD_MV, 1.0),
    )


def analogue_normalizer(
    signal: Float[Tensor, "batch lead time"],
    observed: Bool[Tensor, "batch lead time"],
    analogues: Analogues,
    fs_hz: float,
) -> Normalizer:
    r"""Return the mean of the analogues and its expected error.

    The expected error of missing samples is :math:`\sqrt{\bar v + e^2}`, relative to ``TYPICAL_STD_MV``,
    where :math:`\bar v` is the smoothed variance of the analogues and :math:`e` a lower bound. Observed
    samples are their own location, and their scale is 1.

    Args:
        signal: Normalised windows; missing samples may have any value.
        observed: True where the signal is observed.
        analogues: Analogues of the missing samples.
        fs_hz: Sampling rate.
    """
    missing = (~observed).to(signal.dtype)
    several = (analogues.weights > 0).sum(dim=0) > 1
    variance = torch.where(several, analogues.variance, TYPICAL_STD_MV**2) * missing
    narrow = _moving_average(variance, missing, round(QRS_HALF_WIDTH_S * fs_hz))
    wide = _moving_average(variance, missing, round(BEAT_HALF_WIDTH_S * fs_hz))
    smooth = QRS_WEIGHT * narrow + (1 - QRS_WEIGHT) * wide
    error = (smooth + (MIN_RELATIVE_ERROR * TYPICAL_STD_MV) ** 2).sqrt() / TYPICAL_STD_MV
    any_observed = observed.any(dim=2, keepdim=True)
    return Normalizer(
        loc=torch.where(observed, signal, analogues.mean),
        scale=torch.where(any_observed & ~observed, error, 1.0),
    )


def _moving_average(
    values: Float[Tensor, "batch lead time"], weights: Float[Tensor, "batch lead time"], half_width: int
) -> Float[Tensor, "batch lead time"]:
    """Return averages over ``half_width`` samples on either side; ``values`` are already weighted."""
    total, weight = (F.avg_pool1d(x, 2 * half_width + 1, 1, half_width) for x in (values, weights))
    return total / weight.clamp(min=1e-6)
