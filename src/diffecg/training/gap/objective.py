"""The objective of gap models: energy scores of draws at random noise levels, and the point's error."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from diffecg.config.gap import GapConfig, GapDiffusionConfig
from diffecg.model.gap.network import GapNetwork
from diffecg.model.gap.sampling import choose_candidates
from diffecg.training.gap.batches import GapBatch
from diffecg.training.gap.energy_score import energy_score

LARGEST_SQUARE = 4.0
"""Mean squared errors above it count as twice their root: rare giants do not dominate a batch."""
SMALLEST_SQUARE = 1e-6
"""Roots are taken of nothing smaller: the derivative at zero is infinite."""
LOW_NOISE = 0.1
"""Below this noise level, the weight of the energy score does not rise further."""

GapObjective = Callable[[GapNetwork, GapBatch, slice], Tensor]


def gap_objective(config: GapConfig) -> GapObjective:
    """Return the loss of each gap of a slice of a batch.

    The draws of a gap have different candidates, different latent noise, and the same noisy residual.
    """
    training, diffusion = config.training, config.diffusion

    def objective(model: GapNetwork, batch: GapBatch, rows: slice) -> Float[Tensor, " row"]:
        # Random numbers are drawn for the whole batch, so that slices see what the whole would.
        (size, time), device = batch.truth.shape, batch.truth.device
        order = torch.rand(size, batch.inputs.log_lag.shape[1], device=device)[rows]
        sigma = random_levels(diffusion, size, device)[rows]
        epsilon = torch.randn(size, time, device=device)[rows]
        frames = time // model.frames.hop + 1
        latent = torch.randn(size, training.draws, frames, config.network.latents, device=device)[rows]

        part = batch.select(rows)
        encoding = model.encode(part.inputs)
        truth = encoding.conditions.normalise(part.truth)
        noisy = encoding.residual(truth).detach() + sigma[:, None] * epsilon
        draws = model.draw(
            encoding,
            candidate=choose_candidates(encoding.excluded, order, training.draws),
            latent=latent,
            noisy=noisy[:, None].expand(-1, training.draws, -1),
            sigma=sigma,
        )
        missing = part.inputs.missing
        scores = sum(weight * energy_score(truth, draws, missing, block) for block, weight in training.blocks)
        squared = mean_square(truth - encoding.point, encoding.conditions.missing)
        return level_weight(sigma, diffusion.sigma_max) * scores + training.point_weight * squared

    return objective


def random_levels(
    diffusion: GapDiffusionConfig, count: int, device: str | torch.device = "cpu"
) -> Float[Tensor, " level"]:
    """Return noise levels: the highest, or log-normal ones."""
    is_noise = torch.rand(count, device=device) < diffusion.noise_share
    normal = torch.randn(count, device=device)
    levels = (diffusion.log_sigma_mean + diffusion.log_sigma_std * normal).exp()
    return torch.where(is_noise, diffusion.sigma_max, levels)


def level_weight(sigma: Float[Tensor, " level"], sigma_max: float) -> Float[Tensor, " level"]:
    """Return the weight of the energy score at a noise level: 1 at the highest.

    The expected score falls with the noise as sigma / sqrt(1 + sigma^2), the standard deviation of a unit
    Gaussian given an observation with noise. Levels between count half as much as the highest.
    """
    weight = 0.5 * (1 + sigma**2).sqrt() / sigma.clamp(min=LOW_NOISE)
    return torch.where(sigma > sigma_max / 2, 1.0, weight)


def mean_square(
    error: Float[Tensor, "batch time"], missing: Float[Tensor, "batch time"]
) -> Float[Tensor, " batch"]:
    """Return the mean square over missing samples, linear in the error where it is large."""
    square = ((error * missing) ** 2).sum(dim=1) / missing.sum(dim=1)
    linear = 2 * LARGEST_SQUARE**0.5 * square.clamp(min=SMALLEST_SQUARE).sqrt() - LARGEST_SQUARE
    return torch.where(square < LARGEST_SQUARE, square, linear)
