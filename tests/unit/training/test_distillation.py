"""A step of a student gives the result of several steps of its teacher."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers import tiny

from diffecg.config.presets import preset
from diffecg.datasets.loading import open_windows
from diffecg.diffusion.samplers import sample_ddim, sample_dpm2m, sample_heun
from diffecg.errors import DiffecgError
from diffecg.inference.options import SamplerOptions
from diffecg.inference.sampling import SamplingRequest, sample_windows
from diffecg.model.folder import load_model
from diffecg.model.schedule import build_schedule
from diffecg.training.objectives import distillation_target, student_config
from diffecg.training.trainer import train


@pytest.mark.parametrize("steps", [1, 2, 4, 10])
def test_noise_levels_of_a_student_are_levels_of_its_teacher(steps):
    teacher = preset("beat")
    student = student_config(teacher, steps)
    every = teacher.diffusion.steps // steps
    ours, theirs = (
        build_schedule(c.diffusion).sampling_sigmas(c.diffusion.steps) for c in (student, teacher)
    )
    torch.testing.assert_close(ours, theirs[::every], rtol=1e-9, atol=0)


def test_student_can_be_distilled_again():
    teacher = preset("beat")
    student = student_config(student_config(teacher, 4), 2)
    assert student.name == "beat-2"
    levels = build_schedule(student.diffusion).sampling_sigmas(2)
    torch.testing.assert_close(
        levels, build_schedule(teacher.diffusion).sampling_sigmas(20)[::10], rtol=1e-9, atol=0
    )


@pytest.mark.parametrize("draw", [sample_ddim, sample_dpm2m, sample_heun])
def test_one_step_towards_the_target_ends_where_the_teacher_does(draw):
    """For data of variance 1 the best denoiser is x / (1 + sigma^2), and nothing is left to learn."""

    def gaussian(xt, sigma):
        return xt / (1 + sigma[:, None] ** 2)

    levels = build_schedule(preset("beat").diffusion).sampling_sigmas(20)
    xt = 40 * torch.from_numpy(np.random.default_rng(0).standard_normal((50, 3)))
    for path in (levels[:6], levels[10:16], levels[15:]):
        target = distillation_target(draw, gaussian, xt, path)
        ends = torch.stack([path[0], path[-1]])
        step = sample_ddim(lambda x, sigma, target=target: target, xt, ends, None)
        torch.testing.assert_close(step, draw(gaussian, xt, path, None))


@pytest.mark.parametrize("steps", [0, 3, 20, 40])
def test_steps_that_do_not_divide_are_refused(steps):
    with pytest.raises(DiffecgError, match="choose one of 1, 2, 4, 5, 10"):
        student_config(preset("beat"), steps)
    with pytest.raises(DiffecgError, match="karras"):
        student_config(preset("paper"), 10)


@pytest.mark.long
def test_student_generates_the_samples_of_its_teacher(windows, tmp_path):
    data = open_windows(windows["beat"])
    config = tiny("beat", samples=1600, learning_rate=3e-3, ema_half_life=200, checkpoint_every=1600)
    teacher = train(config, data, tmp_path / "teacher")
    settings = student_config(config, 2)
    quick = replace(settings.training, samples=3200, learning_rate=1e-3, warmup=0, ema_half_life=200)
    settings = replace(settings, training=quick)
    train(settings, data, tmp_path / "student", teacher=teacher)
    student = load_model(tmp_path / "student")

    request = SamplingRequest.unconditional((1, config.window.length), ["N"] * 32, range(32))

    def draw(model, sampling):
        return sample_windows(model, request, sampling)

    wanted = draw(teacher, SamplerOptions(sampler="dpm2m"))  # the path without noise
    learnt = np.square(draw(student, SamplerOptions()) - wanted).mean()
    unlearnt = np.square(draw(teacher, SamplerOptions(sampler="ddim", steps=2)) - wanted).mean()
    assert learnt < 0.75 * unlearnt
