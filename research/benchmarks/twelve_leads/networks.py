"""The residual network that every classifier of the benchmark is, its training and its predictions.

One network and one recipe serve all comparisons, so that figures differ by the data alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int, Int16
from torch import Tensor, nn

from diffecg.training.optimisation import computes_in_bfloat16

WIDTHS = (48, 64, 88, 96)
KERNEL = 5
UV_PER_MV = 1000.0

SignalUv = Int16[np.ndarray, "record lead time"]
"""Signals in µV, as they are stored."""
Targets = Float[np.ndarray, "record target"]
"""What a network predicts of each record: one column for each label or value; NaN = unknown."""
Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is trained; chosen once, on fold 9."""

    crop: int
    """Length of the random crops, in samples."""
    epochs: int = 12
    steps: int | None = None
    """Number of batches; None: that of the epochs."""
    batch: int = 128
    learning_rate: float = 4e-3
    """Largest learning rate of the one-cycle schedule (Smith and Topin 2019, arXiv 1708.07120)."""
    weight_decay: float = 0.02
    test_crops: int = 7
    """Number of evenly spaced crops whose predictions are averaged."""
    widths: tuple[int, ...] = WIDTHS
    """Channels of the stem and of each block."""
    pool: int = 2
    """Length of the maximum pooling behind the stem; 1 keeps more of the QRS complex at twice the time."""


class _Block(nn.Module):
    """Two convolutions around a skip connection, halving the length: He et al. (2016), arXiv 1512.03385."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        pad = (0, KERNEL // 2)
        self.first = nn.Conv2d(inputs, outputs, (1, KERNEL), stride=(1, 2), padding=pad, bias=False)
        self.second = nn.Conv2d(outputs, outputs, (1, KERNEL), padding=pad, bias=False)
        self.skip = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(outputs) for _ in range(3))

    def forward(self, x: Float[Tensor, "batch feature 1 frame"]) -> Float[Tensor, "batch out 1 half"]:
        """Return the features at half the rate."""
        skip = self.norms[2](self.skip(F.avg_pool2d(x, (1, 2), ceil_mode=True)))
        inner = F.relu(self.norms[0](self.first(x)))
        return F.relu(skip + self.norms[1](self.second(inner)))


class ResidualNetwork(nn.Module):
    """A residual network over time; mean and maximum over time feed the last layer.

    With the widths of ``WIDTHS`` it has 213,429 parameters for eight leads and five outputs. Convolutions
    have a second axis of length one, because channels-last memory makes them faster on a CPU.
    """

    def __init__(
        self, leads: int, outputs: int, widths: Sequence[int] = WIDTHS, pool: int = 2, dropout: float = 0.25
    ) -> None:
        super().__init__()
        self.pool = pool
        self.stem = nn.Conv2d(leads, widths[0], (1, 7), stride=(1, 2), padding=(0, 3), bias=False)
        self.norm = nn.BatchNorm2d(widths[0])
        self.blocks = nn.Sequential(*(_Block(a, b) for a, b in zip(widths, widths[1:], strict=False)))
        self.dropout = nn.Dropout(dropout)
        self.last = nn.Linear(2 * widths[-1], outputs)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def features(self, signal_mv: Float[Tensor, "batch lead time"]) -> Float[Tensor, "batch feature"]:
        """Return what the last layer sees."""
        x = signal_mv[:, :, None].contiguous(memory_format=torch.channels_last)
        x = F.max_pool2d(F.relu(self.norm(self.stem(x))), (1, self.pool))
        x = self.blocks(x).flatten(2)
        return torch.cat([x.mean(dim=2), x.amax(dim=2)], dim=1)

    def forward(self, signal_mv: Float[Tensor, "batch lead time"]) -> Float[Tensor, "batch target"]:
        """Return one output for each target: logits, or values."""
        return self.last(self.dropout(self.features(signal_mv)))


def label_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the binary cross-entropy, each label by itself."""
    return F.binary_cross_entropy_with_logits(outputs, targets)


