"""Posterior sampling has the closed form of Gaussian data with Gaussian noise."""

import pytest
import torch

from diffecg.diffusion.noise import SeededNoise
from diffecg.diffusion.posterior import GaussianObservation, posterior_denoiser
from diffecg.diffusion.samplers import SAMPLERS
from diffecg.diffusion.schedules import KarrasSchedule

KARRAS = KarrasSchedule(sigma_min=0.004, sigma_max=100.0, log_sigma_mean=-0.5, log_sigma_std=1.4)


@pytest.mark.parametrize("sampler", ["ddpm", "ddim", "dpm2m"])
@pytest.mark.parametrize("correlation", [0.0, 0.9])
def test_samples_have_the_mean_and_covariance_of_the_posterior(sampler, correlation):
    """For x0 ~ N(0, p I) and y = x0 + n, n ~ N(0, C), the posterior mean is p (p I + C)^-1 y."""
    frames, prior, count = 4, 0.5, 6000
    index = torch.arange(frames)
    covariance = 0.3 * correlation ** (index[:, None] - index).abs().double()
    y = torch.tensor([1.0, -0.5, 0.2, 0.8], dtype=torch.float64)
    observation = GaussianObservation.from_covariance(
        y.expand(count, 1, -1), covariance.expand(count, 1, -1, -1)
    )

    def denoiser(xt, sigma):
        variance = sigma.reshape(-1, 1, 1) ** 2
        return prior / (prior + variance) * xt

    sigmas, noise = KARRAS.sampling_sigmas(300), SeededNoise(range(count))
    xt = noise(torch.empty(count, 1, frames, dtype=torch.float64)) * sigmas[0]
    denoiser = posterior_denoiser(denoiser, observation, torch.full((1, 1, 1), prior))
    samples = SAMPLERS[sampler](denoiser, xt, sigmas, noise)[:, 0]
    gain = prior * torch.linalg.inv(prior * torch.eye(frames) + covariance)
    assert samples.mean(dim=0).tolist() == pytest.approx((gain @ y).tolist(), abs=0.03)
    if sampler == "ddpm":
        expected = prior * torch.eye(frames, dtype=torch.float64) - gain * prior
        assert torch.allclose(torch.cov(samples.T), expected, atol=0.02)
