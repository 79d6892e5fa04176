r"""The conditional denoiser: transform, network and parametrisation as one module.

The denoiser estimates the clean grid :math:`x_0` of a window from a noisy one, :math:`x_t`. What it is
conditioned on (observed signal, mask, label) is encoded once per window as a
:class:`~diffecg.model.condition.Condition`, because it does not depend on the noise level.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32
from torch import Tensor, nn

from diffecg.config.schema import Config, UNetConfig
from diffecg.datasets.condition_draws import DRAWS, draw_similar
from diffecg.datasets.label_code import LabelCode, Labels
from diffecg.diffusion.preconditioning import PARAMETRISATIONS, expand_like
from diffecg.errors import DiffecgError
from diffecg.model.condition import Condition
from diffecg.model.dense import DenseNetwork
from diffecg.model.numbers import NumberEmbedding
from diffecg.model.unet import UNet
from diffecg.transform.transform import build_transform


class ConditionalDenoiser(nn.Module):
    """Estimates the clean grid of a window from a noisy one, given a condition."""

    morphology_share: Float[Tensor, "label morphology"]
    """Frequency of each morphology within its label."""
    condition_draws: Float[Tensor, "label draw 1+number"]
    """Morphology and numbers of training windows of each label, if numbers are drawn."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.transform = build_transform(config.transform, config.window)
        self.label_code = LabelCode.of(config)
        self.network = self._build_network()
        self.embed_numbers = (
            NumberEmbedding(len(config.conditions.numbers), self.network.embed_label.embedding_dim)
            if config.conditions.numbers
            else None
        )
        self.register_buffer(
            "morphology_share", torch.zeros(len(config.labels), config.conditions.morphologies)
        )
        if config.conditions.drawn:
            shape = len(config.labels), DRAWS, 1 + len(config.conditions.numbers)
            self.register_buffer("condition_draws", torch.zeros(shape))
        self.coefficients = PARAMETRISATIONS[config.diffusion.prediction]
        self.float()  # PyTorch's default dtype may be another

    def _build_network(self) -> UNet | DenseNetwork:
        config, channels = self.config, self.transform.channels
        sizes = {
            "in_channels": channels,
            "condition_channels": self.transform.condition_channels,
            "out_channels": channels,
            "labels": self.label_code.rows - 1,
        }
        if isinstance(config.network, UNetConfig):
            if not self.transform.dims:
                raise DiffecgError(
                    f"the layout {config.transform.layout!r} has no grid axis, which a U-Net needs; use "
                    "network.kind=dense"
                )
            return UNet(config.network, dims=self.transform.dims, **sizes)
        return DenseNetwork(config.network, grid_shape=self.transform.grid_shape, **sizes)

    def condition(
        self,
        signal_mv: Float[Tensor, "batch lead time"],
        observed: Bool[Tensor, "batch lead time"],
        labels: Float[Tensor, "batch row"],
        numbers: Float[Tensor, "batch number"] | None = None,
    ) -> Condition:
        """Encode what samples are conditioned on.

        Args:
            signal_mv: Windows; missing samples may have any value.
            observed: True where the signal is observed.
            labels: Labels of each window as the weight of each row of the embedding, see
                :meth:`encode_labels`.
            numbers: Numbers of each window, in the order of ``conditions.numbers``; NaN, or None for all,
                = unknown.
        """
        encoding = self.transform.encode_observation(signal_mv - self.transform.mean_mv, observed)
        embedding = labels @ self.network.embed_label.weight
        if self.embed_numbers is not None:
            shape = len(labels), len(self.config.conditions.numbers)
            unknown = labels.new_full(shape, torch.nan)
            embedding = embedding + self.embed_numbers(unknown if numbers is None else numbers)
        return Condition(self.network.features(encoding), embedding, self.transform.observed_mean(encoding))

    def encode_labels(
        self, labels: Sequence[Labels], morphologies: Sequence[int] | None = None
    ) -> Float[Tensor, "batch row"]:
        """Return labels and morphologies as :meth:`condition` takes them.

        Args:
            labels: Labels of each window; None if unknown.
            morphologies: Morphology of each window within its label; -1 if unknown.
        """
        code = torch.from_numpy(self.label_code.encode(labels, morphologies))
        return code.to(self.transform.mean_mv.device)

    def encode(self, signal_mv: Float[Tensor, "batch lead time"]) -> Float[Tensor, "batch channel *grid"]:
        """Return the grid of windows."""
        return self.transform(signal_mv - self.transform.mean_mv)

    def decode(self, grid: Float[Tensor, "batch channel *grid"]) -> Float[Tensor, "batch lead time"]:
        """Return the windows of a grid, in mV."""
        return self.transform.inverse(grid) + self.transform.mean_mv

    def predict(
        self,
        xt: Float[Tensor, "batch channel *grid"],
        sigma: Float[Tensor, " batch"],
        condition: Condition,
    ) -> Float[Tensor, "batch channel *grid"]:
        r"""Return the output of the network, to which the mean given the observed samples is added.

        .. math::
            F(c_\mathrm{in} \, x_t, c_\mathrm{noise}) + \frac{1 - c_\mathrm{skip}}{c_\mathrm{out}} \, m,
            \qquad c_\mathrm{noise} = \tfrac{1}{4} \ln \sigma

        With the mean :math:`m` of the transform, the network corrects a linear estimate.
        Without observed samples, and in transforms that derive none, :math:`m = 0`.

        Args:
            xt: Noisy grid.
            sigma: Noise level of each window.
            condition: The condition of the windows.
        """
        c_skip, c_out, c_in = (expand_like(c, xt) for c in self.coefficients(sigma))
        output = self.network(c_in * xt, sigma.log() / 4, condition.features, condition.label_embedding)
        return output if condition.mean is None else output + (1 - c_skip) / c_out * condition.mean

    def forward(
        self,
        xt: Float[Tensor, "batch channel *grid"],
        sigma: Float[Tensor, " batch"],
        condition: Condition,
    ) -> Float[Tensor, "batch channel *grid"]:
        r"""Return the estimate of :math:`x_0`.

        .. math::
            d(x_t, \sigma) = P \left( c_\mathrm{skip} \, x_t
            + c_\mathrm{out} \, F(c_\mathrm{in} \, x_t, c_\mathrm{noise}) \right)

        If ``transform.consistent`` is set, :math:`P` projects onto the STFTs of signals; else it is the
        identity. The arguments are those of :meth:`predict`.
        """
        c_skip, c_out, _ = (expand_like(c, xt) for c in self.coefficients(sigma))
        return self._project(c_skip * xt + c_out * self.predict(xt, sigma, condition))

    def loss(
        self,
        x0: Float[Tensor, "batch channel *grid"],
        xt: Float[Tensor, "batch channel *grid"],
        sigma: Float[Tensor, " batch"],
        condition: Condition,
        weight: Float[Tensor, "batch channel *grid"],
    ) -> Float[Tensor, " batch"]:
        r"""Return the weighted mean squared error of the network's output for each window.

        .. math::
            \frac{1}{\sum_i w_i} \sum_i w_i
            \left[ P \left( F - \frac{x_0 - c_\mathrm{skip} \, x_t}{c_\mathrm{out}} \right) \right]_i^2

        The sums are over the points of the grid, and :math:`P` is the projection of :meth:`forward`.

        Args:
            x0: Clean grid.
            xt: Noisy grid.
            sigma: Noise level of each window.
            condition: The condition of the windows.
            weight: Weight :math:`w` of each grid point.

        References:
            | Elucidating the Design Space of Diffusion-Based Generative Models (Karras et al., 2022), Eq. 8
            | https://arxiv.org/abs/2206.00364
        """
        c_skip, c_out, _ = (expand_like(c, x0) for c in self.coefficients(sigma))
        target = (x0 - c_skip * xt) / c_out
        error = self._project(self.predict(xt, sigma, condition) - target).square()
        return (weight * error).flatten(1).sum(1) / weight.flatten(1).sum(1)

    def _project(self, grid: Tensor) -> Tensor:
        return self.transform.project(grid) if self.config.transform.consistent else grid

    def draw_morphologies(self, labels: Sequence[Labels], seeds: Sequence[int]) -> list[int]:
        """Draw a morphology for each window, by its frequency within the label; -1 if the label has none."""
        cumulative = self.morphology_share.double().cpu().numpy().cumsum(axis=1)
        pairs = zip(self.config.labels, cumulative, strict=True)
        distribution = {label: row / row[-1] for label, row in pairs if row.any()}
        return [
            # Equals Generator.choice, at a tenth of its cost.
            int(distribution[label].searchsorted(np.random.default_rng(seed).random(), side="right"))
            if isinstance(label, str) and label in distribution
            else -1
            for label, seed in zip(labels, seeds, strict=True)
        ]

    def draw_conditions(
        self,
        labels: Sequence[Labels],
        seeds: Sequence[int],
        numbers: Float32[np.ndarray, "window number"],
    ) -> tuple[list[int], Float32[np.ndarray, "window number"]]:
        """Draw the morphology of each window, and its unknown numbers if the model draws them.

        Both are then those of one training window of the label that resembles the known numbers.

        Args:
            labels: Label of each window; numbers of a window of unknown label stay unknown.
            seeds: Seed of each window.
            numbers: Known numbers; NaN = unknown.

        Returns:
            Morphologies (-1 = none), and numbers.
        """
        if not self.config.conditions.drawn:
            return self.draw_morphologies(labels, seeds), numbers
        assert self.embed_numbers is not None
        rows = {label: row for row, label in enumerate(self.config.labels)}
        draws, scale = self.condition_draws.cpu().numpy(), self.embed_numbers.deviation.cpu().numpy()
        drawn = [
            draw_similar(draws[rows[label]], given, scale, np.random.default_rng(seed).random())
            if isinstance(label, str) and label in rows
            else np.append(np.float32(-1), given)
            for label, seed, given in zip(labels, seeds, numbers, strict=True)
        ]
        columns = np.array(drawn, dtype=np.float32).reshape(len(drawn), 1 + numbers.shape[1])
        return columns[:, 0].astype(int).tolist(), columns[:, 1:]
