"""Speed of generators, relative to each other and to the peak rate of the machine.

Times on a busy machine vary. Therefore generators take turns, medians over rounds are compared, and the rate
at which the same machine multiplied matrices in the same minutes is measured, too.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from diffecg.evaluation.progress import Progress, ProgressCallback

MATRIX_SIZE = 2048
"""Size of the square matrices whose product measures the machine's rate."""
MATRIX_PRODUCTS = 6
"""Number of products, of which the fastest counts."""

Loss = Callable[[int], Float[Tensor, ""]]
"""Maps a number of windows to the training loss of a batch of so many."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Generator:
    """A generator of windows, and its network."""

    name: str
    generate: Callable[[int], object]
    """Generates a number of windows."""
    network: nn.Module
    """The network that each step evaluates."""
    description: str = ""
    """Sampler and steps."""
    loss: Loss | None = None
    """Training loss; None: training is not measured."""
    cost: tuple[int, float] | None = None
    """Result of :func:`operations`, for networks that it cannot analyse."""


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Speed of one generator."""

    name: str
    description: str
    parameters: int
    evaluations: int
    """Evaluations of the network for a window."""
    megaflop: float
    """Floating-point operations of one evaluation for one window, in 10^6; a multiply-add counts as two."""
    windows_per_s: float
    """Median over rounds."""
    share_of_peak: float
    """Operations per second of these evaluations, over those of the machine's matrix products."""
    windows_per_s_of_rounds: tuple[float, ...]
    training_windows_per_s: float | None
    """In training with gradients and an AdamW step; median over rounds."""


@dataclass(frozen=True, kw_only=True)
class SpeedComparison:
    """Speeds of generators that took turns."""

    speeds: list[Speed]
    peak_gflops: float
    """Rate of float32 matrix products, in 10^9 operations a second; median over rounds."""
    peak_memory_mb: float
    """Peak memory of the process while the first generator ran, in MB."""
    threads: int
    device: str

    def to_dict(self) -> dict[str, Any]:
        """Return the result for machines, with the speed-up of the first generator over each other one."""
        first, others = self.speeds[0], self.speeds[1:]
        content = asdict(self)
        content["speedups"] = {other.name: first.windows_per_s / other.windows_per_s for other in others}
        if first.training_windows_per_s is not None:
            content["training_speedups"] = {
                other.name: first.training_windows_per_s / other.training_windows_per_s
                for other in others
                if other.training_windows_per_s
            }
        return content


@dataclass(kw_only=True, eq=False)
class _Timing:
    """Measurements of a generator."""

    generator: Generator
    count: int
    """Windows of a run."""
    rates: list[float] = field(default_factory=list)
    training_rates: list[float] = field(default_factory=list)

    def run(self) -> None:
        self.rates.append(self.count / _time(self.generator, self.count))

    def run_training(self, batch: int, seconds: float) -> None:
        if self.generator.loss is not None:
            rate = _training_rate(self.generator.network, self.generator.loss, batch, seconds)
            self.training_rates.append(rate)

    def speed(self, peak_gflops: float) -> Speed:
        evaluations, megaflop = self.generator.cost or operations(self.generator)
        rate = median(self.rates)
        return Speed(
            name=self.generator.name,
            description=self.generator.description,
            parameters=sum(p.numel() for p in self.generator.network.parameters()),
            evaluations=evaluations,
            megaflop=megaflop,
            windows_per_s=rate,
            share_of_peak=rate * evaluations * megaflop / 1e3 / peak_gflops,
            windows_per_s_of_rounds=tuple(self.rates),
            training_windows_per_s=median(self.training_rates) if self.training_rates else None,
        )


def compare_speed(
    generators: Sequence[Generator],
    *,
    batch: int,
    seconds: float = 3.0,
    rounds: int = 3,
    device: str = "cpu",
    progress: ProgressCallback | None = None,
) -> SpeedComparison:
    """Measure the speeds of generators that take turns.

    Args:
        generators: generators; the first is compared with each other one.
        batch: number of windows of the shortest run; longer ones are multiples of it.
        seconds: approximate duration of a run, unless a batch takes longer.
        rounds: number of runs of each generator.
        device: device whose matrix products are measured.
        progress: called with the numbers of finished runs and of all runs.
    """
    steps = Progress((1 + rounds) * len(generators), progress)
    timings, memory_mb = [], 0.0
    for generator in generators:
        generator.generate(batch)  # the first run allocates memory
        count = batch * max(1, round(seconds / _time(generator, batch)))
        timings.append(_Timing(generator=generator, count=count))
        memory_mb = memory_mb or peak_memory_mb()
        steps.advance()
    peaks: list[float] = []
    for _ in range(rounds):
        peaks.append(matrix_gflops(device))
        for timing in timings:
            timing.run()
        for timing in timings:
            timing.run_training(batch, seconds)
            steps.advance()
    peak = median(peaks)
    return SpeedComparison(
        speeds=[timing.speed(peak) for timing in timings],
        peak_gflops=peak,
        peak_memory_mb=memory_mb,
        threads=torch.get_num_threads(),
        device=device,
    )


def _training_rate(network: nn.Module, loss: Loss, batch: int, seconds: float) -> float:
    """Return the windows per second of training steps, at a learning rate of zero that keeps the weights."""
    optimizer = torch.optim.AdamW(network.train().parameters(), lr=0.0)

    def step() -> None:
        loss(batch).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()

    with torch.random.fork_rng(devices=[]):
        step()  # the first step allocates memory
        windows, start = 0, time.perf_counter()
        while not windows or time.perf_counter() - start < seconds:
            step()
            windows += batch
    network.eval()
    return windows / (time.perf_counter() - start)


def operations(generator: Generator) -> tuple[int, float]:
    """Count the evaluations of the network for one window, and the MFLOP of one evaluation."""
    calls: list[int] = []
    handle = generator.network.register_forward_pre_hook(lambda *_: calls.append(1))
    try:
        with FlopCounterMode(display=False) as counter:
            generator.generate(1)
    finally:
        handle.remove()
    return len(calls), counter.get_total_flops() / len(calls) / 1e6


def matrix_gflops(device: str = "cpu", dtype: torch.dtype = torch.float32) -> float:
    """Measure the rate of products of square matrices, in 10^9 operations a second."""
    a = torch.ones(MATRIX_SIZE, MATRIX_SIZE, device=device, dtype=dtype)
    seconds = []
    for _ in range(MATRIX_PRODUCTS):
        start = time.perf_counter()
        (a @ a)[0, 0].item()  # waits for the device
        seconds.append(time.perf_counter() - start)
    return 2 * MATRIX_SIZE**3 / min(seconds) / 1e9


def peak_memory_mb() -> float:
    """Return the peak memory of this process, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def _time(generator: Generator, count: int) -> float:
    start = time.perf_counter()
    generator.generate(count)
    return time.perf_counter() - start
