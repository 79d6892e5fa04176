"""The settings, windows and starting weights of a run, from what the user states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from diffecg.config.io import with_settings
from diffecg.config.presets import preset as find_preset
from diffecg.config.schema import Config
from diffecg.datasets.adaptation import adapt_windows
from diffecg.datasets.partitioning import assign_partitions
from diffecg.datasets.stream import WindowStream
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.training.data import count_labels, training_notes
from diffecg.training.fine_tuning import fine_tuning_config, with_labels
from diffecg.training.initialisation import config_for_windows
from diffecg.training.parent import Parent


@dataclass(frozen=True, kw_only=True, eq=False)
class RunPlan:
    """The settings and windows of a run."""

    config: Config
    windows: Windows | WindowStream
    start: ConditionalDenoiser | None
    """The model that the run starts from; None: random weights."""
    notes: list[str]
    """What was assumed, and which labels the model will not have."""


def plan_run(
    windows: Windows | WindowStream,
    *,
    preset: str | None = None,
    parent: Parent | None = None,
    labels: Sequence[str] | None = None,
    changes: Sequence[str] = (),
) -> RunPlan:
    """Return the settings and windows of a run that trains a model, or fine-tunes one.

    Args:
        windows: the training windows. Windows without partitions are divided by subject, and those for
            fine-tuning are resampled and cut as the model needs them.
        preset: preset of settings; None: ``beat``.
        parent: model to fine-tune, whose settings take the place of a preset.
        labels: labels of the model; None: those of the preset, or of the windows where they are others; of a
            model to fine-tune, its own and those of the windows.
        changes: settings to change, each as ``section.name=value``.

    Raises:
        DiffecgError: an unknown preset, label or setting; windows that do not fit.
    """
    notes: list[str] = []
    if isinstance(windows, Windows) and windows.partitions is None:
        windows, note = assign_partitions(windows)
        notes.append(note)
    config = base_settings(preset, parent)
    if parent is None:
        config = config_for_windows(config, windows, labels)
    else:
        windows = _fit(windows, config)
        config = _for_windows_of(config, windows, labels)
    config = changed_settings(config, changes)
    return RunPlan(
        config=config,
        windows=windows,
        start=None if parent is None else parent.denoiser(),
        notes=[*notes, *training_notes(windows, config)],
    )


def base_settings(preset: str | None, parent: Parent | None) -> Config:
    """Return the settings of a preset, or those with which a model is fine-tuned.

    Raises:
        DiffecgError: both are given, the preset is unknown, or the model is one of gaps.
    """
    if parent is None:
        return find_preset(preset or "beat")
    parent.check_preset(preset)
    return fine_tuning_config(parent.denoiser().config, parent.model)


def changed_settings(config: Config, changes: Sequence[str]) -> Config:
    """Return settings with some of them changed.

    Args:
        config: the settings.
        changes: changes, each as ``section.name=value``.

    Raises:
        DiffecgError: an unknown setting or invalid value, or one of the windows.
    """
    if any(change.startswith("window.") for change in changes):
        raise DiffecgError("window settings come from the data; choose them with diffecg prepare")
    return with_settings(config, changes)


def _fit(windows: Windows | WindowStream, config: Config) -> Windows | WindowStream:
    """Return windows of the rate, length and R peak of the settings."""
    return windows if isinstance(windows, WindowStream) else adapt_windows(windows, config.window)


def _for_windows_of(config: Config, windows: Windows | WindowStream, chosen: Sequence[str] | None) -> Config:
    """Return the settings of fine-tuning with the leads of windows, and with their labels."""
    own = config.window.leads
    leads = windows.channel_names if isinstance(windows, Windows) else windows.window.leads
    if len(leads) != len(own) or (len(leads) > 1 and leads != own):
        raise DiffecgError(
            f"the windows have the leads {', '.join(leads)}, and the model has {', '.join(own)}; prepare "
            "windows of these leads, in this order (diffecg prepare --lead); a single lead may be any"
        )
    config = replace(config, window=replace(config.window, leads=leads))
    return with_labels(config, list(count_labels(windows)), chosen)
