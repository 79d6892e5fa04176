"""The encoding of what is observed of a window, as channels on the grid of the transform."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from diffecg.transform.transform import Transform


def encode_observation(
    transform: Transform,
    signal: Float[Tensor, "batch lead time"],
    observed: Bool[Tensor, "batch lead time"],
) -> Float[Tensor, "batch channel *grid"]:
    """Encode observed signal (C1) and mask (C2).

    Args:
        transform: The transform of the model.
        signal: Windows without the mean of each lead; missing samples may have any value.
        observed: True where the signal is observed.
    """
    layout = transform.layout
    c1 = transform(torch.where(observed, signal, 0.0))
    c2 = layout.to_grid(layout.analyse(observed.to(signal.dtype)) / layout.mask_scale)
    return torch.cat([c1, c2], dim=1)
