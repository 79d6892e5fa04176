"""Does an adversarial loss on top of a distilled student help? An open question of the DiffECG paper.

    diffecg prepare mitdb --from mitdb/ --preset beat --out beats/
    diffecg distill mitbih-beat --data beats/ --steps 1 --out runs/student
    python benchmarks/adversarial.py beats/ runs/student --out docs/adversarial.md

Goes on training the student for the same number of windows with each weight of the adversarial loss; zero is
distillation alone. A discriminator sees the student's beats from pure noise, made as in use, and real ones,
with their class (hinge loss, Lim and Ye 2017, arXiv 1705.02894; R1 penalty, Mescheder et al. 2018,
arXiv 1801.04406, Eq. 9). Compares with held-out beats of DS1's patients; DS2 is not opened.
"""

from __future__ import annotations

import argparse
import copy
import math
from functools import partial
from pathlib import Path

import numpy as np
import torch
from steps import CLASSES, drawn, judged
from torch import Tensor, nn

import diffecg
from diffecg.diffusion.samplers import SAMPLERS
from diffecg.inference.model import Model
from diffecg.model.denoiser import ConditionalDenoiser, build_schedule
from diffecg.training.averaging import update_average
from diffecg.training.batches import Batch, BatchSource
from diffecg.training.objectives import distillation

WEIGHTS = (0.0, 0.01, 0.03)
PENALTY = 1.0
"""Weight of the discriminator's gradient penalty."""


class Discriminator(nn.Module):
    """A perceptron that scores a window's grid, given its class."""

    def __init__(self, inputs: int, labels: int, width: int = 512) -> None:
        super().__init__()
        self.label = nn.Embedding(labels, width)
        self.first = nn.Linear(inputs, width)
        self.rest = nn.Sequential(nn.LeakyReLU(0.2), nn.Linear(width, width), nn.LeakyReLU(0.2))
        self.last = nn.Linear(width, 1)

    def forward(self, grid: Tensor, label: Tensor) -> Tensor:
        """Return a score (batch,) of grids (batch channel *grid)."""
        h = self.rest(self.first(grid.flatten(1)) + self.label(label))
        score: Tensor = self.last(h)[:, 0]
        return score


def main() -> None:
    """Train with all weights and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("windows")
    parser.add_argument("student")
    parser.add_argument("--teacher", default="mitbih-beat")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--count", type=int, default=300, help="beats of each class")
    options = parser.parse_args()
    torch.set_num_threads(1)
    windows = diffecg.open_windows(options.windows)
    held, train = (windows.partition(part) for part in ("validation", "train"))
    teacher = diffecg.load(options.teacher).denoiser
    lines = ["| weight of the adversarial loss | SW / floor, Fréchet / floor, coverage |", "| --- | --- |"]
    for weight in WEIGHTS:
        student = diffecg.load(options.student).denoiser
        source = BatchSource(windows.partition("train"), student.config)
        tuned = Model(fine_tuned(student, teacher, source, weight, options.samples), f"weight {weight:g}")
        result = judged(drawn(tuned, options.count, None, None), held, train, options.count)
        lines.append(f"| {weight:g} | {result} |")
        print(lines[-1], flush=True)
        head = f"Means over {', '.join(CLASSES)}; {options.samples} windows of further training.\n\n"
        options.out.write_text(head + "\n".join(lines) + "\n")


def fine_tuned(
    student: ConditionalDenoiser,
    teacher: ConditionalDenoiser,
    source: BatchSource,
    weight: float,
    samples: int,
) -> ConditionalDenoiser:
    """Return the average of the student's weights after further training."""
    torch.manual_seed(0)
    rng, settings = np.random.default_rng(0), student.config.training
    learn = distillation(teacher, student.config.diffusion)
    inputs = student.transform.channels * math.prod(student.transform.grid)
    judge = Discriminator(inputs, student.network.embed_label.num_embeddings)
    ours = torch.optim.AdamW(student.parameters(), 1e-4, betas=(0.5, 0.99), weight_decay=0.01)
    theirs = torch.optim.AdamW(judge.parameters(), 2e-4, betas=(0.5, 0.99))
    average = copy.deepcopy(student).requires_grad_(False)
    half_life = min(settings.ema_half_life, samples // 6)
    for seen in range(settings.batch, samples + 1, settings.batch):
        batch = source.batch(rng, settings.batch)
        loss = learn(student, batch, slice(0, len(batch.labels))).mean()
        if weight > 0:
            free = generation_only(batch)
            label = student.label_index(free.labels, free.morphologies)
            real, made = real_and_made(student, free)
            train_judge(judge, theirs, real, made.detach(), label)
            loss = loss - weight * judge(made, label).mean()
        ours.zero_grad()
        loss.backward()
        ours.step()
        update_average(average, student, batch=settings.batch, seen=seen, half_life=half_life)
    return average.eval()


def train_judge(
    judge: Discriminator, optimizer: torch.optim.Optimizer, real: Tensor, made: Tensor, label: Tensor
) -> None:
    """Take one step of the discriminator."""
    real = real.requires_grad_()
    scores = judge(real, label)
    (slope,) = torch.autograd.grad(scores.sum(), real, create_graph=True)
    hinge = (1 - scores).relu().mean() + (1 + judge(made, label)).relu().mean()
    optimizer.zero_grad()
    (hinge + PENALTY * slope.square().flatten(1).sum(1).mean()).backward()
    optimizer.step()


def real_and_made(student: ConditionalDenoiser, batch: Batch) -> tuple[Tensor, Tensor]:
    """Return the grids of a batch's windows, and others drawn from pure noise with gradients."""
    condition = student.condition(batch.signal_mv, batch.observed, batch.labels, None, batch.morphologies)
    real, diffusion = student.encode(batch.signal_mv, condition), student.config.diffusion
    sigmas = build_schedule(diffusion).grid(diffusion.steps).float()
    xt = float(sigmas[0]) * torch.randn_like(real)
    draw = SAMPLERS[diffusion.sampler]
    return real, draw(partial(student, condition=condition), xt, sigmas, torch.randn_like)


def generation_only(batch: Batch) -> Batch:
    """Return the windows of a batch of which nothing is observed."""
    rows = [i for i, seen in enumerate(batch.observed.flatten(1).any(1).tolist()) if not seen]
    labels, morphologies = ([part[i] for i in rows] for part in (batch.labels, batch.morphologies))
    return Batch(batch.signal_mv[rows], batch.observed[rows], labels, morphologies, None)


if __name__ == "__main__":
    main()
