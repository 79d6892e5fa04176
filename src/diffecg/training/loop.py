"""The training loop.

Progress is one number, the samples seen. Every step's data and noise follow from (seed, samples seen),
so that the same command run again goes on where the run stopped, bit for bit on one CPU process.
"""

from __future__ import annotations

import copy
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from diffecg.config import Config, TrainingConfig, WindowConfig, read_config
from diffecg.data.store import Windows
from diffecg.errors import DiffecgError
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.model.folder import CONFIG, save_model
from diffecg.training.average import update_average
from diffecg.training.batches import BatchSource
from diffecg.training.checkpoint import (
    METRICS,
    State,
    fingerprint,
    restore_checkpoint,
    save_checkpoint,
)
from diffecg.training.objective import Objective, denoising, distillation

_LOG_EVERY = 50
_VALIDATION_WINDOWS = 512
_FIT_WINDOWS = 4096

Report = Callable[[dict[str, float]], None]
"""Called with a row of metrics: samples, loss, learning_rate, samples_per_s, seconds_left, …"""


def train(
    config: Config,
    windows: Windows,
    folder: Path,
    *,
    report: Report | None = None,
    max_seconds: float | None = None,
    teacher: ConditionalDenoiser | None = None,
) -> ConditionalDenoiser:
    """Train a model on windows, or go on with the run in ``folder``, and return the averaged model.

    The folder becomes a model folder with the averaged weights, beside ``metrics.jsonl`` and the
    checkpoint. Ctrl-C ends the step, writes a checkpoint and raises KeyboardInterrupt.

    Args:
        config: the settings.
        windows: what ``open_windows`` gives; the part ``train`` trains, ``validation`` validates.
        folder: where the run is kept.
        report: called with every row of metrics.
        max_seconds: stop after this time, to go on later.
        teacher: a model to begin from and to learn from in place of the data alone; ``config`` is then
            what :func:`~diffecg.training.objective.student_config` gives.

    Raises:
        DiffecgError: the windows or an earlier run in ``folder`` do not fit the settings.
    """
    settings = config.training
    objective = denoising(config.diffusion) if teacher is None else distillation(teacher, config.diffusion)
    validation = windows.part("validation")
    source = BatchSource(windows.part("train"), config)
    _check(config, windows, folder)
    folder.mkdir(parents=True, exist_ok=True)
    state = _initial_state(config, source, teacher)
    restore_checkpoint(folder, state)
    started, start_samples, start_seconds = time.monotonic(), state.samples, state.seconds
    losses: list[Tensor] = []
    with deferred_interrupt() as interrupted:
        while state.samples < settings.samples:
            losses.append(_step(config, source, objective, state))
            elapsed = time.monotonic() - started
            state.seconds = start_seconds + elapsed
            stop = interrupted() or (max_seconds is not None and elapsed > max_seconds)
            passed = _passed(state.samples, settings.batch, settings.checkpoint_every)
            keep = stop or passed or state.samples >= settings.samples
            if keep or state.samples // settings.batch % _LOG_EVERY == 0:
                speed = (state.samples - start_samples) / elapsed
                row = {
                    "samples": state.samples,
                    "loss": float(torch.stack(losses).mean()),
                    "learning_rate": learning_rate(settings, state.samples),
                    "samples_per_s": speed,
                    "seconds": state.seconds,
                    "seconds_left": max(settings.samples - state.samples, 0) / speed,
                }
                losses.clear()
                if keep:
                    row["validation_loss"] = validation_loss(state.average, validation, objective)
                    save_checkpoint(folder, state)
                    save_model(folder, config, state.average.state_dict())
                _log(folder, row, report)
            if interrupted():
                raise KeyboardInterrupt
            if stop:
                break
    return state.average.eval()


@contextmanager
def deferred_interrupt() -> Iterator[Callable[[], bool]]:
    """Yield what tells whether Ctrl-C was pressed, so that a step is never left half-done.

    Outside the main thread, which alone receives signals, nothing changes.
    """
    pressed: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, before)


