"""The training loop of any network: optimisation, averaging, logging, checkpoints.

Progress is measured in samples seen. The data and noise of every step follow from (seed, samples seen), so
that a stopped run that is resumed gives the same weights, bit for bit on one CPU process.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from diffecg.errors import DiffecgError
from diffecg.training.checkpoints import (
    NetworkT,
    TrainingState,
    append_metrics,
    has_ended_early,
    restore_checkpoint,
    save_checkpoint,
    validation_losses,
)
from diffecg.training.checks import check_finite
from diffecg.training.distributed import SINGLE_PROCESS, DistributedContext
from diffecg.training.ema import update_ema
from diffecg.training.interrupts import deferred_signals, end_by_signal, lock_folder
from diffecg.training.optimisation import LoopSettings, flushed_denormals, learning_rate
from diffecg.training.prefetch import SeededBatch, SeededBatches, batches_ahead

_STEPS_PER_LOG = 50
_MAX_GRADIENT_NORM = 1.0

Report = Callable[[dict[str, float]], None]
"""Called with each row of metrics: samples, loss, learning_rate, samples_per_s, seconds, seconds_left, and
validation_loss, with what else validation measures, at checkpoints."""

BatchT = TypeVar("BatchT")


@dataclass(frozen=True, kw_only=True, eq=False)
class LearningTask(Generic[NetworkT, BatchT]):
    """What a network learns."""

    draw_batch: Callable[[np.random.Generator, int], BatchT]
    """Draws a batch, given a generator and the number of samples seen."""
    objective: Callable[[NetworkT, BatchT, slice], Tensor]
    """Returns the loss of each example of a slice of a batch.

    Random numbers are drawn for the whole batch, so that the loss of an example does not depend on how the
    batch is sliced (except through dropout)."""
    validate: Callable[[NetworkT], dict[str, float]]
    """Returns metrics of a network; ``validation_loss`` is one of them."""
    save: Callable[[NetworkT], None]
    """Writes the model folder."""
    draws_slowly: bool = False
    """Whether drawing a batch takes so long that another process should do it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingLoop(Generic[NetworkT, BatchT]):
    """The training loop of a run."""

    settings: LoopSettings
    task: LearningTask[NetworkT, BatchT]
    folder: Path
    slices: list[slice]
    """Slices of a batch that this process computes."""
    report: Report | None = None
    max_seconds: float | None = None
    context: DistributedContext = SINGLE_PROCESS

    def run(self, state: TrainingState[NetworkT]) -> NetworkT:
        """Train from the last checkpoint in the folder, if any, and return the last averaged network.

        With early stopping, the network of the lowest validation loss is the one that was saved.

        Raises:
            DiffecgError: The checkpoint belongs to other data or settings, or another process trains into
                the folder; the loss is no longer finite.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        state.model.to(self.context.device)
        state.ema.to(self.context.device)
        with lock_folder(self.folder) if self.context.is_main else nullcontext():
            restore_checkpoint(self.folder, state, trim_metrics=self.context.is_main)
            if not self.context.same_on_all_ranks(state.samples):
                raise DiffecgError(
                    f"the processes see different checkpoints in {self.folder}; use a folder that all of "
                    "them share"
                )
            self._run(state)
        return state.ema.eval()

    def _run(self, state: TrainingState[NetworkT]) -> None:
        """Train until all samples are seen, patience or time has run out, or a signal asks to end."""
        settings = self.settings
        clock = _Clock(state)
        losses: list[Tensor] = []
        patience_ended = self._patience_ended()
        ahead = batches_ahead(
            SeededBatches(draw=self.task.draw_batch, seed=settings.seed),
            range(state.samples, settings.samples, settings.batch),
            use_process=self.task.draws_slowly and self.context.device == "cpu",
        )
        with deferred_signals() as signal_received, ahead as batches, flushed_denormals():
            while state.samples < settings.samples and not patience_ended:
                losses.append(self._step(state, next(batches)))
                clock.update(state)

                # All processes stop together.
                signal_number = self.context.largest(signal_received())
                stop = bool(signal_number or self.context.largest(clock.exceeds(self.max_seconds)))

                # Validate and save at intervals and at the end; log at these and at shorter intervals.
                save = stop or state.samples >= settings.samples or self._checkpoint_due(state)
                log = save or state.samples // settings.batch % _STEPS_PER_LOG == 0
                if log or state.samples == settings.batch:  # the first step
                    self._check_finite(torch.stack(losses), state)
                if log:
                    row = self._metrics(state, torch.stack(losses), clock)
                    losses.clear()
                    if self.context.is_main:
                        self._write(state, row, save=save)
                if save:
                    patience_ended = self._patience_ended()

                if signal_number:
                    end_by_signal(signal_number)
                if stop:
                    break

    def _step(self, state: TrainingState[NetworkT], drawn: SeededBatch[BatchT]) -> Float[Tensor, ""]:
        """Take one optimisation step, and return the loss of the batch. Every process draws all of it."""
        settings = self.settings

        # Accumulate gradients over the slices. Each slice draws the noise of the whole batch.
        state.model.train()
        state.optimizer.zero_grad(set_to_none=True)
        loss = torch.zeros((), device=self.context.device, dtype=torch.float32)
        for rows in self.slices:
            with torch.random.fork_rng(devices=[]), self._autocast():
                torch.manual_seed(drawn.noise_seed)
                slice_loss = self.task.objective(state.model, drawn.batch, rows).mean() / len(self.slices)
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
        if self.settings.precision == "float32":
            return nullcontext()
        return torch.autocast(torch.device(self.context.device).type, torch.bfloat16)

    def _check_finite(self, losses: Float[Tensor, "*step"], state: TrainingState[NetworkT]) -> None:
        check_finite(losses, self.settings.learning_rate, state.samples, self.folder)

    def _patience_ended(self) -> bool:
        """Return whether the validation loss has not fallen for as many checkpoints as the settings allow."""
        ended = self.context.is_main and has_ended_early(self.folder, self.settings.patience)
        return bool(self.context.largest(ended))

    def _checkpoint_due(self, state: TrainingState[NetworkT]) -> bool:
        settings = self.settings
        every = settings.checkpoint_every
        return state.samples // every > (state.samples - settings.batch) // every

    def _metrics(
        self, state: TrainingState[NetworkT], losses: Float[Tensor, " step"], clock: _Clock
    ) -> dict[str, float]:
        settings = self.settings
        samples_per_s = clock.samples_per_s(state)
        return {
            "samples": state.samples,
            "loss": float(losses.mean()),
            "learning_rate": learning_rate(settings, state.samples),
            "samples_per_s": samples_per_s,
            "seconds": state.seconds,
            "seconds_left": max(settings.samples - state.samples, 0) / samples_per_s,
        }

    def _write(self, state: TrainingState[NetworkT], row: dict[str, float], *, save: bool) -> None:
        """Log metrics; at a checkpoint, also validate and save the model."""
        if save:
            row |= self.task.validate(state.ema)
            self._check_finite(torch.tensor(row["validation_loss"]), state)
            save_checkpoint(self.folder, state)
            earlier = validation_losses(self.folder)
            if not self.settings.patience or row["validation_loss"] < min(earlier, default=torch.inf):
                self.task.save(state.ema)
        append_metrics(self.folder, row)
        if self.report is not None:
            self.report(row)


class _Clock:
    """Measures the training time and speed of one process from its start."""

    def __init__(self, state: TrainingState[Any]) -> None:
        self._started = time.monotonic()
        self._samples, self._seconds = state.samples, state.seconds
        self._elapsed = 0.0

    def update(self, state: TrainingState[Any]) -> None:
        """Read the clock, and set the training time of the run."""
        self._elapsed = time.monotonic() - self._started
        state.seconds = self._seconds + self._elapsed

    def exceeds(self, seconds: float | None) -> bool:
        return seconds is not None and self._elapsed > seconds

    def samples_per_s(self, state: TrainingState[Any]) -> float:
        return (state.samples - self._samples) / self._elapsed
