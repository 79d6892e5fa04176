"""Synthetic windows beside real ones, so that rare classes are no longer rare."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from diffecg.datasets.concatenation import concatenate
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.inference.model import Model
from diffecg.inference.sampling import Progress, Sampling

SYNTHETIC = "synthetic"
"""Recording of windows that no one's heart made."""


def wanted(counts: dict[str, int], to_ratio: float) -> dict[str, int]:
    """Return how many windows each class lacks to reach ``to_ratio`` times the largest class.

    Args:
        counts: real windows of each class.
        to_ratio: 1 makes all classes equally large.

    Raises:
        DiffecgError: a ratio that is not above zero.
    """
    if not (np.isfinite(to_ratio) and to_ratio > 0):
        raise DiffecgError(f"ratio {to_ratio} must be above 0; 1 makes all classes equally large")
    aim = round(to_ratio * max(counts.values()))
    return {label: aim - count for label, count in counts.items() if count < aim}


def augment(
    windows: Windows,
    model: Model,
    *,
    to_ratio: float = 1.0,
    seed: int = 0,
    sampling: Sampling | None = None,
    progress: Progress | None = None,
) -> Windows:
    """Return the windows with synthetic ones added to the part ``train``; the other parts stay real.

    Added rows have the recording ``synthetic``, their seed as sample, and the column ``synthetic`` set.

    Args:
        windows: prepared windows.
        model: what makes the new ones; classes that it does not know stay as they are.
        to_ratio: size of each class, as a multiple of the largest class's.
        seed: of the first new window.
        sampling: how they are drawn; None: the model's own way.
        progress: called with windows done and in all.

    Raises:
        DiffecgError: the windows are not such as the model makes, or nothing is to be added.
    """
    window, shape = model.config.window, windows.signal.shape[1:]
    if shape != (len(window.leads), window.length) or windows.fs_hz != window.fs_hz:
        raise DiffecgError(
            f"the windows hold {shape[0]} lead(s) x {shape[1]} samples at {windows.fs_hz:g} Hz, {model.name} "
            f"makes {len(window.leads)} x {window.length} at {window.fs_hz:g} Hz; prepare them alike"
        )
    found = windows.partition("train").index["label"].value_counts().to_dict()
    known = {label: found[label] for label in model.labels if label in found}
    if not known:
        raise DiffecgError(
            f"the training part has no class that {model.name} makes ({', '.join(model.labels)})"
        )
    lacking = wanted(known, to_ratio)
    if not lacking:
        raise DiffecgError(f"no class has less than {to_ratio:g} times the largest; choose a larger ratio")
    labels = [label for label, count in lacking.items() for _ in range(count)]
    way = sampling or Sampling()
    made = model.generate(
        labels,
        len(labels),
        seed,
        sampler=way.sampler,
        steps=way.steps,
        batch_size=way.batch_size,
        progress=progress,
    )
    real = replace(windows, index=windows.index.assign(synthetic=False))
    new = replace(made, channels=windows.channels, index=synthetic_index(made, window.leads[0]))
    note = {**made.info, "to_ratio": to_ratio, "seed": seed, "added": lacking}
    return replace(concatenate([real, new]), info={**windows.info, "augmented": note})


def synthetic_index(made: Windows, lead: str) -> pd.DataFrame:
    """Return the index of synthetic windows with the columns of prepared ones."""
    return pd.DataFrame(
        {
            "recording": SYNTHETIC,
            "sample": made.seeds,
            "symbol": made.labels,
            "label": made.labels,
            "partition": "train",
            "lead": lead,
            "fs_hz": made.fs_hz,
            "rr_before_s": np.nan,
            "rr_after_s": np.nan,
            "beats": "",
            "synthetic": True,
        }
    )
