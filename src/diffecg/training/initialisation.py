"""Preparation of a run: settings that fit the windows, a new model, its optimiser and learning rate."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from diffecg.config.io import AnyConfig, different_settings, read_any_config, window_config
from diffecg.config.schema import Config, WindowConfig
from diffecg.datasets.condition_draws import condition_draws
from diffecg.datasets.labels import AAMI_LABELS, UNKNOWN
from diffecg.datasets.stream import WindowStream
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.model.files import CONFIG
from diffecg.training.checkpoints import TrainingState
from diffecg.training.conditions import WindowConditions
from diffecg.training.data import TrainingData, count_labels
from diffecg.training.fine_tuning import take_parent_weights
from diffecg.training.optimisation import build_optimizer

_FIT_WINDOWS = 4096
"""Largest number of windows to which the scaling of the transform is fitted."""


_CHANGEABLE = {"training.samples", "training.checkpoint_every"}
"""Settings that may change when a run is resumed."""

_MIN_LABEL_WINDOWS = 50
"""Smallest number of training windows of a label that a model with several labels learns by default."""


def config_for_windows(
    config: Config, windows: Windows | WindowStream, labels: Sequence[str] | None = None
) -> Config:
    """Return ``config`` with the window settings that the windows were prepared with, and with labels.

    Args:
        config: The settings.
        windows: Prepared windows, or windows from arrays, whose settings follow from their shape.
        labels: Labels of the model. None: those of the settings if the windows have AAMI labels, else those
            of the training windows; of windows with several labels, those that occur often enough.

    Raises:
        DiffecgError: The windows are no beats.
    """
    if isinstance(windows, Windows) and windows.r_peak is None:
        raise DiffecgError(
            f"the windows have no R peak at a fixed sample, which the preset {config.name!r} needs; cut "
            "beats with diffecg prepare, or state it (r_peak of Windows.from_arrays)"
        )
    if isinstance(windows, Windows) and "window" not in windows.info:
        window = _window_of(windows)
    else:
        window = window_config(windows.info["window"])
    return replace(
        config, window=window, labels=_labels(config, windows) if labels is None else tuple(labels)
    )


def _labels(config: Config, windows: Windows | WindowStream) -> tuple[str, ...]:
    """Return the labels that a model learns by default."""
    counts = count_labels(windows)
    if config.conditions.several_labels:
        return config.labels or tuple(name for name, n in counts.items() if n >= _MIN_LABEL_WINDOWS)
    others = [label for label in counts if label not in (*AAMI_LABELS, UNKNOWN)]
    return tuple(label for label in counts if label != UNKNOWN) if others else config.labels


def _window_of(windows: Windows) -> WindowConfig:
    """Return the settings of windows from arrays."""
    return WindowConfig(
        length=windows.signal.shape[2],
        fs_hz=windows.fs_hz,
        leads=windows.channel_names,
        before=windows.r_peak or 0,
    )


def check_windows(config: Config, windows: Windows) -> None:
    """Raise DiffecgError unless windows have the leads, length and rate of the settings."""
    shape = (len(config.window.leads), config.window.length)
    if windows.signal.shape[1:] != shape or windows.fs_hz != config.window.fs_hz:
        raise DiffecgError(
            f"the windows have {windows.signal.shape[1]} lead(s) x {windows.signal.shape[2]} samples at "
            f"{windows.fs_hz:g} Hz, the preset {config.name!r} needs {shape[0]} x {shape[1]} at "
            f"{config.window.fs_hz:g} Hz; prepare them with --preset {config.name}"
        )


def check_folder(config: AnyConfig, folder: Path) -> None:
    """Check that ``folder`` holds no run, or one with these settings.

    A run may be extended to more ``training.samples``, with another ``training.checkpoint_every``.

    Raises:
        DiffecgError: Other settings differ, or the run would be shortened.
    """
    path = folder / CONFIG
    if not path.is_file():
        return
    earlier = read_any_config(path)
    if isinstance(config, Config) and isinstance(earlier, Config):
        earlier = replace(earlier, label_counts=config.label_counts)
    if earlier.training.samples > config.training.samples:
        raise DiffecgError(
            f"{folder} holds a run of {earlier.training.samples} samples, which cannot be shortened to "
            f"{config.training.samples}; give --samples {earlier.training.samples} or more, or train into "
            "another --out"
        )
    different = different_settings(earlier, config)
    if different.keys() - _CHANGEABLE:
        listed = ", ".join(
            f"{path}: {_text(before)} in the folder, {_text(now)} now"
            for path, (before, now) in different.items()
        )
        raise DiffecgError(f"{folder} holds a run with other settings ({listed}); train into another --out")


def _text(value: Any) -> str:
    """Return a setting's value as --set takes it."""
    if value is None:
        return "not set"
    return value if isinstance(value, str) else json.dumps(value)


def trained_counts(counts: dict[str, int], teacher: ConditionalDenoiser | None) -> dict[str, int]:
    """Return the number of training windows of each label that a model learns.

    Args:
        counts: Number of training windows of each label.
        teacher: The model from which a student learns; labels that it has not seen are left out.
    """
    if teacher is None:
        return counts
    return {label: count for label, count in counts.items() if label in teacher.config.trained_labels}


def initial_state(
    config: Config,
    data: TrainingData,
    teacher: ConditionalDenoiser | None = None,
    *,
    start: ConditionalDenoiser | None = None,
) -> TrainingState[ConditionalDenoiser]:
    """Return the state of a new run.

    Args:
        config: The settings.
        data: The scaling of the transform and the morphologies are fitted to its windows.
        teacher: The model from which a student takes all weights; None: weights are random.
        start: The model to fine-tune, which gives weights and scaling.

    Raises:
        DiffecgError: ``start`` has another architecture.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.training.seed)
        model = ConditionalDenoiser(config)
    if teacher is None:
        windows = data.fit_windows
        if start is None:
            most = _FIT_WINDOWS * len(config.window.leads)  # a basis over several leads takes more windows
            rows = np.linspace(0, len(windows) - 1, min(most, len(windows))).astype(int)
            model.transform.fit(torch.from_numpy(windows.signal[rows]))
        if model.embed_numbers is not None:
            numbers = WindowConditions.of(windows, config).numbers
            model.embed_numbers.fit(torch.from_numpy(numbers))
            if config.conditions.drawn:
                draws = condition_draws(
                    data.morphologies.assign(windows.signal_mv, windows.labels),
                    numbers,
                    windows.labels,
                    config.labels,
                    config.training.seed,
                )
                model.condition_draws.copy_(torch.from_numpy(draws))
        model.morphology_share.copy_(torch.from_numpy(data.morphologies.share))
    else:
        model.load_state_dict(teacher.state_dict())
    if start is not None:
        take_parent_weights(model, start)
    return TrainingState(
        model=model,
        ema=copy.deepcopy(model).requires_grad_(False),
        optimizer=build_optimizer(model, config.training),
        fingerprint=data.fingerprint,
    )
