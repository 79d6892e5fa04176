"""Normalisation of a gap's inputs: levels, scales, and distances of the candidates.

Everything is expressed in units of the standard deviation of the observed signal of the window, from its
mean. Each candidate is shifted to the level of the gap's surroundings.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from diffecg.model.gap.inputs import GapInputs

MIN_COMPARED = 6
"""Fewest samples of the surroundings at which a usable candidate is observed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class GapConditions:
    """Normalised inputs; what is not observed is zero."""

    signal: Float[Tensor, "batch time"]
    observed: Float[Tensor, "batch time"]
    missing: Float[Tensor, "batch time"]
    candidates: Float[Tensor, "batch candidate time"]
    """The usable candidates; the others are zero."""
    valid: Float[Tensor, "batch candidate time"]
    usable: Bool[Tensor, "batch candidate"]
    """Whether a candidate is observed throughout the gap and in its surroundings."""
    difference: Float[Tensor, "batch candidate time"]
    """Signal minus candidate, where both are observed."""
    distance: Float[Tensor, "batch candidate"]
    """Root mean square difference in the surroundings."""
    companions: Float[Tensor, "batch companion time"]
    companion_difference: Float[Tensor, "batch companion candidate time"]
    companion_distance: Float[Tensor, "batch companion candidate"]
    """Root mean square difference of each companion in the surroundings and through the gap."""
    has_companion: Bool[Tensor, "batch companion"]
    level: Float[Tensor, "batch 1"]
    scale: Float[Tensor, "batch 1"]

    def normalise(self, signal: Float[Tensor, "batch time"]) -> Float[Tensor, "batch time"]:
        """Return the signal of the gap in the units of the network."""
        return (signal - self.level) / self.scale

    def denormalise(self, signal: Float[Tensor, "batch *draw time"]) -> Float[Tensor, "batch *draw time"]:
        """Return a signal in its own unit."""
        shape = (-1, *(1 for _ in signal.shape[1:]))
        return signal * self.scale.reshape(shape) + self.level.reshape(shape)


def normalise_inputs(inputs: GapInputs, context: int) -> GapConditions:
    """Return the normalised inputs.

    Args:
        inputs: the gaps.
        context: samples on either side of a gap that are its surroundings.
    """
    observed, missing = inputs.observed.float(), inputs.missing.float()
    near = F.max_pool1d(missing[:, None], 2 * context + 1, 1, context)[:, 0] * observed
    level, scale = _level_and_scale(inputs.signal, observed, inputs.smallest_scale[:, :1])
    signal = (inputs.signal - level) / scale * observed
    valid = inputs.valid.float()
    candidates, distance, difference = _compare(
        signal, (inputs.candidates - level[:, None]) / scale[:, None], valid, near, observed
    )
    whole = ~(inputs.missing[:, None] & ~inputs.valid).any(dim=2)
    usable = whole & ((near[:, None] * valid).sum(dim=2) >= MIN_COMPARED)
    kept = valid * usable[:, :, None]

    companions, companion_distance, companion_difference = _compare_companions(inputs, near + missing)
    return GapConditions(
        signal=signal,
        observed=observed,
        missing=missing,
        candidates=candidates * kept,
        valid=kept,
        usable=usable,
        difference=difference * kept,
        distance=distance,
        companions=companions,
        companion_difference=companion_difference * kept[:, None],
        companion_distance=companion_distance,
        has_companion=inputs.companion_observed.any(dim=2),
        level=level,
        scale=scale,
    )


def _compare_companions(
    inputs: GapInputs, compared: Float[Tensor, "batch time"]
) -> tuple[
    Float[Tensor, "batch companion time"],
    Float[Tensor, "batch companion candidate"],
    Float[Tensor, "batch companion candidate time"],
]:
    """Return the normalised companions, their distances from those of the candidates, and the differences."""
    count = inputs.companions.shape[1]
    signal, observed = inputs.companions.flatten(0, 1), inputs.companion_observed.flatten(0, 1).float()
    level, scale = _level_and_scale(signal, observed, inputs.smallest_scale[:, 1:].reshape(-1, 1))
    signal = (signal - level) / scale * observed
    _, distance, difference = _compare(
        signal,
        (inputs.companion_candidates.flatten(0, 1) - level[:, None]) / scale[:, None],
        inputs.companion_valid.flatten(0, 1).float(),
        compared.repeat_interleave(count, dim=0) * observed,
        observed,
    )
    signal, distance, difference = (
        x.reshape(-1, count, *x.shape[1:]) for x in (signal, distance, difference)
    )
    return signal, distance, difference


def _level_and_scale(
    signal: Float[Tensor, "batch time"],
    observed: Float[Tensor, "batch time"],
    smallest: Float[Tensor, "batch 1"],
) -> tuple[Float[Tensor, "batch 1"], Float[Tensor, "batch 1"]]:
    """Return the mean of the observed samples, and their standard deviation, at least ``smallest``."""
    count = observed.sum(dim=1, keepdim=True).clamp(min=1)
    level = (signal * observed).sum(dim=1, keepdim=True) / count
    variance = (((signal - level) * observed) ** 2).sum(dim=1, keepdim=True) / count
    return level, variance.sqrt().maximum(smallest)


def _compare(
    signal: Float[Tensor, "batch time"],
    candidates: Float[Tensor, "batch candidate time"],
    valid: Float[Tensor, "batch candidate time"],
    compared: Float[Tensor, "batch time"],
    observed: Float[Tensor, "batch time"],
) -> tuple[
    Float[Tensor, "batch candidate time"],
    Float[Tensor, "batch candidate"],
    Float[Tensor, "batch candidate time"],
]:
    """Return candidates at the level of a signal, their distances from it, and the differences."""
    weight = compared[:, None] * valid
    count = weight.sum(dim=2, keepdim=True).clamp(min=1)
    shift = ((signal[:, None] - candidates) * weight).sum(dim=2, keepdim=True) / count
    candidates = candidates + shift
    difference = (signal[:, None] - candidates) * observed[:, None] * valid
    distance = ((difference**2 * weight).sum(dim=2) / count[:, :, 0]).sqrt()
    return candidates, distance, torch.where(valid > 0, difference, 0.0)
