"""Training of models of gaps."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import torch

from diffecg.config.gap import GapConfig
from diffecg.datasets.recording_set import RecordingSet
from diffecg.model.folder import load_network, save_model
from diffecg.model.gap.network import GapNetwork
from diffecg.training.card import write_card
from diffecg.training.checkpoints import TrainingState
from diffecg.training.distributed import SINGLE_PROCESS, DistributedContext
from diffecg.training.gap.batches import GapBatchSource
from diffecg.training.gap.fine_tuning import take_gap_weights
from diffecg.training.gap.objective import gap_objective
from diffecg.training.gap.validation import validate, validation_batch
from diffecg.training.initialisation import check_folder
from diffecg.training.loop import LearningTask, Report, TrainingLoop
from diffecg.training.optimisation import build_adamw, computes_in_bfloat16


def train_gap_model(
    config: GapConfig,
    folders: Sequence[Path],
    out: Path,
    *,
    report: Report | None = None,
    max_seconds: float | None = None,
    context: DistributedContext = SINGLE_PROCESS,
    accumulate: int = 1,
    start: GapNetwork | None = None,
) -> GapNetwork:
    """Train a model of gaps, or resume the run in ``out``, and return the network with averaged weights.

    ``out`` becomes a model folder, with ``metrics.jsonl`` and checkpoints in addition. Ctrl-C completes the
    current step, writes a checkpoint and raises KeyboardInterrupt; so does SIGTERM, which raises its subclass
    :class:`~diffecg.errors.Terminated`.

    Args:
        config: the settings.
        folders: folders of recording sets, with the partitions ``train`` and ``validation``.
        out: folder of the run.
        report: called with each row of metrics.
        max_seconds: stop training after this time; the run can be resumed.
        context: the processes that train together.
        accumulate: slices in which each process computes its part of a batch; more slices need less memory.
        start: network whose weights a new run starts from; None: random weights.

    Raises:
        DiffecgError: the recordings, or an earlier run in ``out``, do not fit the settings; the loss is no
            longer finite, and the last checkpoint is kept.
    """
    config = replace(config, training=replace(config.training, precision=resolve_precision(config, context)))
    settings = config.training
    check_folder(config, out)
    slices = context.batch_slices(settings.batch, accumulate)
    sets = [RecordingSet.open(folder) for folder in folders]
    train = GapBatchSource(sets, "train", config, virtual=settings.virtual, device=context.device)
    validation = validation_batch(sets, config, device=context.device)
    task = LearningTask(
        draw_batch=lambda rng, samples: train.draw(rng, settings.batch),
        objective=gap_objective(config),
        validate=lambda model: validate(model, validation),
        save=lambda model: save_model(out, config, model.state_dict()),
        draws_slowly=True,
    )
    loop = TrainingLoop(
        settings=settings,
        task=task,
        folder=out,
        slices=slices,
        report=report,
        max_seconds=max_seconds,
        context=context,
    )
    network = loop.run(initial_gap_state(config, sets, start))
    if context.is_main:
        cards = [card for recordings in sets for card in recordings.cards]
        write_card(out, config, cards, sum(weights.numel() for weights in network.parameters()))
    if not settings.patience:
        return network
    best = load_network(out)
    assert isinstance(best, GapNetwork)
    return best


def initial_gap_state(
    config: GapConfig, sets: Sequence[RecordingSet], start: GapNetwork | None = None
) -> TrainingState[GapNetwork]:
    """Return the state of a new run, with random weights or those of ``start``."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.training.seed)
        model = GapNetwork(config)
    if start is not None:
        take_gap_weights(model, start)
    return TrainingState(
        model=model,
        ema=copy.deepcopy(model).requires_grad_(False),
        optimizer=build_adamw(model, config.training.learning_rate),
        fingerprint="".join(recordings.fingerprint("train") for recordings in sets),
    )


def resolve_precision(config: GapConfig, context: DistributedContext) -> Literal["float32", "bfloat16"]:
    """Return the precision of a run: for ``auto`` bfloat16 where the device computes with it."""
    precision = config.training.precision
    if precision != "auto":
        return precision
    return "bfloat16" if computes_in_bfloat16(context.device) else "float32"
