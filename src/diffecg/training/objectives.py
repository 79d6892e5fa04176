"""Training objectives: denoising, and distillation of a teacher's sampling steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from diffecg.config.schema import Config, DiffusionConfig
from diffecg.diffusion.preconditioning import expand_like
from diffecg.diffusion.samplers import SAMPLERS, Denoiser, Sampler
from diffecg.errors import DiffecgError
from diffecg.model.condition import Condition
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.model.schedule import build_schedule
from diffecg.training.batches import Batch

Objective = Callable[[ConditionalDenoiser, Batch, slice], Tensor]
"""Maps a model, a batch and a slice of it to the loss of each window in the slice.

Random numbers are drawn for the whole batch, so that the loss of a window does not depend on how the batch is
sliced (except through dropout)."""

OBSERVED_WEIGHT = 0.1
"""Weight of observed grid points in the loss; missing ones have weight 1."""

MIN_QUANTILE = 1e-6
"""Lower bound of the quantiles of noise levels; the upper bound is 1 - ``MIN_QUANTILE``."""

STUDENT_SAMPLES = 1_000_000
"""Default number of training samples of a student."""

STUDENT_LEARNING_RATE = 3e-4
"""Learning rate of a student between warm-up and decay."""

STUDENT_WARMUP = 10_000
"""Number of samples over which the learning rate of a student rises from zero."""

STUDENT_EMA_HALF_LIFE = 50_000
"""Half-life of the moving average of a student's weights, in samples."""


def denoising_objective(config: DiffusionConfig) -> Objective:
    """Return the denoising loss, with noise levels stratified over the batch.

    Args:
        config: Defines the distribution of noise levels.
    """
    schedule = build_schedule(config)

    def objective(model: ConditionalDenoiser, batch: Batch, rows: slice) -> Float[Tensor, " row"]:
        x0, condition, weight = _encode(model, batch, rows)
        size = len(batch)
        u = (torch.arange(size) + torch.rand(size, dtype=torch.float32)) / size
        sigma = schedule.sigma_at(u.clamp(MIN_QUANTILE, 1 - MIN_QUANTILE)).float()[rows].to(x0)
        xt = add_noise(x0, sigma, batch_size=size, rows=rows)
        return model.loss(x0, xt, sigma, condition, weight)

    return objective


def distillation_objective(teacher: ConditionalDenoiser, student: DiffusionConfig) -> Objective:
    """Return the loss of a student each of whose steps replaces n steps of its teacher.

    The student's noise levels are every n-th of the teacher's. From a noisy window at one of them the teacher
    takes n steps; the student's target is the x0 with which one first-order step leads to the same result,
    see :func:`distillation_target`. For a teacher with the stochastic sampler ``ddpm``,
    the steps are those of the deterministic ``dpm2m``.

    Args:
        teacher: A trained model.
        student: Settings from :func:`student_config`.
    """
    diffusion = teacher.config.diffusion
    stride = diffusion.steps // student.steps
    sigmas = build_schedule(diffusion).sampling_sigmas(diffusion.steps)
    sampler = SAMPLERS["dpm2m" if diffusion.sampler == "ddpm" else diffusion.sampler]
    teacher = teacher.eval().requires_grad_(False)

    def objective(model: ConditionalDenoiser, batch: Batch, rows: slice) -> Float[Tensor, " row"]:
        x0, condition, weight = _encode(model, batch, rows)
        step = (torch.arange(len(batch)) % student.steps)[rows]
        sigma = sigmas[step * stride].float().to(x0)
        xt = add_noise(x0, sigma, batch_size=len(batch), rows=rows)
        teacher_condition = _condition(teacher, batch.select(rows, x0.device))
        target = torch.empty_like(x0)
        for i in range(student.steps):
            at_step = (step == i).to(x0.device)
            denoiser = partial(teacher, condition=teacher_condition.select(at_step))
            path = sigmas[i * stride : (i + 1) * stride + 1]
            target[at_step] = distillation_target(sampler, denoiser, xt[at_step], path)
        return model.loss(target, xt, sigma, condition, weight)

    return objective


