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
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock, Timeout
from torch import Tensor

from diffecg.config.io import read_config, window_config
from diffecg.config.schema import Config, TrainingConfig
from diffecg.datasets.stream import WindowStream
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.model.folder import CONFIG, save_model
from diffecg.training.averaging import update_average
from diffecg.training.batches import BatchSource
from diffecg.training.checkpoints import METRICS, State, restore_checkpoint, save_checkpoint
from diffecg.training.data import TrainingData, training_data
from diffecg.training.distributed import SINGLE_PROCESS, DistributedContext
from diffecg.training.objectives import Objective, denoising, distillation

_LOG_EVERY = 50
_VALIDATION_WINDOWS = 512
_FIT_WINDOWS = 4096

Report = Callable[[dict[str, float]], None]
"""Called with a row of metrics: samples, loss, learning_rate, samples_per_s, seconds_left, …"""


def train(
    config: Config,
    windows: Windows | WindowStream,
    folder: Path,
    *,
    report: Report | None = None,
    max_seconds: float | None = None,
    teacher: ConditionalDenoiser | None = None,
    among: DistributedContext = SINGLE_PROCESS,
    accumulate: int = 1,
) -> ConditionalDenoiser:
    """Train a model on windows, or go on with the run in ``folder``, and return the averaged model.

    The folder becomes a model folder with the averaged weights, beside ``metrics.jsonl`` and the
    checkpoint. Ctrl-C ends the step, writes a checkpoint and raises KeyboardInterrupt.

    Args:
        config: the settings.
        windows: what ``open_dataset`` gives; the part ``train`` trains, ``validation`` validates.
        folder: where the run is kept.
        report: called with every row of metrics.
        max_seconds: stop after this time, to go on later.
        teacher: a model to begin from and to learn from in place of the data alone; ``config`` is then
            what :func:`~diffecg.training.objectives.student_config` gives.
        among: the processes that train together; the first of them writes and reports.
        accumulate: parts in which a process computes its share of a batch, to save memory.

    Raises:
        DiffecgError: the windows or an earlier run in ``folder`` do not fit the settings.
    """
    settings = config.training
    shares = among.shares(settings.batch, accumulate)
    objective = denoising(config.diffusion) if teacher is None else distillation(teacher, config.diffusion)
    data = training_data(windows, config)
    _check(config, data.sample, folder)
    folder.mkdir(parents=True, exist_ok=True)
    state = _initial_state(config, data, teacher)
    for model in (state.model, state.average, *([] if teacher is None else [teacher])):
        model.to(among.device)
    with only_one(folder) if among.first else nullcontext():
        restore_checkpoint(folder, state, trim=among.first)
        if not among.agree(state.samples):
            raise DiffecgError(
                f"the processes do not find the same checkpoint in {folder}; all must reach that folder"
            )
        _go_on(config, data, objective, state, folder, report, max_seconds, among, shares)
    return state.average.eval()


def _go_on(
    config: Config,
    data: TrainingData,
    objective: Objective,
    state: State,
    folder: Path,
    report: Report | None,
    max_seconds: float | None,
    among: DistributedContext,
    shares: list[slice],
) -> None:
    """Train from where ``state`` stands to the end, or until it is stopped."""
    settings = config.training
    started, start_samples, start_seconds = time.monotonic(), state.samples, state.seconds
    losses: list[Tensor] = []
    with deferred_interrupt() as interrupted:
        while state.samples < settings.samples:
            losses.append(_step(config, data.at(state.samples), objective, state, among, shares))
            elapsed = time.monotonic() - started
            state.seconds = start_seconds + elapsed
            pressed = among.any(interrupted())
            stop = pressed or among.any(max_seconds is not None and elapsed > max_seconds)
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
                if keep and among.first:
                    row["validation_loss"] = validation_loss(state.average, data.validation, objective)
                    save_checkpoint(folder, state)
                    save_model(folder, config, state.average.state_dict())
                if among.first:
                    _log(folder, row, report)
            if pressed:
                raise KeyboardInterrupt
            if stop:
                break


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Keep other processes from training into a folder; the lock is gone when this one is, however it ends.

    Raises:
        DiffecgError: another one does.
    """
    try:
        with FileLock(folder / ".lock", timeout=0):
            yield
    except Timeout:
        raise DiffecgError(f"another process is training into {folder}; wait for it or stop it") from None


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
    window = window_config(info["window"])
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
        whole = slice(0, 64)
        losses = [objective(model, source.batch(rng, 64), whole) for _ in range(_VALIDATION_WINDOWS // 64)]
    return float(torch.cat(losses).mean())


def _step(
    config: Config,
    source: BatchSource,
    objective: Objective,
    state: State,
    among: DistributedContext,
    shares: list[slice],
) -> Tensor:
    """Take one optimisation step; return its loss, the mean over the whole batch."""
    settings = config.training
    rng = np.random.default_rng([settings.seed, state.samples])
    batch = source.batch(rng, settings.batch)
    state.model.train()
    for group in state.optimizer.param_groups:
        group["lr"] = learning_rate(settings, state.samples)
    seed, loss = int(rng.integers(2**62)), torch.zeros((), device=among.device)
    state.optimizer.zero_grad(set_to_none=True)
    for rows in shares:
        with torch.random.fork_rng(devices=[]), _precision(settings, among):
            torch.manual_seed(seed)  # the same for all parts: each takes its rows of the batch's noise
            part = objective(state.model, batch, rows).mean() / len(shares)
        part.backward()  # type: ignore[no-untyped-call]
        loss += part.detach()
    loss = among.average(state.model, loss)
    torch.nn.utils.clip_grad_norm_(state.model.parameters(), 1.0)
    state.optimizer.step()
    state.samples += settings.batch
    update_average(
        state.average,
        state.model,
        batch=settings.batch,
        seen=state.samples,
        half_life=settings.ema_half_life,
    )
    return loss


def _precision(settings: TrainingConfig, among: DistributedContext) -> AbstractContextManager[Any]:
    """Return what lets the network compute in the precision that is asked for."""
    if settings.precision == "float32":
        return nullcontext()
    return torch.autocast(among.device.partition(":")[0], torch.bfloat16)


def _initial_state(config: Config, data: TrainingData, teacher: ConditionalDenoiser | None) -> State:
    settings, windows = config.training, data.sample
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        model = ConditionalDenoiser(config)
    if teacher is not None:
        model.load_state_dict(teacher.state_dict())
    else:
        rows = np.linspace(0, len(windows) - 1, min(_FIT_WINDOWS, len(windows))).astype(int)
        model.transform.fit(torch.from_numpy(windows.signal[rows]))
        model.morphology_share.copy_(torch.from_numpy(data.morphologies.share))
    optimizer: torch.optim.Optimizer
    if settings.optimizer == "adam":
        optimizer = torch.optim.Adam(model.parameters(), settings.learning_rate)
    else:
        optimizer = torch.optim.AdamW(
            model.parameters(), settings.learning_rate, weight_decay=0.01, betas=(0.9, 0.99)
        )
    average = copy.deepcopy(model).requires_grad_(False)
    return State(model, average, optimizer, data.fingerprint)


def _check(config: Config, windows: Windows, folder: Path) -> None:
    shape = (len(config.window.leads), config.window.length)
    if windows.signal.shape[1:] != shape or windows.fs_hz != config.window.fs_hz:
        raise DiffecgError(
            f"the windows hold {windows.signal.shape[1]} lead(s) x {windows.signal.shape[2]} "
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
