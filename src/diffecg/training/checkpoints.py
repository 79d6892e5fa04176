"""Checkpoints: all that a run needs to go on as if it had never stopped."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from diffecg.errors import DiffecgError
from diffecg.files import write_atomic
from diffecg.model.denoiser import ConditionalDenoiser

CHECKPOINT = "checkpoint.pt"

BEFORE = "checkpoint-before.pt"
"""The one before: what is left if a disk spoils the last."""

METRICS = "metrics.jsonl"


@dataclass
class State:
    """What changes while training."""

    model: ConditionalDenoiser
    average: ConditionalDenoiser
    optimizer: torch.optim.Optimizer
    data: str
    """Fingerprint of the windows that it trains on."""
    samples: int = 0
    """Samples seen so far: the one measure of progress."""
    seconds: float = 0.0
    """Time spent training so far."""


def save_checkpoint(folder: Path, state: State) -> None:
    """Write the checkpoint of a run, whole or not at all; keep the one before."""
    buffer = io.BytesIO()
    torch.save(
        {
            "model": state.model.state_dict(),
            "average": state.average.state_dict(),
            "optimizer": state.optimizer.state_dict(),
            "data": state.data,
            "samples": state.samples,
            "seconds": state.seconds,
        },
        buffer,
    )
    last, new = folder / CHECKPOINT, folder / "checkpoint-new.pt"
    write_atomic(new, buffer.getvalue())
    if last.is_file():
        last.replace(folder / BEFORE)
    new.replace(last)


def restore_checkpoint(folder: Path, state: State, *, trim: bool = True) -> bool:
    """Bring ``state`` to where the run in ``folder`` stood; return whether there was a checkpoint.

    Metrics that were logged after the checkpoint are removed if ``trim``: they will be logged again.

    Raises:
        DiffecgError: the checkpoint is damaged, or of other settings or data.
    """
    found = [path for path in (folder / CHECKPOINT, folder / BEFORE) if path.is_file()]
    if not found:
        return False
    try:
        stored = _load(found[0], state)
    except DiffecgError:
        if len(found) < 2:
            raise
        stored = _load(found[1], state)
    if stored.get("data") != state.data:
        raise DiffecgError(f"{folder} was trained on other windows; train into another --out")
    state.samples, state.seconds = int(stored["samples"]), float(stored["seconds"])
    if not trim:
        return True
    kept = [row for row in read_metrics(folder) if row["samples"] <= state.samples]
    text = "".join(json.dumps(row) + "\n" for row in kept)
    write_atomic(folder / METRICS, text.encode())
    return True


def _load(path: Path, state: State) -> dict[str, Any]:
    """Bring ``state`` to a checkpoint, and return the rest of it."""
    try:
        stored: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        state.model.load_state_dict(stored["model"])
        state.average.load_state_dict(stored["average"])
        state.optimizer.load_state_dict(stored["optimizer"])
    except Exception as error:  # torch raises whatever its parsing ran into
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise DiffecgError(f"{path} cannot be restored ({reason}); train into another --out") from error
    return stored


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """Return the rows of a run's ``metrics.jsonl``; a last line cut short is left out."""
    path = folder / METRICS
    rows: list[dict[str, Any]] = []
    for line in path.read_text().splitlines() if path.is_file() else []:
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows
