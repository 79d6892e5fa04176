"""Analytic truths of the diffusion mathematics, and diffusers as an oracle."""

import math

import numpy as np
import pytest
import torch

from diffecg.diffusion.noise import SeededNoise
from diffecg.diffusion.preconditioning import PARAMETRISATIONS
from diffecg.diffusion.samplers import SAMPLERS, sample_ddim, sample_ddpm
from diffecg.diffusion.schedules import KarrasSchedule, VarianceSchedule, cosine_schedule, linear_schedule

MEAN, SPREAD = 0.7, 0.3
KARRAS = KarrasSchedule(0.004, 100.0, -0.5, 1.4)
LEVELS = {"karras": KARRAS, "linear": linear_schedule(1000, 1e-4, 0.02), "cosine": cosine_schedule(1000)}


def exact_denoiser(xt, sigma):
    """E[x0 | xt] for data ~ N(MEAN, SPREAD^2)."""
    sigma = sigma.reshape(-1, *[1] * (xt.ndim - 1)).to(xt)
    return (SPREAD**2 * xt + sigma**2 * MEAN) / (SPREAD**2 + sigma**2)


def exact_flow(start, sigma_max):
    """Where the probability-flow ODE takes ``start``: a fixed quantile of the Gaussian."""
    return MEAN + (start - MEAN) * SPREAD / math.sqrt(SPREAD**2 + sigma_max**2)


def start_at(levels, steps, count=3000):
    sigmas = levels.grid(steps)
    noise = SeededNoise(range(count))
    return noise(torch.empty(count, 1, dtype=torch.float64)) * sigmas[0], sigmas, noise


@pytest.mark.parametrize("levels", LEVELS)
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_exact_denoiser_gives_back_mean_and_spread(sampler, levels):
    xt, sigmas, noise = start_at(LEVELS[levels], 500)
    drawn = SAMPLERS[sampler](exact_denoiser, xt, sigmas, noise)
    assert drawn.mean().item() == pytest.approx(MEAN, abs=4 * SPREAD / math.sqrt(len(xt)))
    assert drawn.std().item() == pytest.approx(SPREAD, rel=0.05)


@pytest.mark.parametrize(("sampler", "order"), [("ddim", 1), ("heun", 2), ("dpm2m", 2)])
def test_order_of_convergence(sampler, order):
    counts = np.array([20, 40, 80, 160])
    errors = []
    for steps in counts:
        xt, sigmas, noise = start_at(KARRAS, int(steps), count=64)
        drawn = SAMPLERS[sampler](exact_denoiser, xt, sigmas, noise)
        errors.append((drawn - exact_flow(xt, KARRAS.sigma_max)).abs().max().item())
    measured = -np.polyfit(np.log(counts), np.log(errors), 1)[0]
    assert measured == pytest.approx(order, abs=0.35)


@pytest.mark.parametrize("name", PARAMETRISATIONS)
def test_a_perfect_network_gives_x0_back(name):
    generator = torch.Generator().manual_seed(0)
    x0, eps = torch.randn(2, 100, generator=generator, dtype=torch.float64)
    sigma = torch.logspace(-2, 2, 100, dtype=torch.float64)
    xt = x0 + sigma * eps
    alpha = 1 / (1 + sigma**2).sqrt()
    answers = {
        "epsilon": eps,
        "v": alpha * eps - sigma * alpha * x0,
        "karras": (sigma * x0 - eps) * alpha,
        "flow": (eps - x0) / math.sqrt(2),
    }
    c_skip, c_out, _ = PARAMETRISATIONS[name](sigma)
    assert torch.allclose(c_skip * xt + c_out * answers[name], x0, atol=1e-9)


@pytest.mark.parametrize("name", PARAMETRISATIONS)
def test_the_network_sees_and_answers_unit_variance(name):
    sigma = torch.tensor([0.01, 1.0, 50.0])
    c_skip, c_out, c_in = PARAMETRISATIONS[name](sigma)
    assert torch.allclose(c_in**2 * (1 + sigma**2), torch.ones(3))
    answer_variance = ((1 - c_skip) ** 2 + c_skip**2 * sigma**2) / c_out**2
    assert torch.allclose(answer_variance, torch.ones(3))


