"""Conditions of generated windows from tensors alone, for programs without labels as text and without seeds.

A random number from 0 to 1 for each window takes the place of its seed: it chooses a morphology by its
frequency within the label, or the conditions of a training window, as
:meth:`~diffecg.model.denoiser.ConditionalDenoiser.draw_conditions` does.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from diffecg.datasets.condition_draws import NEAREST
from diffecg.model.denoiser import ConditionalDenoiser


class ConditionInputs(nn.Module):
    """Embeds labels and numbers of windows; morphologies and numbers may be drawn by a random number.

    Args:
        denoiser: the denoiser whose conditions they are.
    """

    columns: Float[Tensor, "trained_label label"]
    """Which of all labels each of those with training windows is."""
    cumulative: Float[Tensor, "label morphology"]
    """Cumulative frequency of the morphologies within their label; zero: it has none."""
    draws: Float[Tensor, "label draw 1+number"]
    """Morphology and numbers of training windows of each label, if numbers are drawn."""

    def __init__(self, denoiser: ConditionalDenoiser) -> None:
        super().__init__()
        config = denoiser.config
        self.conditions = config.conditions
        self.embed_label, self.embed_numbers = denoiser.network.embed_label, denoiser.embed_numbers
        trained = [config.labels.index(label) for label in config.trained_labels]
        self.register_buffer("columns", torch.eye(len(config.labels))[trained])
        cumulative = denoiser.morphology_share.double().cumsum(dim=1)
        total = cumulative[:, -1:] if config.conditions.morphologies else cumulative
        self.register_buffer("cumulative", torch.where(total > 0, cumulative / total, 0.0))
        if config.conditions.drawn:
            self.register_buffer("draws", denoiser.condition_draws.clone())

    def examples(self, batch: int) -> dict[str, Tensor]:
        """Return the arguments of :meth:`forward` that the model needs; of the windows nothing is known."""
        inputs = {"labels": torch.zeros(batch, len(self.columns))}
        if self.conditions.several_labels:
            inputs["complete"] = torch.zeros(batch)
        if self.conditions.numbers:
            inputs["numbers"] = torch.full((batch, len(self.conditions.numbers)), torch.nan)
        if self.conditions.drawn or self.conditions.morphologies:
            inputs["chance"] = torch.zeros(batch, dtype=torch.float64)
        return inputs

    def forward(
        self,
        labels: Float[Tensor, "batch trained_label"],
        complete: Float[Tensor, " batch"] | None = None,
        numbers: Float[Tensor, "batch number"] | None = None,
        chance: Float[Tensor, " batch"] | None = None,
    ) -> Float[Tensor, "batch embedding"]:
        """Return the embedding of labels, morphology and numbers.

        Args:
            labels: 1 for each label of a window, else 0; all 0: unknown.
            complete: of models with several labels a window, 1 where ``labels`` are all that the window has,
                0 where others are unknown.
            numbers: numbers of each window; NaN = unknown.
            chance: of models with morphologies, a random number from 0 to 1 for each window.
        """
        labels = labels @ self.columns
        if self.conditions.drawn:
            assert numbers is not None
            assert chance is not None
            position, numbers = self._draw(labels, numbers, chance)
        elif self.conditions.morphologies:
            assert chance is not None
            position = self._draw_morphology(chance)
        else:
            position = torch.zeros_like(labels, dtype=torch.int64)
        weights = (labels[..., None] * F.one_hot(position, 1 + self.conditions.morphologies)).flatten(1)
        unknown = 1 - (labels.sum(dim=1) if complete is None else complete)
        embedding: Tensor = torch.cat([unknown[:, None], weights], dim=1) @ self.embed_label.weight
        return embedding if self.embed_numbers is None else embedding + self.embed_numbers(numbers)

    def _draw_morphology(self, chance: Float[Tensor, " batch"]) -> Int[Tensor, "batch label"]:
        """Return a morphology for each label that a window may have, plus 1; 0 = none."""
        below = (self.cumulative <= chance[:, None, None]).sum(dim=2)
        has_any = (self.cumulative > 0).any(dim=1).long()
        return (below + 1).clamp(max=self.conditions.morphologies) * has_any

    def _draw(
        self,
        labels: Float[Tensor, "batch label"],
        numbers: Float[Tensor, "batch number"],
        chance: Float[Tensor, " batch"],
    ) -> tuple[Int[Tensor, "batch label"], Float[Tensor, "batch number"]]:
        """Return morphologies plus 1 and the numbers of training windows that resemble the given numbers.

        As :func:`diffecg.datasets.condition_draws.draw_similar`.
        """
        assert self.embed_numbers is not None
        of_label = self.draws[labels.argmax(dim=1)]
        difference = (of_label[:, :, 1:] - numbers[:, None]) / self.embed_numbers.deviation
        distance = torch.where(numbers.isnan()[:, None], 0, difference).square().sum(dim=2)
        farthest = distance.topk(NEAREST, largest=False).values[:, -1:]
        near = (distance <= farthest).long()
        number = (chance * near.sum(dim=1)).floor().long()
        row = ((near.cumsum(dim=1) == number[:, None] + 1).long() * near).argmax(dim=1)
        drawn = of_label.gather(1, row[:, None, None].expand(-1, 1, of_label.shape[2]))[:, 0]
        has_label = labels.sum(dim=1, keepdim=True) > 0
        unknown = numbers.isnan() & has_label
        position = torch.where(has_label, drawn[:, :1] + 1, 0).long().expand_as(labels)
        return position, torch.where(unknown, drawn[:, 1:], numbers)
