"""Samplers, schedules and parametrisations against closed forms and against diffusers."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from diffecg.diffusion.noise import SeededNoise
from diffecg.diffusion.preconditioning import PARAMETRISATIONS
from diffecg.diffusion.samplers import SAMPLERS, sample_ddim, sample_ddpm
from diffecg.diffusion.schedules import KarrasSchedule, VarianceSchedule, cosine_schedule, linear_schedule

MEAN, STD = 0.7, 0.3
KARRAS = KarrasSchedule(sigma_min=0.004, sigma_max=100.0, log_sigma_mean=-0.5, log_sigma_std=1.4)
SCHEDULES = {"karras": KARRAS, "linear": linear_schedule(1000, 1e-4, 0.02), "cosine": cosine_schedule(1000)}


def exact_denoiser(xt, sigma):
    """Return E[x0 | xt] for x0 ~ N(MEAN, STD^2)."""
    sigma = sigma.reshape(-1, *[1] * (xt.ndim - 1)).to(xt)
    return (STD**2 * xt + sigma**2 * MEAN) / (STD**2 + sigma**2)


def exact_ode_solution(start, sigma_max):
    """Return the solution of the probability flow ODE, which preserves the quantile of ``start``."""
    return MEAN + (start - MEAN) * STD / math.sqrt(STD**2 + sigma_max**2)


def starting_point(schedule, steps, count=3000):
    sigmas = schedule.sampling_sigmas(steps)
    noise = SeededNoise(range(count))
    return noise(torch.empty(count, 1, dtype=torch.float64)) * sigmas[0], sigmas, noise


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_samples_of_an_exact_denoiser_have_the_mean_and_std_of_the_data(sampler, schedule):
    xt, sigmas, noise = starting_point(SCHEDULES[schedule], 500)
    samples = SAMPLERS[sampler](exact_denoiser, xt, sigmas, noise)
    assert samples.mean().item() == pytest.approx(MEAN, abs=4 * STD / math.sqrt(len(xt)))
    assert samples.std().item() == pytest.approx(STD, rel=0.05)


@pytest.mark.parametrize(("sampler", "order"), [("ddim", 1), ("heun", 2), ("dpm2m", 2)])
def test_order_of_convergence(sampler, order):
    counts = np.array([20, 40, 80, 160])
    errors = []
    for steps in counts:
        xt, sigmas, noise = starting_point(KARRAS, int(steps), count=64)
        samples = SAMPLERS[sampler](exact_denoiser, xt, sigmas, noise)
        errors.append((samples - exact_ode_solution(xt, KARRAS.sigma_max)).abs().max().item())
    measured = -np.polyfit(np.log(counts), np.log(errors), 1)[0]
    assert measured == pytest.approx(order, abs=0.35)


@pytest.mark.parametrize("name", PARAMETRISATIONS)
def test_the_exact_network_output_recovers_x0(name):
    generator = torch.Generator().manual_seed(0)
    x0, eps = torch.randn(2, 100, generator=generator, dtype=torch.float64)
    sigma = torch.logspace(-2, 2, 100, dtype=torch.float64)
    xt = x0 + sigma * eps
    alpha = 1 / (1 + sigma**2).sqrt()
    outputs = {
        "epsilon": eps,
        "v": alpha * eps - sigma * alpha * x0,
        "karras": (sigma * x0 - eps) * alpha,
        "flow": (eps - x0) / math.sqrt(2),
    }
    c_skip, c_out, _ = PARAMETRISATIONS[name](sigma)
    assert torch.allclose(c_skip * xt + c_out * outputs[name], x0, atol=1e-9)


@pytest.mark.parametrize("name", PARAMETRISATIONS)
def test_input_and_target_of_the_network_have_unit_variance(name):
    sigma = torch.tensor([0.01, 1.0, 50.0])
    c_skip, c_out, c_in = PARAMETRISATIONS[name](sigma)
    assert torch.allclose(c_in**2 * (1 + sigma**2), torch.ones(3))
    target_variance = ((1 - c_skip) ** 2 + c_skip**2 * sigma**2) / c_out**2
    assert torch.allclose(target_variance, torch.ones(3))


def test_schedules_equal_published_values():
    linear, cosine = SCHEDULES["linear"], SCHEDULES["cosine"]
    assert linear.alpha_bar[-1] == pytest.approx(4.0e-5, rel=0.02)
    middle = math.cos((0.5 + 0.008) / 1.008 * math.pi / 2) ** 2
    assert cosine.alpha_bar[499] == pytest.approx(middle / math.cos(0.008 / 1.008 * math.pi / 2) ** 2)


INVALID_SCHEDULES = {
    r"keeps 0\.36": lambda: linear_schedule(200, 1e-4, 0.02),  # published, but too weak
    r"keeps 0\.20": lambda: replace(KARRAS, sigma_max=5.0),
    r"sigma_min 2\.0": lambda: replace(KARRAS, sigma_min=2.0, sigma_max=1.0),
    r"alpha_bar must decrease": lambda: VarianceSchedule(alpha_bar=(0.5, 0.6, 0.0001)),
    r"steps 1001 must be 1 to 1000": lambda: linear_schedule(1000, 1e-4, 0.02).sampling_sigmas(1001),
    r"steps 0 must be at least 1": lambda: KARRAS.sampling_sigmas(0),
}


@pytest.mark.parametrize("message", INVALID_SCHEDULES)
def test_invalid_schedules_are_rejected(message):
    with pytest.raises(ValueError, match=message):
        INVALID_SCHEDULES[message]()


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_sampling_sigmas_decrease_to_zero_and_training_sigmas_increase(schedule):
    for steps in (1, 2, 17, 1000):
        sigmas = schedule.sampling_sigmas(steps)
        assert len(sigmas) == steps + 1
        assert sigmas[-1] == 0
        assert (sigmas[:-1] > sigmas[1:]).all()
    u = torch.linspace(0.001, 0.999, 50)
    assert (schedule.sigma_at(u).diff() > 0).all()


def diffusers_sample(scheduler, xt, noises=None):
    """Sample with a scheduler of diffusers and the exact denoiser; ``noises`` replace its own noise."""
    table = scheduler.alphas_cumprod.to(torch.float64)
    for i, t in enumerate(scheduler.timesteps):
        sigma = ((1 - table[t]) / table[t]).sqrt()
        xt_exploding = xt / table[t].sqrt()
        eps = (xt_exploding - exact_denoiser(xt_exploding, sigma)) / sigma
        if noises is None:
            xt = scheduler.step(eps, t, xt).prev_sample
            continue
        stepped = scheduler.step(eps, t, xt, generator=torch.Generator().manual_seed(0)).prev_sample
        theirs = torch.randn(xt.shape, generator=torch.Generator().manual_seed(0), dtype=xt.dtype)
        std = scheduler._get_variance(t).sqrt() if t > 0 else 0.0
        xt = stepped + std * (noises[i] - theirs)
    return xt


def test_ddim_equals_diffusers():
    diffusers = pytest.importorskip("diffusers")
    scheduler = diffusers.DDIMScheduler(
        1000, 1e-4, 0.02, timestep_spacing="trailing", clip_sample=False, set_alpha_to_one=True
    )
    scheduler.set_timesteps(50)
    xt, sigmas, noise = starting_point(SCHEDULES["linear"], 50, count=32)
    expected = diffusers_sample(scheduler, xt / (1 + sigmas[0] ** 2).sqrt())
    assert torch.allclose(sample_ddim(exact_denoiser, xt, sigmas, noise), expected, atol=1e-5)


def test_ddpm_equals_diffusers():
    diffusers = pytest.importorskip("diffusers")
    scheduler = diffusers.DDPMScheduler(
        1000, 1e-4, 0.02, timestep_spacing="trailing", clip_sample=False, variance_type="fixed_small"
    )
    scheduler.set_timesteps(50)
    xt, sigmas, _ = starting_point(SCHEDULES["linear"], 50, count=32)
    stream = SeededNoise(range(32))
    noises = [stream(xt) for _ in range(50)]
    replayed = iter(noises)
    samples = sample_ddpm(exact_denoiser, xt, sigmas, lambda _: next(replayed))
    expected = diffusers_sample(scheduler, xt / (1 + sigmas[0] ** 2).sqrt(), noises)
    assert torch.allclose(samples, expected, atol=1e-5)


def test_noise_depends_only_on_the_seed():
    like = torch.empty(4, 2, 8)
    batch, single = SeededNoise([5, 6, 7, 8]), SeededNoise([7])
    for _ in range(3):
        assert torch.equal(batch(like)[2], single(like[:1])[0])
    for other in (2, 1 + 2**32, 1 + 2**62):
        assert not torch.equal(SeededNoise([1])(like[:1]), SeededNoise([other])(like[:1]))
