"""The encoded condition of the denoiser."""

from __future__ import annotations

from typing import NamedTuple

from jaxtyping import Bool, Float
from torch import Tensor


class Condition(NamedTuple):
    """The encoded condition of a batch of windows, for all noise levels."""

    features: Float[Tensor, "batch *feature"]
    """Contribution of the encoded observation to the output of the network's first layer."""
    label_embedding: Float[Tensor, "batch embedding"]
    """Embedding of label and morphology."""

    def select(self, rows: Bool[Tensor, " batch"]) -> Condition:
        """Return the condition of some of the windows."""
        return Condition(self.features[rows], self.label_embedding[rows])
