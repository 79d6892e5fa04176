"""``diffecg train`` with recording sets: models of gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from diffecg.config.gap import GapConfig
from diffecg.config.io import with_settings
from diffecg.config.presets import gap_preset
from diffecg.errors import DiffecgError

if TYPE_CHECKING:
    from diffecg.training.loop import Report
    from diffecg.training.parent import Parent


def are_recording_sets(data: Sequence[str]) -> bool:
    """Return whether the data are recordings rather than windows.

    Raises:
        DiffecgError: some are, and some are not.
    """
    from diffecg.datasets.recording_set import is_recording_set

    kinds = {is_recording_set(Path(folder)) for folder in data}
    if len(kinds) > 1:
        raise DiffecgError(f"{' and '.join(data)} hold windows and recordings; train from one kind of data")
    return kinds == {True}


def gap_settings(
    preset: str | None, parent: Parent | None, labels: Sequence[str], changes: Sequence[str]
) -> GapConfig:
    """Return the settings of a run with changes: those of a preset, or those to fine-tune a model.

    Of a preset and a model, signals, windows and training are the preset's, and the network is the model's.

    Raises:
        DiffecgError: an unknown preset or setting; labels are given.
    """
    if labels:
        raise DiffecgError(f"models of gaps have no labels ({', '.join(labels)}); leave out --label")
    if parent is None:
        return with_settings(gap_preset("strip" if preset is None else preset), changes)
    from diffecg.training.gap.fine_tuning import gap_fine_tuning_config

    own = parent.gap_network().config
    if preset is None:
        return with_settings(gap_fine_tuning_config(own, parent.model), changes)
    return with_settings(replace(gap_preset(preset), network=own.network, parent=parent.model), changes)


def train_gaps(
    config: GapConfig,
    data: Sequence[str],
    out: Path,
    *,
    parent: Parent | None,
    report: Report,
    minutes: float | None,
    accumulate: int,
    device: str,
) -> bool:
    """Train a model of gaps, or resume; return whether this process reports the result.

    Raises:
        DiffecgError: as for :func:`diffecg.training.gap.train.train_gap_model`.
    """
    from diffecg.training.distributed import check_device, distributed_context
    from diffecg.training.gap.train import train_gap_model

    check_device(device)
    with distributed_context(device) as context:
        train_gap_model(
            config,
            [Path(folder) for folder in data],
            out,
            report=report,
            max_seconds=None if minutes is None else 60 * minutes,
            context=context,
            accumulate=accumulate,
            start=None if parent is None else parent.gap_network(),
        )
    return context.is_main
