"""Encodings of what a sample is conditioned on, as channels on the grid of the transform.

- Observation: the observed signal (C1) and the mask (C2).
- Rhythm: times and labels of the beats.
- Analogues: similar segments of the same recording, as candidates for missing samples.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from diffecg.config.schema import ConditionConfig
from diffecg.transform.analogues import Analogues
from diffecg.transform.transform import Transform


def encode_observation(
    transform: Transform,
    signal: Float[Tensor, "batch lead time"],
    observed: Bool[Tensor, "batch lead time"],
) -> Float[Tensor, "batch channel *grid"]:
    """Encode observed signal (C1) and mask (C2).

    Args:
        transform: The transform of the model.
        signal: Normalised windows; missing samples may have any value.
        observed: True where the signal is observed.
    """
    layout = transform.layout
    c1 = transform(torch.where(observed, signal, 0.0))
    c2 = layout.to_grid(layout.analyse(observed.to(signal.dtype)) / layout.mask_scale)
    return torch.cat([c1, c2], dim=1)


def encode_rhythm(
    transform: Transform, rhythm_channels: Float[Tensor, "batch rhythm_channel time"]
) -> Float[Tensor, "batch channel *grid"]:
    """Encode the rhythm: times and labels of beats.

    The STFT of unit pulses at the R peaks encodes their times to the sample. Further channels count the beats
    of each label per frame, and give the fraction of each frame in which the rhythm is known.

    Args:
        transform: The transform of the model.
        rhythm_channels: From :func:`diffecg.datasets.rhythm.encode_rhythm`: unit pulses at the R
            peaks of each label, and where the rhythm is known.
    """
    layout = transform.layout
    pulses, known = rhythm_channels[:, :-1], rhythm_channels[:, -1:]
    grid = layout.to_grid(layout.analyse(pulses.sum(dim=1, keepdim=True)))
    per_frame = torch.cat([pulses * layout.frame_length, known], dim=1)
    return _append_per_frame(transform, grid, per_frame)


def encode_analogues(
    transform: Transform,
    signal: Float[Tensor, "batch lead time"],
    observed: Bool[Tensor, "batch lead time"],
    analogues: Analogues,
    error: Float[Tensor, "batch lead time"],
) -> Float[Tensor, "batch channel *grid"]:
    """Encode analogues of the missing samples.

    The grid holds the transform of the mean of the analogues, completed by the observed signal, and of the
    deviation of each analogue from the mean in units of the expected error. Further channels give the
    logarithm of the expected error and the fraction of analogues that were found, as means over frames.

    Args:
        transform: The transform of the model.
        signal: Normalised windows; missing samples may have any value.
        observed: True where the signal is observed.
        analogues: Analogues of the missing samples.
        error: Expected error of their mean, 1 where the signal is observed.
    """
    mean = torch.where(observed, signal, analogues.mean)
    deviations = torch.where(analogues.weights > 0, (analogues.segments - analogues.mean) / error, 0.0)
    grids = [transform(mean), *(transform(deviation) for deviation in deviations.unbind(0))]
    per_frame = torch.cat([error.log(), analogues.found_fraction], dim=1)
    return _append_per_frame(transform, torch.cat(grids, dim=1), per_frame)


def condition_channels(transform: Transform, config: ConditionConfig) -> int:
    """Return the number of channels of all encodings that a model uses."""
    channels = 2 * transform.channels
    if config.rhythm:
        channels += len(config.rhythm) + 1 + transform.layout.channels_per_lead
    if config.analogues:
        channels += transform.channels * (1 + config.analogues) + 2 * transform.lead_count
    return channels


def _append_per_frame(
    transform: Transform,
    grid: Float[Tensor, "batch channel *grid"],
    signals: Float[Tensor, "batch signal time"],
) -> Float[Tensor, "batch channels *grid"]:
    """Append the means of signals over each frame to a grid, as further channels."""
    frames = transform.layout.frame_mean(signals)
    return torch.cat([grid, transform.layout.repeat_frames(frames)], dim=1)
