"""Training and fine-tuning of models of windows from Python."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from diffecg.config.io import training_changes
from diffecg.datasets.windows import Windows
from diffecg.inference.loading import load, load_parent
from diffecg.inference.model import Model
from diffecg.training.distributed import check_device, distributed_context
from diffecg.training.loop import Report
from diffecg.training.planning import plan_run
from diffecg.training.trainer import train as train_windows

Notes = Callable[[list[str]], None]
"""Called with notes on what was assumed."""


def warn(notes: list[str]) -> None:
    """Issue notes as one warning."""
    if notes:
        warnings.warn("\n".join(notes), stacklevel=3)


def train(
    windows: Windows,
    out: str | Path | None = None,
    *,
    preset: str | None = None,
    init: str | Path | Model | None = None,
    labels: Sequence[str] | None = None,
    samples: int | None = None,
    minutes: float | None = None,
    seed: int | None = None,
    settings: Sequence[str] = (),
    device: str = "cpu",
    report: Report | None = None,
    on_notes: Notes = warn,
) -> Model:
    """Train a model of windows, or fine-tune one, and return it.

    Args:
        windows: the training windows, with the partitions ``train`` and ``validation``; windows without
            partitions are divided by subject (:func:`~diffecg.datasets.partitioning.assign_partitions`).
        out: folder of the run, which becomes a model folder; a run that is in it is resumed. None: the model
            is only returned.
        preset: preset of settings for a model that starts from random weights; None: ``beat``.
        init: model to fine-tune, by name (also of the hub), folder or as an object, in place of a preset.
        labels: labels of the model; None: those of the windows, and those of ``init``.
        samples: number of training samples, repetitions included; None: that of the settings.
        minutes: stop after this time.
        seed: seed of weights, data order and noise.
        settings: settings to change, each as ``section.name=value``, as in ``diffecg train --set``.
        device: ``cpu`` or ``cuda``.
        report: called with each row of metrics.
        on_notes: called with notes on labels and partitions; by default they are a warning.

    Example:
        >>> import numpy as np, diffecg
        >>> rng = np.random.default_rng(0)
        >>> windows = diffecg.Windows.from_arrays(
        ...     rng.normal(size=(40, 1, 256)), 360, ["a", "b"] * 20, r_peak=128, subjects=np.arange(40) // 4
        ... ).assign_partitions()
        >>> diffecg.train(windows, samples=256, settings=["network.width=16"]).labels
        ('a', 'b')

    Raises:
        DiffecgError: windows, settings or an earlier run in ``out`` do not fit; the loss is no longer finite.
    """
    check_device(device)
    plan = plan_run(
        windows,
        preset=preset,
        parent=None if init is None else load_parent(init),
        labels=labels,
        changes=[*training_changes(samples=samples, seed=seed), *settings],
    )
    on_notes(plan.notes)
    with TemporaryDirectory() as temporary, distributed_context(device) as context:
        folder = Path(temporary) / plan.config.name if out is None else Path(out)
        train_windows(
            plan.config,
            plan.windows,
            folder,
            report=report,
            max_seconds=None if minutes is None else 60 * minutes,
            start=plan.start,
            context=context,
        )
        return load(folder, device)
