"""Windows in Parquet files: one row for each window, the signal as nested lists (lead, time)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from diffecg.datasets.formats.card import CardWriter
from diffecg.datasets.formats.content import FileContent, file_index
from diffecg.datasets.formats.tables import table_content
from diffecg.datasets.parquet import SIGNAL, nested
from diffecg.datasets.windows import Windows

METADATA = b"diffecg"
"""Key of the data card in the file's metadata."""


def read(path: Path) -> FileContent:
    """Read a table of windows; nested lists or numeric columns contain the samples."""
    card = (pq.read_metadata(path).metadata or {}).get(METADATA, b"{}")
    return table_content(path, pq.read_table(path).to_pandas(), card)


def write(chunks: Iterator[Windows], card: CardWriter, path: Path) -> None:
    """Write windows in chunks: the columns of the index, ``fs_hz``, ``signal_mv``; the card as metadata."""
    schema = pa.Schema.from_pandas(file_index(card.first), preserve_index=False).remove_metadata()
    columns = schema.append(pa.field("fs_hz", pa.float64())).append(pa.field("signal_mv", SIGNAL))
    with pq.ParquetWriter(path, columns) as writer:
        for chunk in chunks:
            index = pa.Table.from_pandas(file_index(chunk), schema=schema, preserve_index=False)
            arrays = [*index.columns, pa.array([chunk.fs_hz] * len(chunk)), nested(chunk.signal_mv)]
            writer.write_table(pa.table(arrays, schema=columns))
        writer.add_key_value_metadata({METADATA.decode(): json.dumps(card.card())})
