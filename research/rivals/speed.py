"""Generators of other projects, at their own defaults, to run in turn with ours.

Their weights are random: speed does not depend on them.
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


def diffusers(leads: int, length: int, batch: int) -> Generator:
    """Return UNet1DModel with DPM-Solver++ and 20 steps, wired by hand: the library has no such pipeline."""
    library = _library("diffusers")
    network = library.UNet1DModel(
        sample_size=length,
        in_channels=leads,
        out_channels=leads,
        block_out_channels=(64, 128, 256),
        down_block_types=("DownBlock1D", "DownBlock1D", "AttnDownBlock1D"),
        up_block_types=("AttnUpBlock1D", "UpBlock1D", "UpBlock1D"),
    ).eval()

    def draw(count: int) -> None:
        for start in range(0, count, batch):
            scheduler = library.DPMSolverMultistepScheduler()
            scheduler.set_timesteps(_DIFFUSERS_STEPS)
            x = torch.ones(min(batch, count - start), leads, length)
            for t in scheduler.timesteps:
                x = scheduler.step(network(x, t).sample, t, x).prev_sample

    levels = library.DDPMScheduler()

    def loss(count: int) -> torch.Tensor:
        x0, noise = torch.ones(count, leads, length), torch.randn(count, leads, length)
        t = torch.randint(0, len(levels), (count,))
        return functional.mse_loss(network(levels.add_noise(x0, noise, t), t).sample, noise)

    about = f"UNet1DModel (64, 128, 256), DPM-Solver++, {_DIFFUSERS_STEPS} steps"
    return Generator(f"diffusers {library.__version__}", torch.no_grad()(draw), network, about, loss)


def ecgen(leads: int, length: int, batch: int) -> Generator:
    """Return ecgen's default: its U-Net with 50 steps of DDIM."""
    version = _library("ecgen").__version__
    network = import_module("ecgen.nn.backbones.unet1d").UNet1d(in_channels=leads).eval()
    process = import_module("ecgen.processes.ddpm").DDPMProcess()
    seeded = torch.Generator().manual_seed(0)

    def draw(count: int) -> None:
        for start in range(0, count, batch):
            shape = (min(batch, count - start), leads, length)
            process.sample(network, shape, steps=_ECGEN_STEPS, generator=seeded)

    def loss(count: int) -> torch.Tensor:
        x0, noise = torch.ones(count, leads, length), torch.randn(count, leads, length)
        pair = process.training_pair(x0, noise)
        error = functional.mse_loss(network(pair.xt, pair.t), pair.target, reduction="none")
        weighted: torch.Tensor = (pair.weight[:, None, None] * error).mean()
        return weighted

    about = f"unet1d, DDIM, {_ECGEN_STEPS} steps"
    return Generator(f"ecgen {version}", torch.no_grad()(draw), network, about, loss)


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise DiffecgError(f"--vs {name} needs {name} ({error}): pip install {name}") from error
