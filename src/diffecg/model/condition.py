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
    """Embedding of labels, morphology and numbers."""
    mean: Float[Tensor, "batch channel *grid"] | None = None
    """Mean of the grid that the transform derives from the observed samples; None: it derives none."""

    def select(self, rows: Bool[Tensor, " batch"]) -> Condition:
        """Return the condition of some of the windows."""
        mean = None if self.mean is None else self.mean[rows]
        return Condition(self.features[rows], self.label_embedding[rows], mean)
