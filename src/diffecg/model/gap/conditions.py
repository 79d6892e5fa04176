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

MIN_SCALE_MV = 0.03
"""Smallest standard deviation by which signals are divided."""
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
    companion: Float[Tensor, "batch time"]
    companion_difference: Float[Tensor, "batch candidate time"]
    companion_distance: Float[Tensor, "batch candidate"]
    """Root mean square difference of the companion lead in the surroundings and through the gap."""
    has_companion: Bool[Tensor, " batch"]
    level_mv: Float[Tensor, "batch 1"]
    scale_mv: Float[Tensor, "batch 1"]

    def normalise(self, signal_mv: Float[Tensor, "batch time"]) -> Float[Tensor, "batch time"]:
        """Return a signal of the lead in the units of the network."""
        return (signal_mv - self.level_mv) / self.scale_mv

    def denormalise(self, signal: Float[Tensor, "batch *draw time"]) -> Float[Tensor, "batch *draw time"]:
        """Return a signal in mV."""
        shape = (-1, *(1 for _ in signal.shape[1:]))
        return signal * self.scale_mv.reshape(shape) + self.level_mv.reshape(shape)


def normalise_inputs(inputs: GapInputs, context: int) -> GapConditions:
    """Return the normalised inputs.

    Args:
        inputs: the gaps.
        context: samples on either side of a gap that are its surroundings.
    """
    observed, missing = inputs.observed.float(), inputs.missing.float()
    near = F.max_pool1d(missing[:, None], 2 * context + 1, 1, context)[:, 0] * observed
    level, scale = _level_and_scale(inputs.signal_mv, observed)
    signal = (inputs.signal_mv - level) / scale * observed
    valid = inputs.valid.float()
    candidates, distance, difference = _compare(
        signal, (inputs.candidates_mv - level[:, None]) / scale[:, None], valid, near, observed
    )
    whole = ~(inputs.missing[:, None] & ~inputs.valid).any(dim=2)
    usable = whole & ((near[:, None] * valid).sum(dim=2) >= MIN_COMPARED)
    kept = valid * usable[:, :, None]

    companion_observed = inputs.companion_observed.float()
    companion_level, companion_scale = _level_and_scale(inputs.companion_mv, companion_observed)
    companion = (inputs.companion_mv - companion_level) / companion_scale * companion_observed
    of_candidates = (inputs.companion_candidates_mv - companion_level[:, None]) / companion_scale[:, None]
    _, companion_distance, companion_difference = _compare(
        companion,
        of_candidates,
        inputs.companion_valid.float(),
        (near + missing) * companion_observed,
        companion_observed,
    )
    return GapConditions(
        signal=signal,
        observed=observed,
        missing=missing,
        candidates=candidates * kept,
        valid=kept,
        usable=usable,
        difference=difference * kept,
        distance=distance,
        companion=companion,
        companion_difference=companion_difference * kept,
        companion_distance=companion_distance,
        has_companion=inputs.companion_observed.any(dim=1),
        level_mv=level,
        scale_mv=scale,
    )


def _level_and_scale(
    signal_mv: Float[Tensor, "batch time"], observed: Float[Tensor, "batch time"]
) -> tuple[Float[Tensor, "batch 1"], Float[Tensor, "batch 1"]]:
    """Return the mean of the observed samples, and their standard deviation, at least MIN_SCALE_MV."""
    count = observed.sum(dim=1, keepdim=True).clamp(min=1)
    level = (signal_mv * observed).sum(dim=1, keepdim=True) / count
    variance = (((signal_mv - level) * observed) ** 2).sum(dim=1, keepdim=True) / count
    return level, variance.sqrt().clamp(min=MIN_SCALE_MV)


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
