"""Training of models of windows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from diffecg.config.schema import Config
from diffecg.datasets.stream import WindowStream
from diffecg.datasets.windows import Windows
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.model.folder import load_model, save_model
from diffecg.training.card import write_card
from diffecg.training.data import training_data
from diffecg.training.distributed import SINGLE_PROCESS, DistributedContext
from diffecg.training.initialisation import check_folder, check_windows, initial_state, trained_counts
from diffecg.training.loop import LearningTask, Report, TrainingLoop
from diffecg.training.objectives import denoising_objective, distillation_objective
from diffecg.training.validation import validation_loss


def train(
    config: Config,
    windows: Windows | WindowStream,
    folder: Path,
    *,
    report: Report | None = None,
    max_seconds: float | None = None,
    teacher: ConditionalDenoiser | None = None,
    start: ConditionalDenoiser | None = None,
    context: DistributedContext = SINGLE_PROCESS,
    accumulate: int = 1,
) -> ConditionalDenoiser:
    """Train a model, or resume the run in ``folder``, and return the model with averaged weights.

    The folder becomes a model folder, with ``metrics.jsonl`` and checkpoints in addition. Ctrl-C completes
    the current step, writes a checkpoint and raises KeyboardInterrupt; so does SIGTERM, which raises its
    subclass :class:`~diffecg.errors.Terminated`.

    Args:
        config: The settings.
        windows: Windows with the partitions ``train`` and ``validation``.
        folder: Folder of the run.
        report: Called with each row of metrics.
        max_seconds: Stop after this time; the run can be resumed.
        teacher: Model to distil; the student starts from its weights, with settings from
            :func:`~diffecg.training.objectives.student_config`.
        start: Model whose weights a new run starts from, with settings from
            :func:`~diffecg.training.fine_tuning.fine_tuning_config`; None: random weights.
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
    objective = (
        denoising_objective(config.diffusion)
        if teacher is None
        else distillation_objective(teacher.to(context.device), config.diffusion)
    )
    settings = config.training
    task = LearningTask(
        draw_batch=lambda rng, samples: data.source_at(samples).batch(rng, settings.batch),
        objective=objective,
        validate=lambda model: {"validation_loss": validation_loss(model, data.validation, objective)},
        save=lambda model: save_model(folder, config, model.state_dict()),
    )
    loop = TrainingLoop(
        settings=settings,
        task=task,
        folder=folder,
        slices=context.batch_slices(settings.batch, accumulate),
        report=report,
        max_seconds=max_seconds,
        context=context,
    )
    network = loop.run(initial_state(config, data, teacher, start=start))
    if context.is_main:
        sources = windows.info.get("sources", [windows.info])
        write_card(folder, config, sources, sum(weights.numel() for weights in network.parameters()))
    return load_model(folder) if settings.patience else network