def distillation_target(
    sampler: Sampler,
    denoiser: Denoiser,
    xt: Float[Tensor, "batch *grid"],
    sigmas: Float[Tensor, " level"],
) -> Float[Tensor, "batch *grid"]:
    r"""Return the x0 with which one first-order step from ``xt`` ends where the sampler does.

    If the sampler leads from :math:`x_t` at :math:`\sigma_t` to :math:`x_s` at :math:`\sigma_s`, then

    .. math:: \tilde x_0 = \frac{x_s - (\sigma_s / \sigma_t) \, x_t}{1 - \sigma_s / \sigma_t}

    Args:
        sampler: A deterministic sampler.
        denoiser: The teacher.
        xt: Noisy grids at the first noise level.
        sigmas: Noise levels of the sampler's steps, from :math:`\sigma_t` to :math:`\sigma_s`.

    References:
        | Progressive Distillation for Fast Sampling of Diffusion Models (Salimans and Ho, 2022), Algorithm 2
        | https://arxiv.org/abs/2202.00512
    """
    xs = sampler(denoiser, xt, sigmas, torch.randn_like)
    ratio = float(sigmas[-1] / sigmas[0])
    return (xs - ratio * xt) / (1 - ratio)


def student_config(teacher: Config, steps: int) -> Config:
    """Return the settings of a student with ``steps`` sampling steps.

    Raises:
        DiffecgError: ``steps`` does not divide the teacher's steps, or its schedule is not ``karras``.
    """
    diffusion = teacher.diffusion
    if not 1 <= steps < diffusion.steps or diffusion.steps % steps:
        divisors = ", ".join(str(n) for n in range(1, diffusion.steps) if diffusion.steps % n == 0)
        raise DiffecgError(
            f"{steps} steps do not divide the teacher's {diffusion.steps}; choose one of {divisors}"
        )
    if diffusion.schedule != "karras":
        raise DiffecgError(
            f"a teacher with the noise schedule {diffusion.schedule!r} cannot be distilled; use karras"
        )
    # Every n-th level of a power law is again a power law, with a higher sigma_min.
    lowest = build_schedule(diffusion).sampling_sigmas(diffusion.steps)[-1 - diffusion.steps // steps]
    sigma_min = float(lowest) if steps > 1 else diffusion.sigma_min
    return replace(
        teacher,
        name=f"{teacher.name.partition('-')[0]}-{steps}",
        diffusion=replace(diffusion, steps=steps, sampler="ddim", sigma_min=sigma_min),
        network=replace(teacher.network, dropout=0.0),
        training=replace(
            teacher.training,
            samples=STUDENT_SAMPLES,
            learning_rate=STUDENT_LEARNING_RATE,
            warmup=STUDENT_WARMUP,
            ema_half_life=STUDENT_EMA_HALF_LIFE,
        ),
    )


def add_noise(
    x0: Float[Tensor, "row *grid"], sigma: Float[Tensor, " row"], *, batch_size: int, rows: slice
) -> Float[Tensor, "row *grid"]:
    """Return x0 + sigma * eps for some rows of a batch; eps is drawn for the whole batch."""
    eps = torch.randn(batch_size, *x0.shape[1:], dtype=torch.float32)[rows].to(x0)
    return x0 + expand_like(sigma, x0) * eps


def _encode(model: ConditionalDenoiser, batch: Batch, rows: slice) -> tuple[Tensor, Condition, Tensor]:
    """Return the grids of some rows, their conditions, and the loss weight of each grid point."""
    batch = batch.select(rows, model.transform.mean_mv.device)
    condition = _condition(model, batch)
    missing = model.transform.missing_fraction(batch.observed)
    weight = OBSERVED_WEIGHT + (1 - OBSERVED_WEIGHT) * missing
    return model.encode(batch.signal_mv), condition, weight


def _condition(model: ConditionalDenoiser, batch: Batch) -> Condition:
    return model.condition(batch.signal_mv, batch.observed, batch.labels, batch.numbers)
