"""How fast generators draw, and how close that comes to what the machine can do.

Seconds on a busy machine mean little. So generators take turns, medians are compared, and each figure stands
beside the rate at which the same machine multiplied matrices in the same minutes.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

MATRIX = 2048
"""Side of the matrices that measure the machine's rate."""


Loss = Callable[[int], torch.Tensor]
"""Maps a number of windows to the training loss on so many."""


@dataclass(frozen=True)
class Generator:
    """What can draw windows, and the network behind it."""

    name: str
    draw: Callable[[int], object]
    """Draws so many windows."""
    network: nn.Module
    """Called once an evaluation."""
    about: str = ""
    """Its setting, in words."""
    loss: Loss | None = None
    """Training loss; None: training is not measured."""
    cost: tuple[int, float] | None = None
    """What :func:`operations` returned, for networks that it cannot look into."""


@dataclass(frozen=True)
class Speed:
    """What one generator reached."""

    name: str
    about: str
    parameters: int
    evaluations: int
    """Of the network, for each window."""
    megaflop: float
    """Floating-point operations of one evaluation of one window, in millions (a product and sum are two)."""
    windows_per_s: float
    """Median over rounds."""
    share_of_peak: float
    """Of the machine's rate of matrix products that these evaluations make up."""
    runs_windows_per_s: tuple[float, ...]
    """Of each round."""
    trained_per_s: float | None
    """Windows a second in training, gradients and an AdamW step included; median over rounds."""


@dataclass(frozen=True)
class SpeedComparison:
    """What generators reached that took turns."""

    speeds: list[Speed]
    peak_gflops: float
    """Float32 matrix products of this machine, in 10^9 operations a second; the median over rounds."""
    peak_memory_mb: float
    """Most memory that the process held while the first generator drew, in MB."""
    threads: int
    device: str

    def to_dict(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        first, others = self.speeds[0], self.speeds[1:]
        found = {
            **asdict(self),
            "times_as_fast_as": {s.name: first.windows_per_s / s.windows_per_s for s in others},
        }
        if first.trained_per_s is not None:
            trained = {s.name: first.trained_per_s / s.trained_per_s for s in others if s.trained_per_s}
            found["trains_times_as_fast_as"] = trained
        return found


def compare_speed(
    generators: Sequence[Generator],
    *,
    batch: int,
    seconds: float = 3.0,
    rounds: int = 3,
    device: str = "cpu",
    advance: Callable[[str], None] | None = None,
) -> SpeedComparison:
    """Return the speeds of generators that take turns.

    Args:
        generators: the first is what the others are compared with.
        batch: windows of the shortest run; longer ones are multiples.
        seconds: about how long each run takes, if a batch does not take longer.
        rounds: runs of each.
        device: whose rate of matrix products is measured.
        advance: called with what has just been done.
    """
    tell = advance or (lambda _: None)
    counts, memory = [], 0.0
    for generator in generators:
        generator.draw(batch)  # the first run allocates
        counts.append(batch * max(1, round(seconds / _seconds(generator, batch))))
        memory = memory or peak_memory_mb()
        tell(f"{generator.name}: warm")
    peaks: list[float] = []
    rates: list[list[float]] = [[] for _ in generators]
    trained: list[list[float]] = [[] for _ in generators]
    for _ in range(rounds):
        peaks.append(matrix_gflops(device))
        for generator, count, rate in zip(generators, counts, rates, strict=True):
            rate.append(count / _seconds(generator, count))
            tell(f"{generator.name}: {rate[-1]:.1f} windows/s")
        for generator, rate in zip(generators, trained, strict=True):
            if generator.loss is not None:
                rate.append(_training_rate(generator.network, generator.loss, batch, seconds))
                tell(f"{generator.name}: {rate[-1]:.1f} windows/s in training")
    peak = median(peaks)
    speeds = []
    for generator, rate, learnt in zip(generators, rates, trained, strict=True):
        evaluations, megaflop = generator.cost or operations(generator)
        share = median(rate) * evaluations * megaflop / 1e3 / peak
        parameters = sum(p.numel() for p in generator.network.parameters())
        speeds.append(
            Speed(
                generator.name,
                generator.about,
                parameters,
                evaluations,
                megaflop,
                median(rate),
                share,
                tuple(rate),
                median(learnt) if learnt else None,
            )
        )
    return SpeedComparison(speeds, peak, memory, torch.get_num_threads(), device)


def _training_rate(network: nn.Module, loss: Loss, batch: int, seconds: float) -> float:
    """Return windows a second of training steps; the learning rate of zero leaves the weights as they are."""
    optimizer = torch.optim.AdamW(network.train().parameters(), lr=0.0)

    def step() -> None:
        loss(batch).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()

    with torch.random.fork_rng(devices=[]):
        step()  # the first one allocates
        done, started = 0, time.perf_counter()
        while not done or time.perf_counter() - started < seconds:
            step()
            done += batch
    network.eval()
    return done / (time.perf_counter() - started)


def operations(generator: Generator) -> tuple[int, float]:
    """Return how often one window evaluates the network, and the MFLOP of one evaluation; exact counts."""
    calls: list[int] = []
    handle = generator.network.register_forward_pre_hook(lambda *_: calls.append(1))
    try:
        with FlopCounterMode(display=False) as counter:
            generator.draw(1)
    finally:
        handle.remove()
    return len(calls), counter.get_total_flops() / len(calls) / 1e6


def matrix_gflops(device: str = "cpu", dtype: torch.dtype = torch.float32) -> float:
    """Return the rate of a product of two square matrices, in 10^9 operations a second: the best of six."""
    a = torch.ones(MATRIX, MATRIX, device=device, dtype=dtype)

    seconds = []
    for _ in range(6):
        started = time.perf_counter()
        (a @ a)[0, 0].item()  # waits for the device
        seconds.append(time.perf_counter() - started)
    return 2 * MATRIX**3 / min(seconds) / 1e9


def peak_memory_mb() -> float:
    """Return the most memory that this process ever held, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def _seconds(generator: Generator, count: int) -> float:
    started = time.perf_counter()
    generator.draw(count)
    return time.perf_counter() - started
