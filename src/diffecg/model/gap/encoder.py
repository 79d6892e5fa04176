"""The encoder of candidates: the same network for each, and attention weights over them for each frame."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from diffecg.config.gap import GapConfig
from diffecg.model.gap.conditions import GapConditions
from diffecg.model.gap.frames import FrameTransform
from diffecg.model.gap.inputs import GapInputs
from diffecg.model.gap.layers import frame_blocks

FEATURES = 7
"""Number of features of a candidate as a whole, apart from the distances of the companions."""
DISTANCE_OFFSET = 0.02
"""Added to distances before their logarithm, in units of the signal's standard deviation."""
UNUSABLE_DISTANCE = 9.0
"""Distance of a candidate that cannot be used, larger than any."""


class InputName(NamedTuple):
    """What an input of a layer is: a channel of something, of one of the companions if it is about one."""

    content: str
    channel: int | str = 0
    companion: tuple[str, int] | None = None
    """Kind of the companion, and its number among those of the kind."""


def input_names(config: GapConfig) -> dict[str, list[InputName]]:
    """Return what the inputs of the first layers are, by the name of the layer's weights.

    Those of the trunk continue with what the encoder and the mixture give.
    """
    kinds, channels = config.candidates.companions, range(config.network.n_fft)
    companions = [(kind, kinds[:number].count(kind)) for number, kind in enumerate(kinds)]
    of_signal = config.candidates.kinds if len(config.candidates.kinds) > 1 else ()

    def spectrogram(content: str, companion: tuple[str, int] | None = None) -> list[InputName]:
        return [InputName(content, channel, companion) for channel in channels]

    context = [
        *spectrogram("signal"),
        *(name for companion in companions for name in spectrogram("companion", companion)),
        *(InputName("mask", mask) for mask in ("missing", "observed")),
        *(InputName("has companion", 0, companion) for companion in companions),
        InputName("is forecast"),
        *(InputName("kind", kind) for kind in of_signal),
    ]
    candidate = [
        *spectrogram("candidate"),
        *spectrogram("difference"),
        *(name for companion in companions for name in spectrogram("companion difference", companion)),
        InputName("valid"),
        *(InputName("feature", number) for number in range(FEATURES)),
        *(InputName("companion distance", 0, companion) for companion in companions),
    ]
    return {
        "encoder.candidate_in.weight": candidate,
        "encoder.context_in.weight": context,
        "trunk_in.weight": context,
    }


class CandidateEncoder(nn.Module):
    """Encodes each candidate with its surroundings, and weighs the candidates of a gap against each other."""

    def __init__(self, config: GapConfig, frames: FrameTransform) -> None:
        super().__init__()
        self.frames, self.kinds = frames, len(config.candidates.kinds)
        width, names = config.network.encoder_width, input_names(config)
        self.context_channels = len(names["encoder.context_in.weight"])
        """Channels of what is known about a gap apart from candidates."""
        self.candidate_in = nn.Linear(len(names["encoder.candidate_in.weight"]), width)
        self.context_in = nn.Linear(self.context_channels, width)
        self.blocks = frame_blocks(width, config.network.encoder_blocks)
        self.attention = nn.Linear(width, config.network.heads)

    def context(
        self, conditions: GapConditions, inputs: GapInputs
    ) -> Float[Tensor, "batch frame context_channel"]:
        """Return what is known about a gap apart from candidates: C1, the companions, C2, and flags."""
        signal, companions = (self.frames.analyse(x) for x in (conditions.signal, conditions.companions))
        masks = [self.frames.share(mask) for mask in (inputs.missing, inputs.observed)]
        flags = torch.cat([conditions.has_companion, inputs.is_forecast[:, None]], dim=1).float()
        if self.kinds > 1:
            flags = torch.cat([flags, F.one_hot(inputs.kind, self.kinds).float()], dim=1)
        flags = flags[:, None].expand(-1, signal.shape[1], -1)
        return torch.cat([signal, *companions.unbind(dim=1), *masks, flags], dim=2)

    def encode(
        self,
        conditions: GapConditions,
        inputs: GapInputs,
        context: Float[Tensor, "batch frame context_channel"],
    ) -> Float[Tensor, "batch candidate frame channel"]:
        """Return the features of each frame of each candidate."""
        of_companions = conditions.companion_difference.unbind(dim=1)
        signals = (conditions.candidates, conditions.difference, *of_companions)
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
            *conditions.companion_distance.unbind(dim=1),
        ],
        dim=2,
    )


def least_distance(conditions: GapConditions, inputs: GapInputs) -> Float[Tensor, "batch 1"]:
    """Return the distance of the nearest usable analogue; UNUSABLE_DISTANCE where there is none."""
    excluded = ~conditions.usable | inputs.is_cycle
    return conditions.distance.masked_fill(excluded, UNUSABLE_DISTANCE).amin(dim=1, keepdim=True)
