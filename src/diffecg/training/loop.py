"""The training loop.

Progress is one number, the samples seen. Every step's data and noise follow from (seed, samples seen),
so that the same command run again goes on where the run stopped, bit for bit on one CPU process.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from diffecg.config import Config, TrainingConfig, WindowConfig, read_config
from diffecg.data.store import Windows
from diffecg.diffusion.levels import Levels
from diffecg.errors import DiffecgError
from diffecg.model.denoiser import Condition, ConditionalDenoiser, build_levels
from diffecg.model.folder import CONFIG, save_model
from diffecg.training.average import update_average
from diffecg.training.batches import Batch, BatchSource
from diffecg.training.checkpoint import METRICS, State, restore_checkpoint, save_checkpoint

LOSS_FLOOR = 0.1
"""Weight of what is observed in the loss, where what is missing weighs 1."""
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
) -> ConditionalDenoiser:
    """Train a model on windows, or go on with the run in ``folder``, and return the averaged model.

    The folder becomes a model folder with the averaged weights, beside ``metrics.jsonl`` and the
    checkpoint. Interrupting (Ctrl-C) writes a checkpoint first.

    Args:
        config: the settings.
        windows: what ``open_windows`` gives; the part ``train`` trains, ``validation`` validates.
        folder: where the run is kept.
        report: called with every row of metrics.
        max_seconds: stop after this time, to go on later.

    Raises:
        DiffecgError: the windows or an earlier run in ``folder`` do not fit the settings.
    """
    _check(config, windows, folder)
    folder.mkdir(parents=True, exist_ok=True)
    source = BatchSource(windows.part("train"), config)
    state = _initial_state(config, source.windows)
    restore_checkpoint(folder, state)
    levels, settings = build_levels(config.diffusion), config.training
    started, start_samples, start_seconds = time.monotonic(), state.samples, state.seconds
    losses: list[Tensor] = []
    try:
        while state.samples < settings.samples:
            losses.append(_step(config, source, levels, state))
            state.seconds = start_seconds + time.monotonic() - started
            step = state.samples // settings.batch
            done = state.samples >= settings.samples
            full = max_seconds is not None and time.monotonic() - started > max_seconds
            keep = done or full or _passed(state.samples, settings.batch, settings.checkpoint_every)
            if keep or step % _LOG_EVERY == 0:
                speed = (state.samples - start_samples) / (time.monotonic() - started)
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
                    row["validation_loss"] = validation_loss(state.average, windows, levels)
                _log(folder, row, report)
            if keep:
                _keep(folder, config, state)
            if full:
                break
    except KeyboardInterrupt:
        _keep(folder, config, state)
        raise
    return _as_denoiser(state.average).eval()


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
def validation_loss(average: torch.nn.Module, windows: Windows, levels: Levels) -> float:
    """Return the loss of the averaged weights on fixed validation windows, noise and tasks."""
    model = _as_denoiser(average).eval()
    source = BatchSource(windows.part("validation"), model.config)
    rng = np.random.default_rng(0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        losses = [_loss(model, source.batch(rng, 64), levels) for _ in range(_VALIDATION_WINDOWS // 64)]
    return float(torch.cat(losses).mean())


def _step(config: Config, source: BatchSource, levels: Levels, state: State) -> Tensor:
    """Take one optimisation step; return its loss."""
    settings = config.training
    rng = np.random.default_rng([settings.seed, state.samples])
    batch = source.batch(rng, settings.batch)
    state.model.train()
    for group in state.optimizer.param_groups:
        group["lr"] = learning_rate(settings, state.samples)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(rng.integers(2**62)))
        loss = _loss(_as_denoiser(state.model), batch, levels).mean()
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


def _loss(model: ConditionalDenoiser, batch: Batch, levels: Levels) -> Tensor:
    """Return each sample's loss at a noise level drawn for it; levels are spread evenly."""
    size = len(batch.labels)
    u = (torch.arange(size) + torch.rand(size)) / size
    sigma = levels.quantile(u.clamp(1e-6, 1 - 1e-6)).float()
    x0 = model.transform(batch.signal_mv)
    known = model.transform.encode(batch.signal_mv, batch.observed)
    condition = Condition(known, model.label_index(batch.labels))
    weight = LOSS_FLOOR + (1 - LOSS_FLOOR) * model.transform.missing_share(batch.observed)
    return model.loss(x0, torch.randn_like(x0), sigma, condition, weight)


def _initial_state(config: Config, windows: Windows) -> State:
    settings = config.training
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        model = ConditionalDenoiser(config)
    rows = np.linspace(0, len(windows) - 1, min(_FIT_WINDOWS, len(windows))).astype(int)
    model.transform.fit(torch.from_numpy(windows.signal_mv[rows]))
    optimizer: torch.optim.Optimizer
    if settings.optimizer == "adam":
        optimizer = torch.optim.Adam(model.parameters(), settings.learning_rate)
    else:
        optimizer = torch.optim.AdamW(
            model.parameters(), settings.learning_rate, weight_decay=0.01, betas=(0.9, 0.99)
        )
    return State(model, copy.deepcopy(model).requires_grad_(False), optimizer)


def _check(config: Config, windows: Windows, folder: Path) -> None:
    shape = (len(config.window.leads), config.window.length)
    if windows.signal_mv.shape[1:] != shape or windows.fs_hz != config.window.fs_hz:
        raise DiffecgError(
            f"the windows hold {windows.signal_mv.shape[1]} lead(s) x {windows.signal_mv.shape[2]} "
            f"samples at {windows.fs_hz:g} Hz, the preset {config.name!r} needs {shape[0]} x "
            f"{shape[1]} at {config.window.fs_hz:g} Hz; prepare them with --preset {config.name}"
        )
    if (folder / CONFIG).is_file() and read_config(folder / CONFIG) != config:
        raise DiffecgError(
            f"{folder} holds a run with other settings ({CONFIG} differs); train into another --out"
        )


def _passed(samples: int, batch: int, every: int) -> bool:
    return samples // every > (samples - batch) // every


def _keep(folder: Path, config: Config, state: State) -> None:
    save_checkpoint(folder, state)
    save_model(folder, config, state.average.state_dict())


def _log(folder: Path, row: dict[str, float], report: Report | None) -> None:
    with (folder / METRICS).open("a") as file:
        file.write(json.dumps(row) + "\n")
    if report is not None:
        report(row)


def _as_denoiser(module: torch.nn.Module) -> ConditionalDenoiser:
    if not isinstance(module, ConditionalDenoiser):
        raise TypeError(f"expected a ConditionalDenoiser, got {type(module).__name__}")
    return module
