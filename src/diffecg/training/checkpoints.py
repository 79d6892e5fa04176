"""Checkpoints: the state from which a run is resumed, and its log of metrics."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import nn

from diffecg.errors import DiffecgError
from diffecg.files import write_atomic

CHECKPOINT = "checkpoint.pt"
"""The last checkpoint."""

PREVIOUS = "checkpoint-previous.pt"
"""The checkpoint before the last, for use if the last is damaged."""

METRICS = "metrics.jsonl"
"""Log of metrics, one JSON object a line."""


NetworkT = TypeVar("NetworkT", bound=nn.Module)


@dataclass(kw_only=True, eq=False)
class TrainingState(Generic[NetworkT]):
    """The mutable state of a run."""

    model: NetworkT
    ema: NetworkT
    """Moving average of the model's weights; the model that is saved and used."""
    optimizer: torch.optim.Optimizer
    fingerprint: str
    """Fingerprint of the training data."""
    samples: int = 0
    """Samples seen so far; the only measure of progress."""
    seconds: float = 0.0
    """Training time so far."""


def save_checkpoint(folder: Path, state: TrainingState[NetworkT]) -> None:
    """Write the checkpoint of a run atomically, and keep the previous one."""
    buffer = io.BytesIO()
    torch.save(
        {
            "model": state.model.state_dict(),
            "average": state.ema.state_dict(),
            "optimizer": state.optimizer.state_dict(),
            "data": state.fingerprint,
            "samples": state.samples,
            "seconds": state.seconds,
        },
        buffer,
    )
    last, new = folder / CHECKPOINT, folder / "checkpoint-new.pt"
    write_atomic(new, buffer.getvalue())
    if last.is_file():
        last.replace(folder / PREVIOUS)
    new.replace(last)


def restore_checkpoint(folder: Path, state: TrainingState[NetworkT], *, trim_metrics: bool = True) -> None:
    """Restore ``state`` from the last readable checkpoint in ``folder``, if there is one.

    Args:
        folder: Folder of the run.
        state: State of a new run, updated in place.
        trim_metrics: Remove metrics that were logged after the checkpoint; they will be logged again.

    Raises:
        DiffecgError: The checkpoints are damaged, or belong to other settings or data.
    """
    paths = [path for path in (folder / CHECKPOINT, folder / PREVIOUS) if path.is_file()]
    if not paths:
        return
    try:
        stored = _load(paths[0], state)
    except DiffecgError:
        if len(paths) < 2:
            raise
        stored = _load(paths[1], state)
    if stored["data"] != state.fingerprint:
        raise DiffecgError(f"{folder} was trained on other data; train into another --out")
    state.samples, state.seconds = int(stored["samples"]), float(stored["seconds"])
    if trim_metrics:
        rows = [row for row in read_metrics(folder) if row["samples"] <= state.samples]
        write_atomic(folder / METRICS, "".join(json.dumps(row) + "\n" for row in rows).encode())


def append_metrics(folder: Path, row: dict[str, float]) -> None:
    """Append a row to the log of metrics."""
    with (folder / METRICS).open("a") as file:
        file.write(json.dumps(row) + "\n")


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """Return the rows of the log of metrics, without a last line that is incomplete."""
    path = folder / METRICS
    rows: list[dict[str, Any]] = []
    for line in path.read_text().splitlines() if path.is_file() else []:
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows


def validation_losses(folder: Path) -> list[float]:
    """Return the validation losses in the log of metrics, one for each checkpoint."""
    return [row["validation_loss"] for row in read_metrics(folder) if "validation_loss" in row]


def has_ended_early(folder: Path, patience: int) -> bool:
    """Return whether the validation loss has not fallen for more than ``patience`` checkpoints; 0: never."""
    losses = validation_losses(folder) if patience else []
    return bool(losses) and len(losses) - losses.index(min(losses)) > patience


def _load(path: Path, state: TrainingState[NetworkT]) -> dict[str, Any]:
    """Load a checkpoint into ``state``, and return its content."""
    try:
        stored: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        state.model.load_state_dict(stored["model"])
        state.ema.load_state_dict(stored["average"])
        state.optimizer.load_state_dict(stored["optimizer"])
    except Exception as error:  # torch raises exceptions of many types for damaged files
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise DiffecgError(f"{path} cannot be restored ({reason}); train into another --out") from error
    return stored
