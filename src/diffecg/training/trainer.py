"""The training loop.

Progress is measured in samples seen. The data and noise of every step follow from (seed, samples seen), so
that a stopped run that is resumed gives the same weights, bit for bit on one CPU process.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from diffecg.config.schema import Config
from diffecg.datasets.stream import WindowStream
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.model.folder import save_model
from diffecg.training.checkpoints import TrainingState, append_metrics, restore_checkpoint, save_checkpoint
from diffecg.training.checks import check_finite
from diffecg.training.data import TrainingData, training_data
from diffecg.training.distributed import SINGLE_PROCESS, DistributedContext
from diffecg.training.ema import update_ema
from diffecg.training.initialisation import (
    check_folder,
    check_windows,
    initial_state,
    learning_rate,
    trained_counts,
)
from diffecg.training.interrupts import deferred_interrupt, lock_folder
from diffecg.training.objectives import Objective, denoising_objective, distillation_objective
from diffecg.training.validation import validation_loss

_STEPS_PER_LOG = 50
_MAX_GRADIENT_NORM = 1.0

Report = Callable[[dict[str, float]], None]
"""Called with each row of metrics: samples, loss, learning_rate, samples_per_s, seconds, seconds_left, and
validation_loss at checkpoints."""


def train(
    config: Config,
    windows: Windows | WindowStream,
    folder: Path,
    *,
    report: Report | None = None,
    max_seconds: float | None = None,
    teacher: ConditionalDenoiser | None = None,
    context: DistributedContext = SINGLE_PROCESS,
    accumulate: int = 1,
) -> ConditionalDenoiser:
    """Train a model, or resume the run in ``folder``, and return the model with averaged weights.

    The folder becomes a model folder, with ``metrics.jsonl`` and checkpoints in addition. Ctrl-C completes
    the current step, writes a checkpoint and raises KeyboardInterrupt.

    Args:
        config: The settings.
        windows: Windows with the partitions ``train`` and ``validation``.
        folder: Folder of the run.
        report: Called with each row of metrics.
        max_seconds: Stop after this time; the run can be resumed.
        teacher: Model to distil; the student starts from its weights, with settings from
            :func:`~diffecg.training.objectives.student_config`.
        context: The processes that train together.
        accumulate: Slices in which each process computes its part of a batch; more slices need less memory.

    Raises:
        DiffecgError: The windows, or an earlier run in ``folder``, do not fit the settings; the loss is no
            longer finite, and the last checkpoint is kept.
    """
    data = training_data(windows, config)
    check_windows(config, data.fit_windows)
    config = replace(config, label_counts=trained_counts(data.label_counts, teacher))
    check_folder(config, folder)
    trainer = Trainer(
        config=config,
        data=data,
        objective=(
            denoising_objective(config.diffusion)
            if teacher is None
            else distillation_objective(teacher.to(context.device), config.diffusion)
        ),
        folder=folder,
        slices=context.batch_slices(config.training.batch, accumulate),
        report=report,
        max_seconds=max_seconds,
        context=context,
    )
    folder.mkdir(parents=True, exist_ok=True)
    state = initial_state(config, data, teacher)
    state.model.to(context.device)
    state.ema.to(context.device)
    with lock_folder(folder) if context.is_main else nullcontext():
        restore_checkpoint(folder, state, trim_metrics=context.is_main)
        if not context.same_on_all_ranks(state.samples):
            raise DiffecgError(
                f"the processes see different checkpoints in {folder}; use a folder that all of them share"
            )
        trainer.run(state)
    return state.ema.eval()


@dataclass(frozen=True, kw_only=True, eq=False)
class Trainer:
    """The training loop of a run."""

    config: Config
    data: TrainingData
    objective: Objective
    folder: Path
    slices: list[slice]
    """Slices of a batch that this process computes."""
    report: Report | None = None
    max_seconds: float | None = None
    context: DistributedContext = SINGLE_PROCESS

    def run(self, state: TrainingState) -> None:
        """Train until all samples are seen, the time is up, or Ctrl-C is pressed."""
        settings = self.config.training
        clock = _Clock(state)
        losses: list[Tensor] = []
        with deferred_interrupt() as interrupt_received:
            while state.samples < settings.samples:
                losses.append(self._step(state))
                clock.update(state)

                # All processes stop together.
                interrupted = self.context.any_rank(interrupt_received())
                stop = interrupted or self.context.any_rank(clock.exceeds(self.max_seconds))

                # Validate and save at intervals and at the end; log at these and at shorter intervals.
                save = stop or state.samples >= settings.samples or self._checkpoint_due(state)
                log = save or state.samples // settings.batch % _STEPS_PER_LOG == 0
                if log or state.samples == settings.batch:  # the first step
                    check_finite(torch.stack(losses), self.config, state.samples, self.folder)
                if log:
                    row = self._metrics(state, torch.stack(losses), clock)
                    losses.clear()
                    if self.context.is_main:
                        self._write(state, row, save=save)

                if interrupted:
                    raise KeyboardInterrupt
                if stop:
                    break

    def _step(self, state: TrainingState) -> Float[Tensor, ""]:
        """Take one optimisation step, and return the loss of the batch."""
        settings = self.config.training

        # Draw the batch. Every process draws all of it.
        rng = np.random.default_rng([settings.seed, state.samples])
        batch = self.data.source_at(state.samples).batch(rng, settings.batch)
        noise_seed = int(rng.integers(2**62))

        # Accumulate gradients over the slices. Each slice draws the noise of the whole batch.
        state.model.train()
        state.optimizer.zero_grad(set_to_none=True)
        loss = torch.zeros((), device=self.context.device, dtype=torch.float32)
        for rows in self.slices:
            with torch.random.fork_rng(devices=[]), self._autocast():
                torch.manual_seed(noise_seed)
                slice_loss = self.objective(state.model, batch, rows).mean() / len(self.slices)
            slice_loss.backward()  # type: ignore[no-untyped-call]
            loss += slice_loss.detach()
        loss = self.context.average_gradients(state.model, loss)

        # Update the weights and their moving average.
        for group in state.optimizer.param_groups:
            group["lr"] = learning_rate(settings, state.samples)
        torch.nn.utils.clip_grad_norm_(state.model.parameters(), _MAX_GRADIENT_NORM)
        state.optimizer.step()
        state.samples += settings.batch
        update_ema(
            state.ema,
            state.model,
            batch_size=settings.batch,
            samples=state.samples,
            half_life=settings.ema_half_life,
        )
        return loss

    def _autocast(self) -> AbstractContextManager[Any]:
        """Return the context in which the network computes in the precision of the settings."""
        if self.config.training.precision == "float32":
            return nullcontext()
        return torch.autocast(torch.device(self.context.device).type, torch.bfloat16)

    def _checkpoint_due(self, state: TrainingState) -> bool:
        settings = self.config.training
        every = settings.checkpoint_every
        return state.samples // every > (state.samples - settings.batch) // every

    def _metrics(
        self, state: TrainingState, losses: Float[Tensor, " step"], clock: _Clock
    ) -> dict[str, float]:
        settings = self.config.training
        samples_per_s = clock.samples_per_s(state)
        return {
            "samples": state.samples,
            "loss": float(losses.mean()),
            "learning_rate": learning_rate(settings, state.samples),
            "samples_per_s": samples_per_s,
            "seconds": state.seconds,
            "seconds_left": max(settings.samples - state.samples, 0) / samples_per_s,
        }

    def _write(self, state: TrainingState, row: dict[str, float], *, save: bool) -> None:
        """Log metrics; at a checkpoint, also validate and save the model."""
        if save:
            loss = validation_loss(state.ema, self.data.validation, self.objective)
            check_finite(torch.tensor(loss), self.config, state.samples, self.folder)
            row["validation_loss"] = loss
            save_checkpoint(self.folder, state)
            save_model(self.folder, self.config, state.ema.state_dict())
        append_metrics(self.folder, row)
        if self.report is not None:
            self.report(row)


class _Clock:
    """Measures the training time and speed of one process from its start."""

    def __init__(self, state: TrainingState) -> None:
        self._started = time.monotonic()
        self._samples, self._seconds = state.samples, state.seconds
        self._elapsed = 0.0

    def update(self, state: TrainingState) -> None:
        """Read the clock, and set the training time of the run."""
        self._elapsed = time.monotonic() - self._started
        state.seconds = self._seconds + self._elapsed

    def exceeds(self, seconds: float | None) -> bool:
        return seconds is not None and self._elapsed > seconds

    def samples_per_s(self, state: TrainingState) -> float:
        return (state.samples - self._samples) / self._elapsed
