"""The conditional denoiser: transform, U-Net and parametrisation as one module."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from diffecg.config.schema import Config, DiffusionConfig, UNetConfig
from diffecg.diffusion.posterior import GaussianObservation
from diffecg.diffusion.preconditioning import PARAMETRISATIONS, expand_like
from diffecg.diffusion.schedules import KarrasSchedule, NoiseSchedule, cosine_schedule, linear_schedule
from diffecg.errors import DiffecgError
from diffecg.model.dense import DenseNetwork
from diffecg.model.unet import UNet
from diffecg.transform.analogues import find_analogues
from diffecg.transform.layouts import Transform
from diffecg.transform.noise_spectrum import NoiseSpectrum
from diffecg.transform.normalisation import Normalizer, analogue_normalizer


class Condition(NamedTuple):
    """What a sample is to agree with, and what the network makes of it, once for all noise levels."""

    normalizer: Normalizer
    """Level and unit of each window."""
    features: Tensor
    """What is known (C1, C2, beats that are told, best matches) adds to the answer of the first layer."""
    embedding: Tensor
    """Of class and morphology (batch width)."""

    def rows(self, chosen: Tensor) -> Condition:
        """Return what some of the samples are to agree with; ``chosen``: (batch,) of bool."""
        normalizer = Normalizer(*(part[chosen] for part in self.normalizer))
        return Condition(normalizer, self.features[chosen], self.embedding[chosen])


class ConditionalDenoiser(nn.Module):
    """Estimates the clean grid of a window from a noisy one, its class, C1 and C2."""

    morphology_share: Tensor
    """How often a class has each of its morphologies (label morphology)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.transform = Transform(config.transform, config.window)
        sizes = {
            "inputs": self.transform.channels,
            "known": 2 * self.transform.channels + self.transform.condition_channels(config.conditions),
            "outputs": self.transform.channels,
            "labels": len(config.labels) * (1 + config.conditions.morphologies),
        }
        self.network = (
            UNet(config.network, dims=self.transform.dims, **sizes)
            if isinstance(config.network, UNetConfig)
            else DenseNetwork(config.network, grid=self.transform.grid, **sizes)
        )
        share = torch.zeros(len(config.labels), config.conditions.morphologies)
        self.register_buffer("morphology_share", share)
        self.coefficients = PARAMETRISATIONS[config.diffusion.prediction]

    def condition(
        self,
        signal_mv: Tensor,
        observed: Tensor,
        labels: Sequence[str | None],
        track: Tensor | None = None,
        morphologies: Sequence[int] | None = None,
        reach: int = 0,
    ) -> Condition:
        """Return what samples are to agree with.

        Args:
            signal_mv: (batch lead time), in mV; anything where missing.
            observed: (batch lead time), True = known.
            labels: class of each window; None = unknown.
            track: beats that are told (batch label+1 time); None: none.
            morphologies: that of each window within its class, -1 = unknown; None: all unknown.
            reach: samples that signal and mask hold on either side of the window, for matches only.
        """
        wanted = self.config.conditions
        around_mv, seen = signal_mv, observed
        signal_mv, observed = (part[..., reach : part.shape[-1] - reach] for part in (around_mv, seen))
        normalizer = self.transform.normalizer(signal_mv, observed)
        signal = normalizer.apply(signal_mv)
        known = [self.transform.encode(signal, observed)]
        if wanted.rhythm:
            if track is None:
                shape = (len(signal_mv), len(wanted.rhythm) + 1, signal_mv.shape[-1])
                track = signal_mv.new_zeros(shape)
            known.append(self.transform.encode_rhythm(track))
        if wanted.analogues:
            fs_hz = self.config.window.fs_hz
            context = round(wanted.analogue_context_s * fs_hz)
            settings = {"count": wanted.analogues, "context": context, "apart": max(1, context // 3)}
            found = find_analogues(normalizer.apply(around_mv), seen, **settings, reach=reach)
            near = analogue_normalizer(signal, observed, found, fs_hz)
            known.append(self.transform.encode_matches(signal, observed, found, near.unit))
            if wanted.residual:
                normalizer = Normalizer(normalizer.undo(near.level), normalizer.unit * near.unit)
        label = self.label_index(labels, morphologies or [-1] * len(labels)).to(signal_mv.device)
        inputs = torch.cat(known, dim=1)
        return Condition(normalizer, self.network.features(inputs), self.network.embed_label(label))

    def encode(self, signal_mv: Tensor, condition: Condition) -> Tensor:
        """Return the grid (batch channel *grid) that stands for windows (batch lead time) in mV."""
        grid: Tensor = self.transform(condition.normalizer.apply(signal_mv))
        return grid

    def decode(self, grid: Tensor, condition: Condition) -> Tensor:
        """Return the windows (batch lead time), in mV, that a grid (batch channel *grid) stands for."""
        return condition.normalizer.undo(self.transform.inverse(grid))

    def observe(
        self, signal_mv: Tensor, noisy: Tensor, observed: Tensor, noise: NoiseSpectrum, condition: Condition
    ) -> GaussianObservation:
        """Return what a noisy recording says of the grid.

        Args:
            signal_mv: (batch lead time), in mV; anything where nothing was recorded.
            noisy: (batch lead time), True = recorded with noise.
            observed: (batch lead time), True = known.
            noise: the noise.
            condition: what is known.
        """
        power, correlation = (torch.from_numpy(part).to(signal_mv) for part in noise)
        unit = condition.normalizer.unit
        covariance = self.transform.noise_covariance(power, correlation, noisy, observed, unit)
        return GaussianObservation.from_covariance(self.encode(signal_mv, condition), covariance)

    def predict(self, xt: Tensor, sigma: Tensor, condition: Condition) -> Tensor:
        """Return the network's raw answer F (batch channel *grid).

        Args:
            xt: noisy grid (batch channel *grid).
            sigma: noise level (batch,).
            condition: what is known.
        """
        c_in = expand_like(self.coefficients(sigma).c_in, xt)
        answer: Tensor = self.network(c_in * xt, sigma.log() / 4, condition.features, condition.embedding)
        return answer

    def forward(self, xt: Tensor, sigma: Tensor, condition: Condition) -> Tensor:
        """Return the estimate of x0 (batch channel *grid); arguments as for :meth:`predict`."""
        c_skip, c_out, _ = (expand_like(c, xt) for c in self.coefficients(sigma))
        return self._consistent(c_skip * xt + c_out * self.predict(xt, sigma, condition))

    def loss(self, x0: Tensor, xt: Tensor, sigma: Tensor, condition: Condition, weight: Tensor) -> Tensor:
        """Return each sample's mean square error (batch,) of the network's answer.

        The error of F is that of x0 weighted by 1 / c_out^2 (Karras et al. 2022, Eq. 8).

        Args:
            x0: what is to be estimated (batch channel *grid).
            xt: noisy grid of the same shape.
            sigma: noise level (batch,).
            condition: what is known.
            weight: of each grid point (batch channel *grid).
        """
        c_skip, c_out, _ = (expand_like(c, x0) for c in self.coefficients(sigma))
        target = (x0 - c_skip * xt) / c_out
        error = self._consistent(self.predict(xt, sigma, condition) - target).square()
        return (weight * error).flatten(1).sum(1) / weight.flatten(1).sum(1)

    def _consistent(self, grid: Tensor) -> Tensor:
        return self.transform.consistent(grid) if self.config.transform.consistent else grid

    def label_index(self, labels: Sequence[str | None], morphologies: Sequence[int]) -> Tensor:
        """Return the number (batch,) of each class and morphology; 0 for None and classes never learnt."""
        each = 1 + self.config.conditions.morphologies
        first = {label: 1 + i * each for i, label in enumerate(self.config.labels)}
        pairs = zip(labels, morphologies, strict=True)
        return torch.tensor([first[la] + 1 + m if la in first else 0 for la, m in pairs])

    def draw_morphologies(self, labels: Sequence[str | None], seeds: Sequence[int]) -> list[int]:
        """Return a morphology for each window, as often as its class has it; -1 where there are none."""
        share = self.morphology_share.double().cpu().numpy()
        total = share.cumsum(axis=1)
        limits = {la: row / row[-1] for la, row in zip(self.config.labels, total, strict=True) if row.any()}
        return [
            # What Generator.choice would draw, at a tenth of its price.
            int(limits[la].searchsorted(np.random.default_rng(seed).random(), side="right"))
            if la in limits
            else -1
            for la, seed in zip(labels, seeds, strict=True)
        ]


def build_schedule(config: DiffusionConfig) -> NoiseSchedule:
    """Return the noise levels that ``config`` asks for.

    Raises:
        DiffecgError: they do not fall, or do not end in noise.
    """
    try:
        if config.schedule == "karras":
            return KarrasSchedule(
                sigma_min=config.sigma_min,
                sigma_max=config.sigma_max,
                log_sigma_mean=config.log_sigma_mean,
                log_sigma_std=config.log_sigma_std,
            )
        if config.schedule == "linear":
            return linear_schedule(config.schedule_steps, config.beta_first, config.beta_last)
        return cosine_schedule(config.schedule_steps)
    except ValueError as error:
        raise DiffecgError(f"noise levels {config.schedule!r}: {error}") from None
