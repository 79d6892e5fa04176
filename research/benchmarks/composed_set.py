"""``python -m research compose-set``: a set of recordings under the conditions of a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from cyclopts import Parameter

from diffecg.cli.console import Threads, progress_bar, use_threads
from diffecg.composition.beat_source import HEART_RATE, LABELS
from diffecg.composition.model_beats import ModelBeats
from diffecg.composition.options import SEX
from diffecg.composition.strips import compose_windows
from diffecg.composition.timing import HEART_RATE_RANGE
from diffecg.files import new_folder
from diffecg.inference.loading import load
from diffecg.inference.model import Model
from research.benchmarks.twelve_leads.baselines import Source
from research.benchmarks.twelve_leads.records import TRAIN_FOLDS, read_ptbxl

SIGNAL, TABLE = "signal_mv.npy", "conditions.parquet"
SEX_NUMBER = "sex"
DURATION_S = 10.0
UV_PER_MV = 1000.0
BATCH = 256


def compose_set(
    conditions: Annotated[Path, Parameter(help="Table of conditions (.parquet), a row for each recording.")],
    /,
    *,
    out: Path,
    model: str = "ptbxl-beat",
    steps: int | None = None,
    seed: int = 0,
    threads: Threads = 1,
    force: bool = False,
) -> None:
    """Compose a recording of 10 s under the conditions of each row of a table.

    Example: python -m research compose-set training/conditions.parquet --out sets/ptbxl-beat

    The folder gets signal_mv.npy, of shape (recording, lead, time), in uV as integers, the leads those of the
    model; and conditions.parquet, the table with the column seed: the numbers of the rows.

    Args:
        out: Folder to write.
        model: A model of beats of several leads.
        steps: Sampling steps.
        seed: Seed of the first recording.
    """
    use_threads(threads)
    loaded = load(model)
    assert isinstance(loaded, Model)
    source = ModelBeats(loaded, steps=steps)
    table = pd.read_parquet(conditions)
    rows = model_conditions(table, source)
    with new_folder(out, force=force) as folder, progress_bar("compose-set") as progress:
        done = 0
        chunks = compose_windows(source, rows, DURATION_S, seed=seed, leads=source.leads, batch_size=BATCH)
        for windows in chunks:
            if not done:
                shape = (len(table), *windows.signal.shape[1:])
                signal = np.lib.format.open_memmap(folder / SIGNAL, "w+", np.dtype(np.int16), shape)
            signal[done : done + len(windows)] = np.rint(windows.signal_mv * UV_PER_MV)
            done += len(windows)
            progress(done, len(table))
        signal.flush()
        table.assign(seed=seed + np.arange(len(table))).to_parquet(folder / TABLE)


def compose_training_set(ptbxl: Path, out: Path, *, cache: Path, model: str, threads: int | None) -> None:
    """Compose a recording for each training record of PTB-XL with a superclass, unless it was done before.

    Args:
        ptbxl: PTB-XL as released.
        out: folder of the set; its conditions are written beside it.
        cache: folder of a copy of PTB-XL.
        model: a model of beats of several leads.
        threads: number of threads.
    """
    if out.exists():
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    conditions = out.parent / TABLE
    training_conditions(ptbxl, cache, load(model).labels).to_parquet(conditions)
    compose_set(conditions, out=out, model=model, threads=threads)


def model_conditions(table: pd.DataFrame, source: ModelBeats) -> pd.DataFrame:
    """Return the columns of a table that the model is conditioned on: all statements, and numbers."""
    numbers = [name for name in (*source.numbers, HEART_RATE) if name in table]
    chosen = table[[LABELS, *numbers]].assign(**{LABELS: table[LABELS].map(tuple)})
    if SEX_NUMBER in numbers and not pd.api.types.is_numeric_dtype(table[SEX_NUMBER]):
        chosen[SEX_NUMBER] = table[SEX_NUMBER].map(SEX)
    if HEART_RATE in numbers:
        chosen[HEART_RATE] = table[HEART_RATE].clip(*HEART_RATE_RANGE)
    return chosen


def training_conditions(ptbxl: Path, cache: Path, known: tuple[str, ...]) -> pd.DataFrame:
    """Return the conditions of the training records with a superclass, without labels that are not known."""
    table = Source.of(read_ptbxl(ptbxl, cache).folds(TRAIN_FOLDS).with_superclass()).records.table
    kept = table["labels"].map(lambda labels: [label for label in labels if label in known])
    return table.assign(labels=kept)
