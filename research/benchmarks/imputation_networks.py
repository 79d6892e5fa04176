"""``python -m research imputation-networks``: train the networks that imputation is compared with."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import torch
from cyclopts import Parameter
from jaxtyping import Bool, Float32, Int16

from diffecg.cli.console import Threads, use_threads
from diffecg.datasets.splits import split
from diffecg.errors import DiffecgError
from diffecg.evaluation.imputation.ptbxl import DATABASE_FILE
from diffecg.formats.registry import read_recording
from diffecg.signal.resampling import resample
from diffecg.training.masks import draw_masks
from research.rivals.imputation_networks import FS_HZ, NETWORKS, SAMPLES, TrainedNetwork
from research.rivals.imputers import normalisation

TRAIN_FOLDS = range(1, 9)
TASKS = (0.0, 0.8, 0.2)
"""Shares of generation, imputation and forecasting."""
BATCH, LEARNING_RATE = 32, 1e-3
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
        minutes: Training time of each network.
        only: Names of the networks to train.
        recordings: Number of recordings of PTB-XL; default: all of the folds.
        seed: Seed of weights, windows and gaps.
    """
    use_threads(threads)
    databases = [list(_mitdb_leads(mitdb)), list(_ptbxl_leads(ptbxl, recordings))]
    about = {"minutes": minutes, "seed": seed, "leads": [len(leads) for leads in databases]}
    for kind in only:
        trained, steps, loss = train_network(kind, databases, minutes=minutes, seed=seed)
        trained.save(out / kind, {**about, "steps": steps, "loss": loss})
        print(f"{kind}: {steps} steps, loss {loss:.4f}", flush=True)


def train_network(
    kind: str, databases: list[list[Lead]], *, minutes: float, seed: int
) -> tuple[TrainedNetwork, int, float]:
    """Return a network trained for a time, the number of steps, and the mean loss of the last tenth.

    Args:
        kind: name of the network.
        databases: leads by database; each is drawn from equally often.
        minutes: training time; the learning rate falls to zero over it.
        seed: seed of weights, windows and gaps.
    """
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        trained = TrainedNetwork.create(kind)
        network = trained.network.train()
        optimiser = torch.optim.AdamW(network.parameters(), LEARNING_RATE)
        losses: list[float] = []
        start = time.monotonic()
        while (share := (time.monotonic() - start) / (60 * minutes)) < 1:
            for group in optimiser.param_groups:
                group["lr"] = LEARNING_RATE * 0.5 * (1 + np.cos(np.pi * share))
            signal, observed = draw_batch(databases, rng)
            loss = network.loss(torch.from_numpy(signal), torch.from_numpy(observed))
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            losses.append(float(loss.detach()))
    network.eval()
    return trained, len(losses), float(np.mean(losses[-max(len(losses) // 10, 1) :]))


def draw_batch(
    databases: list[list[Lead]], rng: np.random.Generator
) -> tuple[Float32[np.ndarray, "window time"], Bool[np.ndarray, "window time"]]:
    """Return windows of random leads, normalised by what is observed, with random gaps.

    Args:
        databases: leads by database.
        rng: random generator.
    """
    observed = draw_masks(rng, BATCH, 1, SAMPLES, TASKS)[:, 0]
    signal = np.empty((BATCH, SAMPLES), np.float32)
    for i in range(BATCH):
        leads = databases[rng.integers(len(databases))]
        lead = leads[rng.integers(len(leads))]
        start = rng.integers(len(lead) - SAMPLES + 1)
        signal[i] = lead[start : start + SAMPLES] / _UV_PER_MV
        level, spread = normalisation(signal[i], observed[i])
        signal[i] = (signal[i] - level) / spread
    return signal, observed


def _mitdb_leads(folder: Path) -> Iterator[Lead]:
    for name in split("strict").train:
        recording = read_recording(folder / name)
        yield from _to_microvolts(resample(recording.signal_mv, recording.fs_hz, FS_HZ))


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
