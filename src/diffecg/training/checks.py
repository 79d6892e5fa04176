"""Checks of training: partitions, samples and labels before the first step, and losses."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from shlex import quote

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from diffecg.config.schema import Config
from diffecg.datasets.faults import find_faults
from diffecg.datasets.labels import UNKNOWN
from diffecg.datasets.windows import MAX_LABELS_SHOWN, WEIGHT, Windows
from diffecg.errors import DiffecgError
from diffecg.training.checkpoints import CHECKPOINT

NEEDED = ("train", "validation")
"""Partitions that training needs."""


def check_partitions(available: Collection[str]) -> None:
    """Check that there are windows to train and to validate.

    Raises:
        DiffecgError: a partition has no windows.
    """
    for name in NEEDED:
        if name not in available:
            raise DiffecgError(
                f"no windows in the partition {name!r}; available: {', '.join(sorted(available)) or 'none'}; "
                "prepare the windows again with more recordings, or assign partitions to subjects: diffecg "
                "prepare own --subjects FILE with the columns recording, subject, partition"
            )


def check_samples(windows: Windows, partition: str) -> None:
    """Check that the samples of a partition are finite, that no lead is constant, and the weights.

    Raises:
        DiffecgError: a window cannot be used; the first one is named. Sampling weights are not numbers from
            zero on, or all zero.
    """
    if WEIGHT in windows.index:
        weight = pd.to_numeric(windows.index[WEIGHT], errors="coerce").to_numpy(np.float64)
        if not (np.isfinite(weight) & (weight >= 0)).all() or not weight.any():
            raise DiffecgError(
                f"the column {WEIGHT!r} of the partition {partition} holds sampling weights that are "
                "missing, negative or all zero; correct it, or remove it (Windows.drop_columns)"
            )
    faults = find_faults(windows.signal)
    for rows, reason in (
        (faults.not_finite, "samples that are not finite"),
        (faults.constant, "a flat lead"),
    ):
        if not rows.any():
            continue
        first = int(rows.argmax())
        recordings = windows.recordings
        source = f" of recording {recordings[first]}" if recordings is not None else ""
        raise DiffecgError(
            f"{rows.sum()} of {len(windows)} windows of the partition {partition} have {reason}, the first "
            f"is number {first}{source}; leave them out (diffecg prepare does; in Python, use Windows.take)"
        )


def check_labels(config: Config, counts: Mapping[str, int]) -> None:
    """Check that model and training windows share a label, unless one of them has none.

    Args:
        config: settings of the model.
        counts: number of training windows of each label.

    Raises:
        DiffecgError: all labels of the windows are unknown to the model.
    """
    labels = _known(counts)
    if config.labels and labels and not set(labels) & set(config.labels):
        raise DiffecgError(
            f"the training windows have the labels {', '.join(labels)}, the model has "
            f"{', '.join(config.labels)}, and none is in both; train the labels of the windows with "
            f"{_options(labels)}"
        )


def check_number_of_labels(windows: Windows, config: Config) -> None:
    """Check that windows have as many labels each as the model is conditioned on.

    Raises:
        DiffecgError: windows have several labels each, and the model has one.
    """
    if "labels" in windows.index and not config.conditions.several_labels:
        raise DiffecgError(
            f"the windows have several labels each, and the preset {config.name!r} is trained on one; use "
            "--preset twelve-lead, or keep one in the column 'label' and remove the column 'labels' "
            "(Windows.drop_columns)"
        )


def label_notes(config: Config, counts: Mapping[str, int]) -> list[str]:
    """Return a note on the labels that only the model or only its training windows have.

    Args:
        config: settings of the model.
        counts: number of training windows of each label.
    """
    labels, notes = _known(counts), []
    lacking = [label for label in config.labels if label not in labels]
    if lacking:
        notes.append(
            f"the training windows have no label {', '.join(lacking)}, so the model will not generate it"
        )
    others = [label for label in labels if label not in config.labels]
    if config.labels and others:
        number = sum(counts[label] for label in others)
        what = "without it" if config.conditions.several_labels else "as unlabelled"
        way_out = (
            ""
            if len(config.labels) > MAX_LABELS_SHOWN
            else (f"; to train these labels, use {_options([*config.labels, *others])}")
        )
        notes.append(
            f"{number} training windows with the label {', '.join(others)} are trained {what}{way_out}"
        )
    return notes


def number_notes(windows: Windows, config: Config) -> list[str]:
    """Return a note on the numbers of the settings that the windows do not have."""
    missing = [name for name in config.conditions.numbers if name not in windows.index]
    if not missing:
        return []
    return [f"the windows have no column {', '.join(missing)}: the model learns these numbers as unknown"]


def check_finite(losses: Float[Tensor, "*step"], learning_rate: float, samples: int, folder: Path) -> None:
    """Check that losses are finite; called before anything is written.

    Args:
        losses: the losses since the last check.
        learning_rate: the learning rate of the run.
        samples: samples seen so far.
        folder: folder of the run.

    Raises:
        DiffecgError: a loss is not finite.
    """
    if torch.isfinite(losses).all():
        return
    written = (folder / CHECKPOINT).is_file()
    kept = f"the last checkpoint and model in {folder} are kept" if written else "no model was written"
    raise DiffecgError(
        f"training diverged: the loss is not finite after {samples} samples; {kept}; train into another "
        f"--out with a lower learning rate, such as --set training.learning_rate={learning_rate / 3:.2g}"
    )


def _known(counts: Mapping[str, int]) -> list[str]:
    return [label for label, count in counts.items() if count and label != UNKNOWN]


def _options(labels: Collection[str]) -> str:
    return " ".join(f"--label {quote(label)}" for label in labels)
