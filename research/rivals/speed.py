"""Rivals of ``diffecg bench``: other projects' generators at their default settings.

Their weights are random; speed does not depend on them.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import torch
from torch.nn import functional

from diffecg.errors import DiffecgError
from diffecg.evaluation.speed import Generator

_DIFFUSERS_STEPS = 20
_ECGEN_STEPS = 50


def diffusers(leads: int, length: int, batch_size: int) -> Generator:
    """Return diffusers' UNet1DModel with 20 steps of DPM-Solver++; diffusers has no pipeline for it."""
    library = _library("diffusers")
    network = library.UNet1DModel(
        sample_size=length,
        in_channels=leads,
        out_channels=leads,
        block_out_channels=(64, 128, 256),
        down_block_types=("DownBlock1D", "DownBlock1D", "AttnDownBlock1D"),
        up_block_types=("AttnUpBlock1D", "UpBlock1D", "UpBlock1D"),
    ).eval()

    def sample(count: int) -> None:
        for start in range(0, count, batch_size):
            scheduler = library.DPMSolverMultistepScheduler()
            scheduler.set_timesteps(_DIFFUSERS_STEPS)
            x = torch.ones(min(batch_size, count - start), leads, length)
            for t in scheduler.timesteps:
                x = scheduler.step(network(x, t).sample, t, x).prev_sample

    schedule = library.DDPMScheduler()

    def loss(count: int) -> torch.Tensor:
        x0, noise = torch.ones(count, leads, length), torch.randn(count, leads, length)
        t = torch.randint(0, len(schedule), (count,))
        return functional.mse_loss(network(schedule.add_noise(x0, noise, t), t).sample, noise)

    about = f"UNet1DModel (64, 128, 256), DPM-Solver++, {_DIFFUSERS_STEPS} steps"
    return Generator(
        name=f"diffusers {library.__version__}",
        generate=torch.no_grad()(sample),
        network=network,
        description=about,
        loss=loss,
    )


def ecgen(leads: int, length: int, batch_size: int) -> Generator:
    """Return ecgen's default: its U-Net with 50 steps of DDIM."""
    version = _library("ecgen").__version__
    network = import_module("ecgen.nn.backbones.unet1d").UNet1d(in_channels=leads).eval()
    process = import_module("ecgen.processes.ddpm").DDPMProcess()
    generator = torch.Generator().manual_seed(0)

    def sample(count: int) -> None:
        for start in range(0, count, batch_size):
            shape = (min(batch_size, count - start), leads, length)
            process.sample(network, shape, steps=_ECGEN_STEPS, generator=generator)

    def loss(count: int) -> torch.Tensor:
        x0, noise = torch.ones(count, leads, length), torch.randn(count, leads, length)
        pair = process.training_pair(x0, noise)
        error = functional.mse_loss(network(pair.xt, pair.t), pair.target, reduction="none")
        return (pair.weight[:, None, None] * error).mean()

    about = f"unet1d, DDIM, {_ECGEN_STEPS} steps"
    return Generator(
        name=f"ecgen {version}",
        generate=torch.no_grad()(sample),
        network=network,
        description=about,
        loss=loss,
    )


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise DiffecgError(f"the rival {name} needs {name} ({error}): pip install {name}") from error
