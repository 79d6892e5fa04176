"""Windows in CSV files: one row for each window and lead, the data card in a file beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from diffecg.datasets.formats.card import CardWriter
from diffecg.datasets.formats.content import LABEL, FileContent, file_index
from diffecg.datasets.formats.heartbeats import has_header, read_without_header
from diffecg.datasets.formats.tables import SAMPLE, table_content
from diffecg.datasets.labels import UNKNOWN
from diffecg.datasets.windows import Windows
from diffecg.formats.annotation_table import read_csv

DECIMALS = 5
"""Samples are written in steps of 10 nV."""


def read(path: Path) -> FileContent:
    """Read a table of windows; numeric columns contain the samples."""
    if not has_header(path):
        return read_without_header(path)
    card = path.with_suffix(".card.json")
    table = read_csv(path, converters=dict.fromkeys(LABEL, _label))
    return table_content(path, table, card.read_bytes() if card.is_file() else b"{}")


def _label(cell: str) -> str:
    """Return the label in a cell: its text, such as ``01``; numbers of classes lose their decimals."""
    text = re.sub(r"^(-?\d+)\.0+$", r"\1", cell.strip())
    return UNKNOWN if text in ("", "nan") else text


def write(chunks: Iterator[Windows], card: CardWriter, path: Path) -> None:
    """Write windows in chunks: the columns of the index, ``lead``, ``fs_hz`` and the samples ``mv_0``, …."""
    with path.open("w", newline="") as file:
        for chunk in chunks:
            count, leads, length = chunk.signal.shape
            samples = pd.DataFrame(
                np.round(chunk.signal_mv.reshape(count * leads, length).astype(np.float64), DECIMALS),
                columns=[f"{SAMPLE}{i}" for i in range(length)],
            )
            index = file_index(chunk).loc[np.repeat(np.arange(count), leads)].reset_index(drop=True)
            index["lead"] = np.tile(chunk.channel_names, count)
            index["fs_hz"] = chunk.fs_hz
            table = pd.concat([index, samples], axis=1)
            table.to_csv(file, index=False, header=file.tell() == 0)
