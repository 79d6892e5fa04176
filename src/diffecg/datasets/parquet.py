"""Windows as Parquet: a row a window, its signal as nested lists (lead, time)."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from diffecg.errors import DiffecgError

SIGNAL = pa.list_(pa.list_(pa.float32()))
"""The type of a column of windows."""
_INDEX = pa.schema(
    [
        ("recording", pa.string()),
        ("sample", pa.int64()),
        ("symbol", pa.string()),
        ("label", pa.string()),
        ("partition", pa.string()),
        ("lead", pa.string()),
        ("fs_hz", pa.float64()),
        ("rr_before_s", pa.float64()),
        ("rr_after_s", pa.float64()),
        ("beats", pa.string()),
    ]
)
_SCHEMA = _INDEX.append(pa.field("signal_mv", SIGNAL))


def nested(signal_mv: NDArray[np.float32]) -> pa.Array:
    """Return windows (window lead time) as an array of lists of lists.

    Raises:
        DiffecgError: there are more samples than Parquet's lists can count.
    """
    count, leads, length = signal_mv.shape
    if signal_mv.size >= 2**31:
        raise DiffecgError(f"{count} windows are too many for one Parquet file; choose smaller shards")
    values = pa.array(signal_mv.ravel())
    rows = pa.ListArray.from_arrays(np.arange(0, count * leads * length + 1, length, dtype=np.int32), values)
    return pa.ListArray.from_arrays(np.arange(0, count * leads + 1, leads, dtype=np.int32), rows)


def to_parquet(signal_mv: NDArray[np.float32], index: pd.DataFrame) -> bytes:
    """Return prepared windows as the content of a Parquet file; the same windows give the same bytes.

    Args:
        signal_mv: (window lead time), in mV.
        index: a row a window, as :class:`~diffecg.datasets.windows.Windows` has it.
    """
    columns = [
        pa.array(index.get(field.name, [None] * len(index)), field.type, from_pandas=True) for field in _INDEX
    ]
    buffer = io.BytesIO()
    table = pa.table([*columns, nested(signal_mv)], schema=_SCHEMA)
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def from_parquet(content: bytes, shape: tuple[int, int]) -> tuple[NDArray[np.float32], pd.DataFrame]:
    """Return what :func:`to_parquet` was given.

    Args:
        content: of the file.
        shape: leads and samples of a window.

    Raises:
        DiffecgError: it is no such file, or of windows of another shape.
    """
    try:
        table = pq.read_table(io.BytesIO(content), schema=_SCHEMA)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DiffecgError(f"a shard is no Parquet of windows ({' '.join(str(error).split())})") from error
    values = table["signal_mv"].combine_chunks().flatten().flatten().to_numpy()
    if len(values) != len(table) * shape[0] * shape[1]:
        raise DiffecgError(f"a shard holds windows of other sizes than {shape[0]} x {shape[1]} samples")
    return values.reshape(len(table), *shape), table.select(_INDEX.names).to_pandas()