def value_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the Huber loss of the known targets."""
    known = torch.isfinite(targets)
    return F.smooth_l1_loss(outputs[known], targets[known])


def fit_network(
    signal_uv: SignalUv,
    targets: Targets,
    recipe: Recipe,
    *,
    seed: int,
    loss: Loss = label_loss,
    device: str = "cpu",
    start: ResidualNetwork | None = None,
) -> ResidualNetwork:
    """Return a network trained on random crops of records, in bfloat16 where the device computes with it.

    Args:
        signal_uv: records in µV.
        targets: what to predict of each.
        recipe: training time, batch and learning rate.
        seed: seed of the weights and, apart from the weights, of the order and the crops.
        loss: of outputs and targets.
        device: device of the network, such as ``cpu`` or ``cuda``.
        start: network whose weights the training starts from; None: random weights.
    """
    rng = np.random.default_rng(seed)
    kind, is_bfloat16 = torch.device(device).type, computes_in_bfloat16(device)
    signals = torch.from_numpy(signal_uv).to(device)
    wanted = torch.from_numpy(targets.astype(np.float32)).to(device)
    size = min(recipe.batch, len(signal_uv))
    steps = recipe.steps or recipe.epochs * (len(signal_uv) // size)
    with torch.random.fork_rng(devices=[] if device == "cpu" else None):
        torch.manual_seed(seed)
        network = (
            ResidualNetwork(signal_uv.shape[1], targets.shape[1], recipe.widths, recipe.pool)
            .to(device)
            .train()
        )
        if start is not None:
            network.load_state_dict(start.state_dict())
        optimiser = torch.optim.AdamW(network.parameters(), weight_decay=recipe.weight_decay, fused=True)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.learning_rate, total_steps=steps)
        for batch in _batches(len(signal_uv), size, steps, rng):
            starts = rng.integers(signal_uv.shape[2] - recipe.crop + 1, size=size)
            crops = _crop(signals, batch, starts, recipe.crop)
            optimiser.zero_grad()
            with torch.autocast(kind, torch.bfloat16, enabled=is_bfloat16):
                outputs = network(crops)
            known = wanted[torch.from_numpy(batch).to(device)]
            loss(outputs.float(), known).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    return network.eval()


def predict(
    network: ResidualNetwork, signal_uv: SignalUv, recipe: Recipe, *, features: bool = False, batch: int = 256
) -> Float[np.ndarray, "record output"]:
    """Return the outputs, or the features before the last layer, averaged over evenly spaced crops.

    Args:
        network: the network.
        signal_uv: records in µV.
        recipe: length and number of the crops.
        features: return the features that the last layer sees.
        batch: number of records at a time.
    """
    device = next(network.parameters()).device
    last = signal_uv.shape[2] - recipe.crop
    starts = np.unique(np.linspace(0, last, recipe.test_crops if last else 1).astype(np.int64))
    apply = network.features if features else network
    parts = []
    with torch.inference_mode():
        for first in range(0, len(signal_uv), batch):
            signals = torch.from_numpy(signal_uv[first : first + batch]).to(device)
            crops = [signals[:, :, start : start + recipe.crop].float() / UV_PER_MV for start in starts]
            parts.append(torch.stack([apply(crop) for crop in crops]).mean(dim=0).cpu().numpy())
    return np.concatenate(parts).astype(np.float64)


def _batches(
    count: int, size: int, steps: int, rng: np.random.Generator
) -> Iterator[Int[np.ndarray, " batch"]]:
    """Yield the numbers of the records of each batch; an epoch leaves out what does not fill a batch."""
    epochs = (rng.permutation(count)[: count // size * size].reshape(-1, size) for _ in range(steps))
    yield from islice(chain.from_iterable(epochs), steps)


def _crop(
    signals: Int16[Tensor, "record lead time"],
    records: Int[np.ndarray, " batch"],
    starts: Int[np.ndarray, " batch"],
    length: int,
) -> Float[Tensor, "batch lead crop"]:
    """Return a crop of each of some records, in mV."""
    numbers = torch.from_numpy(records).to(signals.device)[:, None]
    samples = torch.from_numpy(starts[:, None] + np.arange(length)).to(signals.device)
    return signals[numbers, :, samples].transpose(1, 2).float() / UV_PER_MV
