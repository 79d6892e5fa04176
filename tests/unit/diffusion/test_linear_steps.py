"""Samplers as tables of weights give what the samplers give."""

import pytest
import torch

from diffecg.diffusion.linear_steps import linear_steps
from diffecg.diffusion.samplers import SAMPLERS
from diffecg.diffusion.schedules import KarrasSchedule

SCHEDULE = KarrasSchedule(sigma_min=0.004, sigma_max=100.0, log_sigma_mean=-0.5, log_sigma_std=1.4)
EVALUATIONS = {"heun": lambda steps: 2 * steps - 1}


@pytest.mark.parametrize("steps", [1, 2, 20])
@pytest.mark.parametrize("name", SAMPLERS)
def test_the_weights_are_those_of_the_sampler(name, steps):
    generator = torch.Generator().manual_seed(0)
    matrix, x, noise = (
        torch.randn(shape, generator=generator, dtype=torch.float64)
        for shape in ((6, 6), (4, 6), (steps, 4, 6))
    )

    def denoise(xt, sigma):
        return torch.tanh(xt @ matrix) * torch.exp(-sigma[:, None] / 10)

    sigmas, replayed = SCHEDULE.sampling_sigmas(steps), iter(noise)
    expected = SAMPLERS[name](denoise, 100 * x, sigmas, lambda _: next(replayed))
    linear = linear_steps(SAMPLERS[name], sigmas)
    assert len(linear.sigmas) == EVALUATIONS.get(name, int)(steps)
    assert linear.is_stochastic == (name == "ddpm" and steps > 1)
    x, before = 100 * x, (torch.zeros_like(x),) * 2
    added = iter([*noise[: len(linear.sigmas) - 1], torch.zeros_like(x)] if linear.is_stochastic else ())
    for sigma, weights in zip(linear.sigmas, linear.weights, strict=True):
        estimate = denoise(x, torch.full((4,), sigma, dtype=torch.float64))
        terms = (x, estimate, *before, next(added, torch.zeros_like(x)))
        x, before = sum(w * term for w, term in zip(weights, terms, strict=True)), (x, estimate)
    assert torch.allclose(x, expected, atol=1e-10)


def test_samplers_that_are_not_linear_are_refused():
    def squared(denoiser, xt, sigmas, noise):
        return denoiser(xt, sigmas[:1]) ** 2 + 1

    with pytest.raises(ValueError, match="not a sum"):
        linear_steps(squared, SCHEDULE.sampling_sigmas(2))
