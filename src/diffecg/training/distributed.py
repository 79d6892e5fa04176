"""Data-parallel training in the processes that ``torchrun`` starts.

Every process holds the whole model and draws the whole batch of a step, computes the loss of its slices of
the batch, and the gradients are averaged. A step therefore does not depend on the number of processes, except
through dropout and rounding, and a run may be resumed with another number.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from jaxtyping import Float
from torch import Tensor, nn

from diffecg.errors import DiffecgError


@dataclass(frozen=True, kw_only=True)
class DistributedContext:
    """The rank and device of this process, and the collective operations of training."""

    rank: int = 0
    """Index of this process."""
    world_size: int = 1
    """Number of processes."""
    device: str = "cpu"
    """Device on which this process computes."""

    @property
    def is_main(self) -> bool:
        """Whether this process writes files and reports progress."""
        return self.rank == 0

    def batch_slices(self, batch_size: int, accumulate: int) -> list[slice]:
        """Return the slices of a batch that this process computes, one after the other.

        Args:
            batch_size: Windows in a batch.
            accumulate: Slices for each process; gradients are accumulated over them.

        Raises:
            DiffecgError: The batch cannot be divided evenly.
        """
        slices = self.world_size * accumulate
        if accumulate < 1 or batch_size % slices:
            raise DiffecgError(
                f"a batch of {batch_size} cannot be divided among {self.world_size} process(es) x "
                f"{accumulate} slice(s); choose another training.batch or --accumulate"
            )
        size = batch_size // slices
        first = self.rank * accumulate
        return [slice(i * size, (i + 1) * size) for i in range(first, first + accumulate)]

    def average_gradients(self, model: nn.Module, loss: Float[Tensor, ""]) -> Float[Tensor, ""]:
        """Average the gradients of all processes in place, and return the mean of their losses."""
        if self.world_size == 1:
            return loss
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        flat = torch.cat([*(gradient.reshape(-1) for gradient in gradients), loss.reshape(1)])
        dist.all_reduce(flat)
        flat /= self.world_size
        means = torch.split(flat[:-1], [gradient.numel() for gradient in gradients])
        for gradient, mean in zip(gradients, means, strict=True):
            gradient.copy_(mean.view_as(gradient))
        return flat[-1]

    def largest(self, number: int) -> int:
        """Return the largest ``number`` of all processes."""
        if self.world_size == 1:
            return number
        numbers = torch.tensor(int(number), device=self.device)
        dist.all_reduce(numbers, dist.ReduceOp.MAX)
        return int(numbers)

    def same_on_all_ranks(self, number: int) -> bool:
        """Return whether ``number`` is the same in all processes."""
        if self.world_size == 1:
            return True
        return self.largest(number) == -self.largest(-number)


SINGLE_PROCESS = DistributedContext()
"""Training in one process on the CPU."""


def check_device(device: str) -> None:
    """Check that a model can be trained on a device.

    Raises:
        DiffecgError: The device is not ``cpu``, ``cuda`` or ``cuda:`` with the index of a GPU; or this
            machine does not have it.
    """
    if device == "cpu":
        return
    if not re.fullmatch(r"cuda(:[0-9]{1,3})?", device):
        raise DiffecgError(
            f"cannot train on the device {device!r}; use cpu, cuda, or cuda:0 for the first GPU"
        )
    count = torch.cuda.device_count()
    if count == 0:
        raise DiffecgError(f"device {device!r} is not available: PyTorch finds no GPU; use cpu")
    if int(device.partition(":")[2] or 0) >= count:
        last = f" to cuda:{count - 1}" if count > 1 else ""
        raise DiffecgError(f"device {device!r} is not available; PyTorch finds cuda:0{last}")


def _device_of_process(device: str) -> str:
    """Return the device of this process, which has a GPU of its own.

    Raises:
        DiffecgError: This machine has fewer GPUs than processes.
    """
    if device == "cpu":
        return device
    processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    gpus = torch.cuda.device_count() if device == "cuda" else 1
    if processes > gpus:
        raise DiffecgError(
            f"{processes} processes need a GPU each, and {device!r} has {gpus}; use --device cuda and "
            f"torchrun --nproc-per-node {torch.cuda.device_count()}"
        )
    return f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if device == "cuda" else device


@contextmanager
def distributed_context(device: str = "cpu") -> Iterator[DistributedContext]:
    """Join the process group that ``torchrun`` describes in the environment; without it, yield one process.

    Args:
        device: ``cpu`` (gloo backend), or ``cuda`` (NCCL backend, one GPU for each process).

    Raises:
        DiffecgError: The device is not available, or there are fewer GPUs than processes.
    """
    check_device(device)
    world_size = int(os.environ.get("WORLD_SIZE", "1"))
    device = _device_of_process(device)
    if world_size == 1:
        yield DistributedContext(device=device)
        return
    dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield DistributedContext(rank=dist.get_rank(), world_size=world_size, device=device)
        dist.barrier()
    finally:
        dist.destroy_process_group()
