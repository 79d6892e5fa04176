"""The encoded condition of the denoiser."""

from __future__ import annotations

from typing import NamedTuple

from jaxtyping import Bool, Float
from torch import Tensor

from diffecg.transform.normalisation import Normalizer


class Condition(NamedTuple):
    """The encoded condition of a batch of windows, for all noise levels."""

    normalizer: Normalizer
    """Location and scale of each window."""
    features: Float[Tensor, "batch *feature"]
    """Contribution of all encodings to the output of the network's first layer."""
    label_embedding: Float[Tensor, "batch embedding"]
    """Embedding of label and morphology."""

    def select(self, rows: Bool[Tensor, " batch"]) -> Condition:
        """Return the condition of some of the windows."""
        normalizer = Normalizer(loc=self.normalizer.loc[rows], scale=self.normalizer.scale[rows])
        return Condition(normalizer, self.features[rows], self.label_embedding[rows])
