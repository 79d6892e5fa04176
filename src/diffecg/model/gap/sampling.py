"""Draws of gaps, from noise in one or few steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from diffecg.model.gap.network import GapEncoding, GapNetwork

STEP_LEVELS = {1: (), 2: (0.8,), 3: (1.5, 0.4), 4: (2.0, 0.8, 0.3)}
"""Noise levels of the steps after the first, which is always from the highest level, by number of steps."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DrawNoise:
    """The random numbers of draws: all that a draw depends on, apart from the inputs."""

    candidate: Int[Tensor, "batch draw"]
    latent: Float[Tensor, "step batch draw frame latent"]
    noise: Float[Tensor, "step batch draw time"]

    def to(self, device: str | torch.device) -> DrawNoise:
        """Return the random numbers on a device."""
        return DrawNoise(
            candidate=self.candidate.to(device), latent=self.latent.to(device), noise=self.noise.to(device)
        )


def seeded_noise(
    seeds: Sequence[Sequence[int]],
    candidate: Int[Tensor, "batch draw"],
    *,
    steps: int,
    frames: int,
    latents: int,
    time: int,
) -> DrawNoise:
    """Return the random numbers of each draw of each gap from a seed of its own.

    Args:
        seeds: the seed of each draw of each gap.
        candidate: the candidate of each draw.
        steps: number of steps.
        frames: number of frames of the window.
        latents: number of channels of latent noise.
        time: samples of the window.
    """
    shape = (len(seeds), len(seeds[0]))
    noise = np.empty((steps, *shape, frames * latents + time), dtype=np.float32)
    for row, of_gap in enumerate(seeds):
        for draw, seed in enumerate(of_gap):
            rng = np.random.default_rng(seed)
            noise[:, row, draw] = rng.standard_normal((steps, noise.shape[-1]), dtype=np.float32)
    latent, signal = torch.from_numpy(noise[..., :-time]), torch.from_numpy(noise[..., -time:])
    return DrawNoise(candidate=candidate, latent=latent.reshape(steps, *shape, frames, latents), noise=signal)


@torch.no_grad()
def sample(network: GapNetwork, encoding: GapEncoding, noise: DrawNoise) -> Float[Tensor, "batch draw time"]:
    """Return draws of the windows, in the units of the network, after as many steps as there is noise for.

    Each step draws the clean signal given the noisy one; the next starts from that with noise of a lower
    level (multistep sampling of a distributional diffusion model).
    """
    levels = (network.config.diffusion.sigma_max, *STEP_LEVELS[len(noise.noise)])
    residual = torch.zeros_like(noise.noise[0])
    for sigma, latent, epsilon in zip(levels, noise.latent, noise.noise, strict=True):
        draws = network.draw(
            encoding,
            candidate=noise.candidate,
            latent=latent,
            noisy=residual + sigma * epsilon,
            sigma=residual.new_full((len(residual),), sigma),
        )
        residual = encoding.residual(draws)
    return draws


def choose_candidates(
    excluded: Bool[Tensor, "batch candidate"], order: Float[Tensor, "batch candidate"], count: int
) -> Int[Tensor, "batch {count}"]:
    """Return ``count`` candidates of each gap: different ones, as long as there are enough.

    Args:
        excluded: candidates that are not chosen, unless all are excluded.
        order: numbers between 0 and 1, by which candidates are chosen in ascending order.
        count: number of candidates that are returned.
    """
    ranked = (order + excluded.float()).argsort(dim=1)
    available = (~excluded).sum(dim=1, keepdim=True)
    available = torch.where(available > 0, available, excluded.shape[1])
    return ranked.gather(1, torch.arange(count, device=order.device) % available)