def for_windows(config: Config, info: dict[str, Any]) -> Config:
    """Return ``config`` with the window settings that the data were prepared with.

    Args:
        config: the settings.
        info: what :class:`Windows` tells of its making.

    Raises:
        DiffecgError: the data are windows of another kind.
    """
    window = WindowConfig(**{**info["window"], "leads": tuple(info["window"]["leads"])})
    if window.kind != config.window.kind:
        raise DiffecgError(
            f"the windows are {window.kind}s, the preset {config.name!r} needs {config.window.kind}s; "
            f"prepare them with --preset {config.name}"
        )
    return replace(config, window=window)


def learning_rate(settings: TrainingConfig, samples: int) -> float:
    """Return the learning rate after ``samples``: a rise, a plateau, and a linear fall to zero."""
    rise = min(1.0, (samples + settings.batch) / max(settings.warmup, 1))
    left = max(0.0, 1 - samples / settings.samples)
    fall = min(1.0, left / settings.decay) if settings.decay > 0 else 1.0
    return settings.learning_rate * rise * fall


@torch.no_grad()
def validation_loss(model: ConditionalDenoiser, validation: Windows, objective: Objective) -> float:
    """Return the loss of a model on validation windows with fixed noise and tasks."""
    model.eval()
    # Morphologies are those of the training windows: these here have none.
    conditions = replace(model.config.conditions, morphologies=0)
    source = BatchSource(validation, replace(model.config, conditions=conditions))
    rng = np.random.default_rng(0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        losses = [objective(model, source.batch(rng, 64)) for _ in range(_VALIDATION_WINDOWS // 64)]
    return float(torch.cat(losses).mean())


def _step(config: Config, source: BatchSource, objective: Objective, state: State) -> Tensor:
    """Take one optimisation step; return its loss."""
    settings = config.training
    rng = np.random.default_rng([settings.seed, state.samples])
    batch = source.batch(rng, settings.batch)
    state.model.train()
    for group in state.optimizer.param_groups:
        group["lr"] = learning_rate(settings, state.samples)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(rng.integers(2**62)))
        loss = objective(state.model, batch).mean()
        state.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(state.model.parameters(), 1.0)
    state.optimizer.step()
    state.samples += settings.batch
    update_average(
        state.average,
        state.model,
        batch=settings.batch,
        seen=state.samples,
        half_life=settings.half_life,
    )
    return loss.detach()


def _initial_state(config: Config, source: BatchSource, teacher: ConditionalDenoiser | None) -> State:
    settings, windows = config.training, source.windows
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        model = ConditionalDenoiser(config)
    if teacher is not None:
        model.load_state_dict(teacher.state_dict())
    else:
        rows = np.linspace(0, len(windows) - 1, min(_FIT_WINDOWS, len(windows))).astype(int)
        model.transform.fit(torch.from_numpy(windows.signal_mv[rows]))
        model.morphology_share.copy_(torch.from_numpy(source.morphology_share))
    optimizer: torch.optim.Optimizer
    if settings.optimizer == "adam":
        optimizer = torch.optim.Adam(model.parameters(), settings.learning_rate)
    else:
        optimizer = torch.optim.AdamW(
            model.parameters(), settings.learning_rate, weight_decay=0.01, betas=(0.9, 0.99)
        )
    average = copy.deepcopy(model).requires_grad_(False)
    return State(model, average, optimizer, fingerprint(windows))


def _check(config: Config, windows: Windows, folder: Path) -> None:
    shape = (len(config.window.leads), config.window.length)
    if windows.signal_mv.shape[1:] != shape or windows.fs_hz != config.window.fs_hz:
        raise DiffecgError(
            f"the windows hold {windows.signal_mv.shape[1]} lead(s) x {windows.signal_mv.shape[2]} "
            f"samples at {windows.fs_hz:g} Hz, the preset {config.name!r} needs {shape[0]} x "
            f"{shape[1]} at {config.window.fs_hz:g} Hz; prepare them with --preset {config.window.kind}"
        )
    if (folder / CONFIG).is_file() and read_config(folder / CONFIG) != config:
        raise DiffecgError(
            f"{folder} holds a run with other settings ({CONFIG} differs); train into another --out"
        )


def _passed(samples: int, batch: int, every: int) -> bool:
    return samples // every > (samples - batch) // every


def _log(folder: Path, row: dict[str, float], report: Report | None) -> None:
    with (folder / METRICS).open("a") as file:
        file.write(json.dumps(row) + "\n")
    if report is not None:
        report(row)
