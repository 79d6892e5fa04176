r"""The conditional denoiser: transform, network and parametrisation as one module.

The denoiser estimates the clean grid :math:`x_0` of a window from a noisy one, :math:`x_t`. What it is
conditioned on (observed signal, mask, label, rhythm, analogues) is encoded once per window as a
:class:`~diffecg.model.condition.Condition`, because it does not depend on the noise level.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from diffecg.config.schema import Config, UNetConfig
from diffecg.diffusion.preconditioning import PARAMETRISATIONS, expand_like
from diffecg.model.condition import Condition
from diffecg.model.dense import DenseNetwork
from diffecg.model.unet import UNet
from diffecg.transform.analogues import find_analogues
from diffecg.transform.conditions import (
    condition_channels,
    encode_analogues,
    encode_observation,
    encode_rhythm,
)
from diffecg.transform.normalisation import Normalizer, analogue_normalizer
from diffecg.transform.transform import Transform


class ConditionalDenoiser(nn.Module):
    """Estimates the clean grid of a window from a noisy one, given a condition."""

    morphology_share: Float[Tensor, "label morphology"]
    """Frequency of each morphology within its label."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.transform = Transform(config.transform, config.window)
        self.network = self._build_network()
        self.register_buffer(
            "morphology_share", torch.zeros(len(config.labels), config.conditions.morphologies)
        )
        self.coefficients = PARAMETRISATIONS[config.diffusion.prediction]
        self.float()  # PyTorch's default dtype may be another

    def _build_network(self) -> UNet | DenseNetwork:
        config, channels = self.config, self.transform.channels
        sizes = {
            "in_channels": channels,
            "condition_channels": condition_channels(self.transform, config.conditions),
            "out_channels": channels,
            "labels": len(config.labels) * (1 + config.conditions.morphologies),
        }
        if isinstance(config.network, UNetConfig):
            return UNet(config.network, dims=self.transform.layout.dims, **sizes)
        return DenseNetwork(config.network, grid_shape=self.transform.grid_shape, **sizes)

    def condition(
        self,
        signal_mv: Float[Tensor, "batch lead wide"],
        observed: Bool[Tensor, "batch lead wide"],
        labels: Sequence[str | None],
        rhythm_channels: Float[Tensor, "batch rhythm_channel time"] | None = None,
        morphologies: Sequence[int] | None = None,
        search_margin: int = 0,
    ) -> Condition:
        """Encode what samples are conditioned on.

        Args:
            signal_mv: Windows, with ``search_margin`` more samples on either side; missing samples may have
                any value.
            observed: True where the signal is observed.
            labels: Label of each window; None if unknown.
            rhythm_channels: The rhythm of each window, from :func:`diffecg.datasets.rhythm.encode_rhythm`.
            morphologies: Morphology of each window within its label; -1 if unknown.
            search_margin: Samples before and after each window, in which analogues are searched.
        """
        config = self.config.conditions
        window = (..., slice(search_margin, signal_mv.shape[-1] - search_margin))
        normalizer = self.transform.normalizer(signal_mv[window], observed[window])
        signal = normalizer.apply(signal_mv)
        encodings = [encode_observation(self.transform, signal[window], observed[window])]
        if config.rhythm:
            encodings.append(self._encode_rhythm(signal[window], rhythm_channels))
        if config.analogues:
            encoding, residual_normalizer = self._encode_analogues(signal, observed, search_margin)
            encodings.append(encoding)
            if config.residual:
                normalizer = normalizer.then(residual_normalizer)
        index = self.label_index(labels, morphologies or [-1] * len(labels)).to(signal.device)
        features = self.network.features(torch.cat(encodings, dim=1))
        return Condition(normalizer, features, self.network.embed_label(index))

    def _encode_rhythm(self, signal: Tensor, rhythm_channels: Tensor | None) -> Tensor:
        """Encode the rhythm; without one, all channels are zero."""
        if rhythm_channels is None:
            labels = self.config.conditions.rhythm
            rhythm_channels = signal.new_zeros(len(signal), len(labels) + 1, signal.shape[-1])
        return encode_rhythm(self.transform, rhythm_channels)

    def _encode_analogues(
        self, signal: Tensor, observed: Tensor, search_margin: int
    ) -> tuple[Tensor, Normalizer]:
        """Search and encode analogues, and return the normalizer of the residual from their mean."""
        config, fs_hz = self.config.conditions, self.config.window.fs_hz
        analogues = find_analogues(
            signal,
            observed,
            count=config.analogues,
            context=round(config.analogue_context_s * fs_hz),
            search_margin=search_margin,
        )
        window = (..., slice(search_margin, signal.shape[-1] - search_margin))
        signal, observed = signal[window], observed[window]
        residual = analogue_normalizer(signal, observed, analogues, fs_hz)
        return encode_analogues(self.transform, signal, observed, analogues, residual.scale), residual

    def encode(
        self, signal_mv: Float[Tensor, "batch lead time"], condition: Condition
    ) -> Float[Tensor, "batch channel *grid"]:
        """Return the grid of windows."""
        return self.transform(condition.normalizer.apply(signal_mv))

    def decode(
        self, grid: Float[Tensor, "batch channel *grid"], condition: Condition
    ) -> Float[Tensor, "batch lead time"]:
        """Return the windows of a grid, in mV."""
        return condition.normalizer.undo(self.transform.inverse(grid))

    def predict(
        self,
        xt: Float[Tensor, "batch channel *grid"],
        sigma: Float[Tensor, " batch"],
        condition: Condition,
    ) -> Float[Tensor, "batch channel *grid"]:
        r"""Return the output of the network.

        .. math:: F(c_\mathrm{in} \, x_t, c_\mathrm{noise}), \qquad c_\mathrm{noise} = \tfrac{1}{4} \ln \sigma

        Args:
            xt: Noisy grid.
            sigma: Noise level of each window.
            condition: The condition of the windows.
        """
        c_in = expand_like(self.coefficients(sigma).c_in, xt)
        return self.network(c_in * xt, sigma.log() / 4, condition.features, condition.label_embedding)

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

    def label_index(self, labels: Sequence[str | None], morphologies: Sequence[int]) -> Int[Tensor, " batch"]:
        """Return the index of each label and morphology in the embedding; 0 for None and unknown labels."""
        per_label = 1 + self.config.conditions.morphologies
        first = {label: 1 + i * per_label for i, label in enumerate(self.config.labels)}
        pairs = zip(labels, morphologies, strict=True)
        return torch.tensor([first[label] + 1 + m if label in first else 0 for label, m in pairs])

    def draw_morphologies(self, labels: Sequence[str | None], seeds: Sequence[int]) -> list[int]:
        """Draw a morphology for each window, by its frequency within the label; -1 if the label has none."""
        cumulative = self.morphology_share.double().cpu().numpy().cumsum(axis=1)
        pairs = zip(self.config.labels, cumulative, strict=True)
        distribution = {label: row / row[-1] for label, row in pairs if row.any()}
        return [
            # Equals Generator.choice, at a tenth of its cost.
            int(distribution[label].searchsorted(np.random.default_rng(seed).random(), side="right"))
            if label in distribution
            else -1
            for label, seed in zip(labels, seeds, strict=True)
        ]
