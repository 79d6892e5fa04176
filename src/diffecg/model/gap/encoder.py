"""The encoder of candidates: the same network for each, and attention weights over them for each frame."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from diffecg.config.gap import GapNetworkConfig
from diffecg.model.gap.conditions import GapConditions
from diffecg.model.gap.frames import FrameTransform
from diffecg.model.gap.inputs import GapInputs
from diffecg.model.gap.layers import frame_blocks

FEATURES = 8
"""Number of features of a candidate as a whole."""
DISTANCE_OFFSET = 0.02
"""Added to distances before their logarithm, in units of the signal's standard deviation."""
UNUSABLE_DISTANCE = 9.0
"""Distance of a candidate that cannot be used, larger than any."""


class CandidateEncoder(nn.Module):
    """Encodes each candidate with its surroundings, and weighs the candidates of a gap against each other."""

    def __init__(self, config: GapNetworkConfig, frames: FrameTransform) -> None:
        super().__init__()
        self.frames, self.heads = frames, config.heads
        width = config.encoder_width
        self.candidate_in = nn.Linear(3 * frames.channels + 1 + FEATURES, width)
        self.context_in = nn.Linear(2 * frames.channels + 4, width)
        self.blocks = frame_blocks(width, config.encoder_blocks)
        self.attention = nn.Linear(width, config.heads)

    def context(
        self, conditions: GapConditions, inputs: GapInputs
    ) -> Float[Tensor, "batch frame context_channel"]:
        """Return what is known about a gap apart from candidates: C1, the companion, C2, and two flags."""
        signal, companion = (self.frames.analyse(x) for x in (conditions.signal, conditions.companion))
        masks = [self.frames.share(mask) for mask in (inputs.missing, inputs.observed)]
        flags = torch.stack([conditions.has_companion, inputs.is_forecast], dim=1).float()
        flags = flags[:, None].expand(-1, signal.shape[1], -1)
        return torch.cat([signal, companion, *masks, flags], dim=2)

    def encode(
        self,
        conditions: GapConditions,
        inputs: GapInputs,
        context: Float[Tensor, "batch frame context_channel"],
    ) -> Float[Tensor, "batch candidate frame channel"]:
        """Return the features of each frame of each candidate."""
        signals = (conditions.candidates, conditions.difference, conditions.companion_difference)
        spectrograms = [self.frames.analyse(signal) for signal in signals]
        count = spectrograms[0].shape[2]
        features = _features(conditions, inputs)[:, :, None].expand(-1, -1, count, -1)
        valid = self.frames.share(conditions.valid > 0)
        x = self.candidate_in(torch.cat([*spectrograms, valid, features], dim=3))
        x = x + self.context_in(context)[:, None]
        return self.blocks(x.flatten(0, 1)).unflatten(0, x.shape[:2])

    def weigh(
        self,
        encoded: Float[Tensor, "batch candidate frame channel"],
        excluded: Bool[Tensor, "batch candidate"],
    ) -> Float[Tensor, "batch candidate frame head"]:
        """Return attention weights, which add up to 1 over the candidates in each frame and head."""
        scores = self.attention(encoded).float()
        return scores.masked_fill(excluded[:, :, None, None], -1e4).softmax(dim=1)


def _features(conditions: GapConditions, inputs: GapInputs) -> Float[Tensor, "batch candidate feature"]:
    """Return the features of each candidate as a whole."""
    distance, is_cycle = conditions.distance, inputs.is_cycle.float()
    analogues = (~inputs.is_cycle).sum(dim=1, keepdim=True).clamp(min=1)
    number = torch.arange(distance.shape[1], dtype=distance.dtype, device=distance.device)
    rank = number / analogues * (1 - is_cycle)
    to_best = (distance + DISTANCE_OFFSET) / (least_distance(conditions, inputs) + DISTANCE_OFFSET)
    return torch.stack(
        [
            distance,
            (distance + DISTANCE_OFFSET).log(),
            to_best.log().clamp(-3, 5),
            inputs.log_lag,
            is_cycle,
            rank,
            conditions.usable.float(),
            conditions.companion_distance,
        ],
        dim=2,
    )


def least_distance(conditions: GapConditions, inputs: GapInputs) -> Float[Tensor, "batch 1"]:
    """Return the distance of the nearest usable analogue; UNUSABLE_DISTANCE where there is none."""
    excluded = ~conditions.usable | inputs.is_cycle
    return conditions.distance.masked_fill(excluded, UNUSABLE_DISTANCE).amin(dim=1, keepdim=True)
