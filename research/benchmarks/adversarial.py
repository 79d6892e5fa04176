"""``python -m research adversarial``: an adversarial loss on top of distillation, an idea of the paper."""

from __future__ import annotations

import copy
import math
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from cyclopts import Parameter
from jaxtyping import Float, Int
from torch import Tensor, nn

from diffecg.cli.console import Threads, use_threads
from diffecg.datasets.loading import open_windows
from diffecg.diffusion.samplers import SAMPLERS
from diffecg.inference.loading import load
from diffecg.inference.model import Model
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.model.schedule import build_schedule
from diffecg.training.batches import Batch, BatchSource
from diffecg.training.ema import update_ema
from diffecg.training.objectives import distillation_objective
from research.studies.beats import select_beats
from research.studies.sample_quality import CLASSES, class_quality, mean_quality
from research.tables import format_number, markdown_table

WEIGHTS = (0.0, 0.01, 0.03)
PENALTY_WEIGHT = 1.0
METRICS = ("sliced Wasserstein, time", "Fréchet, encoder", "coverage")


class Discriminator(nn.Module):
    """A perceptron that scores the spectrogram of a window, given its label."""

    def __init__(self, inputs: int, labels: int, width: int = 512) -> None:
        super().__init__()
        self.label = nn.Embedding(labels, width)
        self.first = nn.Linear(inputs, width)
        self.rest = nn.Sequential(nn.LeakyReLU(0.2), nn.Linear(width, width), nn.LeakyReLU(0.2))
        self.last = nn.Linear(width, 1)

    def forward(
        self, grid: Float[Tensor, "batch channel *grid"], label: Int[Tensor, " batch"]
    ) -> Float[Tensor, " batch"]:
        """Return a score for each window."""
        h = self.rest(self.first(grid.flatten(1)) + self.label(label))
        return self.last(h)[:, 0]


def adversarial(
    windows: Annotated[Path, Parameter(help="Beats: a folder written by diffecg prepare --preset beat.")],
    student: Annotated[Path, Parameter(help="Model folder of a distilled student.")],
    /,
    *,
    out: Path,
    teacher: str = "mitbih-beat",
    samples: int = 100_000,
    count: int = 300,
    threads: Threads = 1,
) -> None:
    """Fine-tune a distilled student with several weights of an adversarial loss.

    Example: python -m research adversarial beats/ runs/student --out adversarial.md

    Needs: diffecg distill mitbih-beat --data beats/ --steps 1 --out runs/student. With weight 0 the student
    is
    distilled further, for the same number of windows. The discriminator compares real beats with beats that
    the student samples from pure noise, given the label: hinge loss (Lim and Ye 2017, arXiv 1705.02894) with
    the R1 penalty (Mescheder et al. 2018, arXiv 1801.04406, eq. 9). Quality is measured on held-out beats of
    the subjects of DS1; DS2 is not used.

    Args:
        out: Markdown file to write.
        teacher: Bundled name or model folder.
        samples: Training windows.
        count: Beats of each class to compare.
    """
    use_threads(threads)
    beats = select_beats(open_windows(windows))
    rows: list[tuple[str, ...]] = []
    for weight in WEIGHTS:
        denoiser = load(student).denoiser
        source = BatchSource(beats.partition("train"), denoiser.config)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            tuned = fine_tune(denoiser, load(teacher).denoiser, source, weight, samples)
        quality = class_quality(Model(tuned, f"weight {weight:g}"), beats, count)
        rows.append((f"{weight:g}", *(format_number(mean_quality(quality, name)) for name in METRICS)))
        means = f"Means over {', '.join(CLASSES)}"
        note = f"{means}; distances divided by their reference; {samples} training windows."
        out.write_text(f"{note}\n\n{markdown_table(('weight of the adversarial loss', *METRICS), rows)}")


def fine_tune(
    student: ConditionalDenoiser,
    teacher: ConditionalDenoiser,
    source: BatchSource,
    weight: float,
    samples: int,
) -> ConditionalDenoiser:
    """Train the student further; return the moving average of its weights."""
    rng, settings = np.random.default_rng(0), student.config.training
    objective = distillation_objective(teacher, student.config.diffusion)
    inputs = student.transform.channels * math.prod(student.transform.grid_shape)
    discriminator = Discriminator(inputs, student.network.embed_label.num_embeddings)
    optimizer = torch.optim.AdamW(student.parameters(), 1e-4, betas=(0.5, 0.99), weight_decay=0.01)
    discriminator_optimizer = torch.optim.AdamW(discriminator.parameters(), 2e-4, betas=(0.5, 0.99))
    average = copy.deepcopy(student).requires_grad_(False)
    half_life = min(settings.ema_half_life, samples // 6)
    for seen in range(settings.batch, samples + 1, settings.batch):
        batch = source.batch(rng, settings.batch)
        loss = objective(student, batch, slice(0, len(batch))).mean()
        unobserved = select_unobserved(batch)
        if weight > 0 and len(unobserved):
            label = unobserved.labels.argmax(dim=1)
            real, fake = real_and_fake(student, unobserved)
            train_discriminator(discriminator, discriminator_optimizer, real, fake.detach(), label)
            loss = loss - weight * discriminator(fake, label).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        update_ema(average, student, batch_size=settings.batch, samples=seen, half_life=half_life)
    return average.eval()


def train_discriminator(
    discriminator: Discriminator,
    optimizer: torch.optim.Optimizer,
    real: Float[Tensor, "batch channel *grid"],
    fake: Float[Tensor, "batch channel *grid"],
    label: Int[Tensor, " batch"],
) -> None:
    """Take one step of the discriminator."""
    real = real.requires_grad_()
    scores = discriminator(real, label)
    (gradient,) = torch.autograd.grad(scores.sum(), real, create_graph=True)
    hinge = (1 - scores).relu().mean() + (1 + discriminator(fake, label)).relu().mean()
    optimizer.zero_grad()
    (hinge + PENALTY_WEIGHT * gradient.square().flatten(1).sum(1).mean()).backward()
    optimizer.step()


def real_and_fake(
    student: ConditionalDenoiser, batch: Batch
) -> tuple[Float[Tensor, "batch channel *grid"], Float[Tensor, "batch channel *grid"]]:
    """Return the spectrograms of a batch, and others sampled from pure noise with gradients."""
    condition = student.condition(batch.signal_mv, batch.observed, batch.labels, batch.numbers)
    real, diffusion = student.encode(batch.signal_mv), student.config.diffusion
    sigmas = build_schedule(diffusion).sampling_sigmas(diffusion.steps).float()
    noise = float(sigmas[0]) * torch.randn_like(real)
    sampler = SAMPLERS[diffusion.sampler]
    return real, sampler(partial(student, condition=condition), noise, sigmas, torch.randn_like)


def select_unobserved(batch: Batch) -> Batch:
    """Return the windows of a batch of which no sample is observed."""
    rows = [i for i, observed in enumerate(batch.observed.flatten(1).any(1).tolist()) if not observed]
    return Batch(
        signal_mv=batch.signal_mv[rows],
        observed=batch.observed[rows],
        labels=batch.labels[rows],
        numbers=batch.numbers[rows],
    )