def test_schedules_of_the_literature():
    linear, cosine = LEVELS["linear"], LEVELS["cosine"]
    assert linear.alpha_bar[-1] == pytest.approx(4.0e-5, rel=0.02)
    middle = math.cos((0.5 + 0.008) / 1.008 * math.pi / 2) ** 2
    assert cosine.alpha_bar[499] == pytest.approx(middle / math.cos(0.008 / 1.008 * math.pi / 2) ** 2)


BAD_LEVELS = {
    r"keeps 0\.36": lambda: linear_schedule(200, 1e-4, 0.02),  # a published one
    r"keeps 0\.20": lambda: KarrasSchedule(0.004, 5.0, -0.5, 1.4),
    r"sigma_min 2\.0": lambda: KarrasSchedule(2.0, 1.0, -0.5, 1.4),
    r"alpha_bar must fall": lambda: VarianceSchedule((0.5, 0.6, 0.0001)),
    r"steps 1001 must be 1 to 1000": lambda: linear_schedule(1000, 1e-4, 0.02).grid(1001),
    r"steps 0": lambda: KARRAS.grid(0),
}


@pytest.mark.parametrize("message", BAD_LEVELS)
def test_bad_levels_are_refused(message):
    with pytest.raises(ValueError, match=message):
        BAD_LEVELS[message]()


@pytest.mark.parametrize("levels", LEVELS.values(), ids=LEVELS)
def test_levels_fall_to_zero_and_rise_with_the_quantile(levels):
    for steps in (1, 2, 17, 1000):
        sigmas = levels.grid(steps)
        assert len(sigmas) == steps + 1
        assert sigmas[-1] == 0
        assert (sigmas[:-1] > sigmas[1:]).all()
    u = torch.linspace(0.001, 0.999, 50)
    assert (levels.quantile(u).diff() > 0).all()


def diffusers_sample(scheduler, xt, noises=None):
    """Run one of diffusers' schedulers with the exact denoiser; ``noises`` replace its own noise."""
    table = scheduler.alphas_cumprod.to(torch.float64)
    for i, t in enumerate(scheduler.timesteps):
        sigma = ((1 - table[t]) / table[t]).sqrt()
        exploding = xt / table[t].sqrt()
        eps = (exploding - exact_denoiser(exploding, sigma)) / sigma
        if noises is None:
            xt = scheduler.step(eps, t, xt).prev_sample
            continue
        stepped = scheduler.step(eps, t, xt, generator=torch.Generator().manual_seed(0)).prev_sample
        theirs = torch.randn(xt.shape, generator=torch.Generator().manual_seed(0), dtype=xt.dtype)
        spread = scheduler._get_variance(t).sqrt() if t > 0 else 0.0
        xt = stepped + spread * (noises[i] - theirs)
    return xt


def test_ddim_equals_diffusers():
    diffusers = pytest.importorskip("diffusers")
    scheduler = diffusers.DDIMScheduler(
        1000, 1e-4, 0.02, timestep_spacing="trailing", clip_sample=False, set_alpha_to_one=True
    )
    scheduler.set_timesteps(50)
    xt, sigmas, noise = start_at(LEVELS["linear"], 50, count=32)
    theirs = diffusers_sample(scheduler, xt / (1 + sigmas[0] ** 2).sqrt())
    ours = sample_ddim(exact_denoiser, xt, sigmas, noise)
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_ddpm_equals_diffusers():
    diffusers = pytest.importorskip("diffusers")
    scheduler = diffusers.DDPMScheduler(
        1000, 1e-4, 0.02, timestep_spacing="trailing", clip_sample=False, variance_type="fixed_small"
    )
    scheduler.set_timesteps(50)
    xt, sigmas, _ = start_at(LEVELS["linear"], 50, count=32)
    stream = SeededNoise(range(32))
    noises = [stream(xt) for _ in range(50)]
    again = iter(noises)
    ours = sample_ddpm(exact_denoiser, xt, sigmas, lambda _: next(again))
    theirs = diffusers_sample(scheduler, xt / (1 + sigmas[0] ** 2).sqrt(), noises)
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_noise_follows_the_seed_alone():
    like = torch.empty(4, 2, 8)
    together, alone = SeededNoise([5, 6, 7, 8]), SeededNoise([7])
    for _ in range(3):
        assert torch.equal(together(like)[2], alone(like[:1])[0])
    for other in (2, 1 + 2**32, 1 + 2**62):
        assert not torch.equal(SeededNoise([1])(like[:1]), SeededNoise([other])(like[:1]))
