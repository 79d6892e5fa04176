"""What training minimises: the denoising error of real windows, or the distance to a teacher's result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from diffecg.config.schema import Config, DiffusionConfig
from diffecg.diffusion.samplers import SAMPLERS, Denoiser, Sampler
from diffecg.errors import DiffecgError
from diffecg.model.condition import Condition
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.model.schedule import build_schedule
from diffecg.training.batches import Batch

Objective = Callable[[ConditionalDenoiser, Batch, slice], Tensor]
"""Maps a model, windows and the rows to compute to each of these rows' loss (row,).

What is random is drawn for all windows, so that a row's loss does not depend on which others are computed
with it (but for dropout)."""

LOSS_FLOOR = 0.1
"""Weight of what is observed in the loss, where what is missing weighs 1."""

STUDENT_SAMPLES = 1_000_000
"""Windows that a student sees unless told otherwise."""


def denoising(config: DiffusionConfig) -> Objective:
    """Return the loss at a noise level drawn for each window; the levels are spread evenly.

    Args:
        config: tells which levels are drawn.
    """
    levels = build_schedule(config)

    def loss(model: ConditionalDenoiser, batch: Batch, rows: slice) -> Tensor:
        count = len(batch.labels)
        x0, condition, weight = _encoded(model, batch, rows)
        u = (torch.arange(count) + torch.rand(count)) / count
        sigma = levels.sigma_at(u.clamp(1e-6, 1 - 1e-6)).float()[rows].to(x0)
        return model.loss(x0, add_noise(x0, sigma, count, rows), sigma, condition, weight)

    return loss


def distillation(teacher: ConditionalDenoiser, student: DiffusionConfig) -> Objective:
    """Return the loss of a student whose one step is to end where several of the teacher's do.

    The student's levels are every n-th of the teacher's. A window with noise of one of them is taken n of
    the teacher's steps further; the loss compares the student's estimate of x0 with that from which one
    step of first order leads to the same place (Salimans and Ho 2022, arXiv 2202.00512, Eq. 41). Of a teacher
    that draws with ddpm the student learns the path without the noise, by dpm2m.

    Args:
        teacher: a trained model.
        student: from :func:`student_config`.
    """
    every = teacher.config.diffusion.steps // student.steps
    sigmas = build_schedule(teacher.config.diffusion).sampling_sigmas(teacher.config.diffusion.steps)
    sampler = teacher.config.diffusion.sampler
    draw = SAMPLERS["dpm2m" if sampler == "ddpm" else sampler]  # one that adds noise leads to no one place
    teacher = teacher.eval().requires_grad_(False)

    def loss(model: ConditionalDenoiser, batch: Batch, rows: slice) -> Tensor:
        count = len(batch.labels)
        x0, condition, weight = _encoded(model, batch, rows)
        step = (torch.arange(count) % student.steps)[rows]
        sigma = sigmas[step * every].float().to(x0)
        xt, aim = add_noise(x0, sigma, count, rows), torch.empty_like(x0)
        taught = _condition(teacher, batch.share(rows, str(x0.device)))
        for i in range(student.steps):
            mine, path = (step == i).to(x0.device), sigmas[i * every : (i + 1) * every + 1]
            known = taught.select(mine)
            aim[mine] = _aim(draw, partial(teacher, condition=known), xt[mine], path)
        return model.loss(aim, xt, sigma, condition, weight)

    return loss


def student_config(teacher: Config, steps: int) -> Config:
    """Return the settings of a student that takes ``steps`` steps in place of the teacher's.

    Raises:
        DiffecgError: ``steps`` does not divide the teacher's; the teacher's levels are not Karras's.
    """
    diffusion = teacher.diffusion
    if not 1 <= steps < diffusion.steps or diffusion.steps % steps:
        fit = ", ".join(str(n) for n in range(1, diffusion.steps) if diffusion.steps % n == 0)
        raise DiffecgError(
            f"{steps} steps do not divide the teacher's {diffusion.steps}; choose one of {fit}"
        )
    if diffusion.schedule != "karras":
        raise DiffecgError(
            f"a teacher with schedule {diffusion.schedule!r} cannot be distilled; they must be karras"
        )
    # Every n-th level of a power law makes a power law, which ends higher.
    lowest = build_schedule(diffusion).sampling_sigmas(diffusion.steps)[-1 - diffusion.steps // steps]
    last = float(lowest) if steps > 1 else diffusion.sigma_min
    return replace(
        teacher,
        name=f"{teacher.name.partition('-')[0]}-{steps}",
        diffusion=replace(diffusion, steps=steps, sampler="ddim", sigma_min=last),
        network=replace(teacher.network, dropout=0.0),
        training=replace(
            teacher.training, samples=STUDENT_SAMPLES, learning_rate=3e-4, warmup=10_000, ema_half_life=50_000
        ),
    )


def add_noise(x0: Tensor, sigma: Tensor, count: int, rows: slice) -> Tensor:
    """Return x0 (row channel *grid) with the noise that these rows of ``count`` get, of size sigma (row,)."""
    noise = torch.randn(count, *x0.shape[1:])[rows].to(x0)
    return x0 + sigma.reshape(-1, *(1,) * (x0.ndim - 1)) * noise


def _aim(draw: Sampler, denoise: Denoiser, xt: Tensor, path: Tensor) -> Tensor:
    """Return the x0 towards which one step from xt ends where the sampler ``draw`` does."""
    end = draw(denoise, xt, path, torch.randn_like)
    share = float(path[-1] / path[0])
    return (end - share * xt) / (1 - share)


def _encoded(model: ConditionalDenoiser, batch: Batch, rows: slice) -> tuple[Tensor, Condition, Tensor]:
    """Return some rows' clean grid, what the network is told, and the weight of each grid point."""
    batch = batch.share(rows, str(model.transform.mean_mv.device))
    condition = _condition(model, batch)
    weight = LOSS_FLOOR + (1 - LOSS_FLOOR) * model.transform.missing_fraction(batch.observed)
    return model.encode(batch.signal_mv, condition), condition, weight


def _condition(model: ConditionalDenoiser, batch: Batch) -> Condition:
    return model.condition(batch.signal_mv, batch.observed, batch.labels, batch.track, batch.morphologies)
