"""Several processes that train one model: PyTorch's own, as ``torchrun`` starts them.

Every process holds the whole model and draws the whole batch of a step, of which it computes its share; the
gradients are averaged. So a step is the same whatever the number of processes, and a run may go on with
another number. The model has a few million weights: one sum of all gradients a step costs little.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn

from diffecg.errors import DiffecgError


@dataclass(frozen=True)
class DistributedContext:
    """Which of how many processes this one is, and where it computes."""

    rank: int = 0
    count: int = 1
    device: str = "cpu"

    @property
    def first(self) -> bool:
        """Whether this process writes and reports."""
        return self.rank == 0

    def shares(self, batch: int, accumulate: int) -> list[slice]:
        """Return the rows of a batch that this process computes, one part after the other.

        Raises:
            DiffecgError: the batch cannot be divided evenly.
        """
        parts = self.count * accumulate
        if accumulate < 1 or batch % parts:
            raise DiffecgError(
                f"a batch of {batch} cannot be divided among {self.count} process(es) x {accumulate} "
                "part(s); choose another training.batch or --accumulate"
            )
        size = batch // parts
        first = self.rank * accumulate
        return [slice(i * size, (i + 1) * size) for i in range(first, first + accumulate)]

    def average(self, model: nn.Module, loss: Tensor) -> Tensor:
        """Average the gradients of all processes in place; return the average of their losses."""
        if self.count == 1:
            return loss
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        flat = torch.cat([*(g.reshape(-1) for g in gradients), loss.reshape(1)])
        dist.all_reduce(flat)
        flat /= self.count
        means = torch.split(flat[:-1], [gradient.numel() for gradient in gradients])
        for gradient, mean in zip(gradients, means, strict=True):
            gradient.copy_(mean.view_as(gradient))
        return flat[-1]

    def any(self, wish: bool) -> bool:
        """Return whether any process wishes so: all must stop together."""
        if self.count == 1:
            return wish
        wishes = torch.tensor(float(wish), device=self.device)
        dist.all_reduce(wishes)
        return bool(wishes > 0)

    def agree(self, number: int) -> bool:
        """Return whether all processes have the same number."""
        if self.count == 1:
            return True
        numbers = torch.tensor([number, -number], dtype=torch.float64, device=self.device)
        dist.all_reduce(numbers, dist.ReduceOp.MAX)
        return bool(numbers[0] == -numbers[1])


SINGLE_PROCESS = DistributedContext()


@contextmanager
def distributed_context(device: str = "cpu") -> Iterator[DistributedContext]:
    """Yield this process's place among those that ``torchrun`` started; alone without it.

    Args:
        device: ``cpu`` (gloo), or ``cuda`` (NCCL), of which each process takes one.

    Raises:
        DiffecgError: there is no such device.
    """
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise DiffecgError(f"there is no device {device!r} here; use cpu")
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if device == "cuda":
        device = f"cuda:{int(os.environ.get('LOCAL_RANK', '0')) % torch.cuda.device_count()}"
    if count == 1:
        yield DistributedContext(device=device)
        return
    dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield DistributedContext(dist.get_rank(), count, device)
        dist.barrier()
    finally:
        dist.destroy_process_group()
