"""``python -m research imputation-networks``: train the networks that imputation is compared with."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from cyclopts import Parameter
from jaxtyping import Int16

from diffecg.cli.console import Threads, use_threads
from diffecg.datasets.splits import split
from diffecg.errors import DiffecgError
from diffecg.evaluation.imputation.ptbxl import DATABASE_FILE
from diffecg.formats.registry import read_recording
from diffecg.signal.resampling import resample
from diffecg.training.masks import draw_masks
from research.rivals.imputation_networks import NETWORKS
from research.rivals.imputers import MIN_SPREAD_MV, WINDOWS, normalisation
from research.rivals.network_training import Batch, train_networks

TRAIN_FOLDS = range(1, 9)
TASKS = (0.0, 0.8, 0.2)
"""Shares of generation, imputation and forecasting."""
BATCH = 32
_UV_PER_MV = 1000.0

Lead = Int16[np.ndarray, " time"]
"""A lead at 100 Hz, in µV."""


def imputation_networks(
    mitdb: Annotated[Path, Parameter(help="MIT-BIH Arrhythmia Database.")],
    ptbxl: Annotated[Path, Parameter(help="PTB-XL as released.")],
    /,
    *,
    out: Path,
    minutes: float = 12.0,
    only: tuple[str, ...] = tuple(NETWORKS),
    recordings: int | None = None,
    seed: int = 0,
    threads: Threads = 1,
) -> None:
    """Train a U-Net, and SAITS and CSDI of PyPOTS, on the same windows for the same time.

    Example: python -m research imputation-networks mitdb/ ptbxl/ --out networks/

    The windows are 10 s of any lead of DS1 (without 201) or, half of the time, of PTB-XL's folds 1 to 8, at
    100 Hz, with random gaps and forecasts. Compare with: diffecg evaluate-task --vs unet=networks/unet ...
    SAITS and CSDI need: pip install pypots==1.5.

    Args:
        out: Folder of the networks.
        minutes: Processor time of the training of each network.
        only: Names of the networks to train.
        recordings: Number of recordings of PTB-XL; default: all of the folds.
        seed: Seed of weights, windows and gaps.
    """
    use_threads(threads)
    databases = [list(_mitdb_leads(mitdb)), list(_ptbxl_leads(ptbxl, recordings))]
    train_networks(
        only,
        WINDOWS,
        partial(draw_batch, databases),
        out=out,
        minutes=minutes,
        seed=seed,
        about={"leads": [len(leads) for leads in databases]},
    )


def draw_batch(databases: list[list[Lead]], rng: np.random.Generator) -> Batch:
    """Return windows of random leads, normalised by what is observed, with random gaps.

    Args:
        databases: leads by database; each is drawn from equally often.
        rng: random generator.
    """
    observed = draw_masks(rng, BATCH, 1, WINDOWS.samples, TASKS)[:, 0]
    signal = np.empty((BATCH, WINDOWS.samples), np.float32)
    for i in range(BATCH):
        leads = databases[rng.integers(len(databases))]
        lead = leads[rng.integers(len(leads))]
        start = rng.integers(len(lead) - WINDOWS.samples + 1)
        signal[i] = lead[start : start + WINDOWS.samples] / _UV_PER_MV
        level, spread = normalisation(signal[i], observed[i], MIN_SPREAD_MV)
        signal[i] = (signal[i] - level) / spread
    masks = observed[..., None]
    return Batch(signal=signal[..., None], observed=masks, hidden=~masks)


def _mitdb_leads(folder: Path) -> Iterator[Lead]:
    for name in split("strict").train:
        recording = read_recording(folder / name)
        yield from _to_microvolts(resample(recording.signal_mv, recording.fs_hz, WINDOWS.fs_hz))


def _ptbxl_leads(folder: Path, count: int | None) -> Iterator[Lead]:
    table = folder / DATABASE_FILE
    if not table.is_file():
        raise DiffecgError(f"{folder} is not PTB-XL as released: {DATABASE_FILE} is missing")
    database = pd.read_csv(table, usecols=["filename_lr", "strat_fold"])
    names = database.loc[database["strat_fold"].isin(TRAIN_FOLDS), "filename_lr"].tolist()
    for name in names[:count]:
        signal_mv = read_recording(folder / name).signal_mv
        if np.isfinite(signal_mv).all():
            yield from _to_microvolts(signal_mv)


def _to_microvolts(signal_mv: np.ndarray) -> Int16[np.ndarray, "lead time"]:
    limit = np.iinfo(np.int16).max
    return np.clip(np.rint(signal_mv * _UV_PER_MV), -limit, limit).astype(np.int16)
