"""Augmentation of the training partition with synthetic windows of rare labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from diffecg.datasets.concatenation import concatenate
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.inference.loading import load
from diffecg.inference.model import Model
from diffecg.inference.options import SamplerOptions
from diffecg.inference.sampling import Progress

SYNTHETIC = "synthetic"
"""Value of the index column ``recording`` for synthetic windows."""


def missing_counts(counts: Mapping[str, int], to_ratio: float) -> dict[str, int]:
    """Return the number of windows of each label below ``to_ratio`` times the largest count.

    Args:
        counts: real windows of each label.
        to_ratio: 1 makes all labels equally frequent.

    Raises:
        DiffecgError: the ratio is not above zero.
    """
    if not (np.isfinite(to_ratio) and to_ratio > 0):
        raise DiffecgError(f"ratio {to_ratio} must be above 0; 1 makes all labels equally frequent")
    target = round(to_ratio * max(counts.values()))
    return {label: target - count for label, count in counts.items() if count < target}


def augment(
    windows: Windows,
    model: str | Path | Model,
    *,
    to_ratio: float = 1.0,
    seed: int = 0,
    sampler: SamplerOptions | None = None,
    progress: Progress | None = None,
) -> Windows:
    """Return the windows with synthetic ones added to the partition ``train``.

    Added windows have the recording ``synthetic`` and their seed as sample; the column ``synthetic`` is True
    for them and False for real windows.

    Args:
        windows: prepared windows.
        model: the model that generates, or its name; labels that it does not know stay as they are.
        to_ratio: target size of each label, as a multiple of the largest one.
        seed: seed of the first synthetic window.
        sampler: sampler, steps and batch size; None: the model's own.
        progress: called with (windows done, windows in total).

    Raises:
        DiffecgError: the windows do not fit the model or have several labels each; no label is below the
            ratio.
    """
    model = load(model)
    window, (leads, samples) = model.config.window, windows.signal.shape[1:]
    if (leads, samples) != (len(window.leads), window.length) or windows.fs_hz != window.fs_hz:
        raise DiffecgError(
            f"the windows hold {leads} lead(s) x {samples} samples at {windows.fs_hz:g} Hz, {model.name} "
            f"generates {len(window.leads)} x {window.length} at {window.fs_hz:g} Hz; prepare the windows "
            "with the preset of the model"
        )
    if windows.has_several_labels:
        raise DiffecgError(
            "windows with several labels each have no rare label to balance; keep one label each"
        )
    counts = windows.partition("train").counts()
    known = {label: counts[label] for label in model.labels if label in counts}
    if not known:
        raise DiffecgError(
            f"the training partition has no label that {model.name} generates ({', '.join(model.labels)})"
        )
    added = missing_counts(known, to_ratio)
    if not added:
        raise DiffecgError(f"no label has less than {to_ratio:g} times the largest; choose a larger ratio")
    labels = [label for label, count in added.items() for _ in range(count)]
    options = sampler or SamplerOptions()
    synthetic = model.generate(labels, len(labels), seed, progress=progress, **options.sampling())
    real = replace(windows, index=windows.index.assign(synthetic=False))
    synthetic = replace(
        synthetic, channels=windows.channels, index=synthetic_index(synthetic, window.leads[0])
    )
    note = {**synthetic.info, "to_ratio": to_ratio, "seed": seed, "added": added}
    return replace(concatenate([real, synthetic]), info={**windows.info, "augmented": note})


def synthetic_index(windows: Windows, lead: str) -> pd.DataFrame:
    """Return the index of synthetic windows with the columns of prepared ones, and with their numbers."""
    numbers = {name: windows.index.get(name, np.nan) for name in ("rr_before_s", "rr_after_s")}
    others = windows.index.drop(columns=[*numbers, "label", "seed"], errors="ignore")
    return pd.DataFrame(
        {
            "recording": SYNTHETIC,
            "sample": windows.seeds,
            "symbol": windows.labels,
            "label": windows.labels,
            "partition": "train",
            "lead": lead,
            "fs_hz": windows.fs_hz,
            **numbers,
            "beats": "",
            "synthetic": True,
            **others,
        }
    )
