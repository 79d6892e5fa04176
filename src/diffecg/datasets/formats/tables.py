"""Windows in tables, of diffecg or of other programs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from diffecg.datasets.formats.content import (
    LEADS,
    NUMBERS,
    RESERVED,
    SIGNAL,
    FileContent,
    first_of,
)
from diffecg.errors import DiffecgError
from diffecg.signal.channels import repeated

SAMPLE = "mv_"
"""Prefix of the columns of samples that diffecg writes."""


def table_content(path: Path, table: pd.DataFrame, card: str | bytes) -> FileContent:
    """Return the windows of a table with one row for each window, or for each window and lead.

    The samples are a column of lists (time, or lead and time) called one of :data:`SIGNAL`; the columns
    ``mv_0``, ``mv_1``, … that diffecg writes; or all numeric columns that do not describe the window, as
    ``age`` does.

    Raises:
        DiffecgError: no windows, or columns with equal names.
    """
    table = table.rename(columns=str)
    if not len(table):
        raise DiffecgError(f"{path} holds no windows")
    if duplicates := repeated(table.columns):
        raise DiffecgError(f"{path} has several columns of the same name, {duplicates}; rename one")
    lists = {name: table[name] for name in map(str, table.columns) if _has_lists(table[name])}
    others = table.drop(columns=[name for name in lists if name not in RESERVED])
    signal = first_of(lists, SIGNAL)
    if signal is not None:
        return FileContent(signal=_stack(path, signal), columns=_columns(others), card=card)
    names = _sample_columns(others)
    samples = others[names].to_numpy(dtype=np.float64, na_value=np.nan)
    others = others.drop(columns=names)
    channels = others["lead"].map(str).unique().tolist() if "lead" in others else []
    if len(channels) < 2 or len(table) % len(channels):
        leads = {LEADS[0]: channels} if len(channels) == 1 else {}
        return FileContent(signal=samples, columns={**_columns(others), **leads}, card=card)
    count = len(channels)
    signal = samples.reshape(len(table) // count, count, -1)
    return FileContent(signal=signal, columns={**_columns(others[::count]), LEADS[0]: channels}, card=card)


def _columns(table: pd.DataFrame) -> dict[str, pd.Series]:
    table = table.reset_index(drop=True)
    return {name: table[name] for name in map(str, table.columns) if not name.startswith("Unnamed")}


def _has_lists(column: pd.Series) -> bool:
    return isinstance(column.iloc[0], (list, np.ndarray))


def _sample_columns(table: pd.DataFrame) -> list[str]:
    numeric = [
        name
        for name in map(str, table.columns)
        if name not in RESERVED | NUMBERS
        and not name.startswith("Unnamed")
        and pd.api.types.is_numeric_dtype(table[name])
    ]
    written = [name for name in numeric if name.startswith(SAMPLE) and name[len(SAMPLE) :].isdecimal()]
    return written or numeric


def _stack(path: Path, windows: pd.Series) -> Float[np.ndarray, "window lead time"]:
    """Return windows that are lists of samples, or of leads."""
    try:
        signal = np.array([np.vstack(window) for window in windows.map(list)], dtype=np.float64)
        return signal.transpose(0, 2, 1) if np.ndim(windows.iloc[0][0]) == 0 else signal
    except (ValueError, TypeError, IndexError) as error:
        raise DiffecgError(f"{path}: {windows.name!r} holds no windows of one length ({error})") from error
