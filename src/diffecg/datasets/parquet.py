"""Prepared windows as Parquet: one row for each window, its signal as nested lists (lead, time)."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Float, Float32

from diffecg.errors import DiffecgError, one_line

SIGNAL = pa.list_(pa.list_(pa.float32()))
"""Arrow type of a column of windows."""

_INDEX = pa.schema(
    [
        ("recording", pa.string()),
        ("sample", pa.int64()),
        ("time_s", pa.float64()),
        ("symbol", pa.string()),
        ("label", pa.string()),
        ("partition", pa.string()),
        ("lead", pa.string()),
        ("fs_hz", pa.float64()),
        ("rr_before_s", pa.float64()),
        ("rr_after_s", pa.float64()),
        ("rr_before_ratio", pa.float64()),
        ("rr_after_ratio", pa.float64()),
        ("beats", pa.string()),
    ]
)
_SCHEMA = _INDEX.append(pa.field("signal_mv", SIGNAL))


def nested(signal: Float[np.ndarray, "window lead time"]) -> pa.Array:
    """Return windows as an Arrow array of lists (lead) of lists (time).

    Raises:
        DiffecgError: more samples than Arrow's list offsets can count.
    """
    count, leads, length = signal.shape
    if signal.size >= 2**31:
        raise DiffecgError(f"{count} windows are too many for one Parquet file; choose a smaller shard size")
    values = pa.array(np.asarray(signal, dtype=np.float32).ravel())
    rows = pa.ListArray.from_arrays(np.arange(0, count * leads * length + 1, length, dtype=np.int32), values)
    return pa.ListArray.from_arrays(np.arange(0, count * leads + 1, leads, dtype=np.int32), rows)


def to_parquet(signal_mv: Float32[np.ndarray, "window lead time"], index: pd.DataFrame) -> bytes:
    """Return prepared windows as the content of a Parquet file; equal windows give equal bytes.

    Args:
        signal_mv: samples, in mV.
        index: index of the windows.
    """
    columns = [
        pa.array(index.get(field.name, [None] * len(index)), field.type, from_pandas=True) for field in _INDEX
    ]
    table = pa.table([*columns, nested(signal_mv)], schema=_SCHEMA)
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def from_parquet(
    content: bytes, shape: tuple[int, int], path: str
) -> tuple[Float32[np.ndarray, "window lead time"], pd.DataFrame]:
    """Return signal (in mV) and index of the content of a Parquet file.

    Args:
        content: the file's content.
        shape: number of leads and of samples of a window.
        path: path or URL of the file, for messages.

    Raises:
        DiffecgError: the file is damaged, or its windows have another shape.
    """
    try:
        table = pq.read_table(io.BytesIO(content), schema=_SCHEMA)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DiffecgError(
            f"{path} is not a Parquet file of windows ({one_line(error)}); write the set again to another "
            "--out"
        ) from error
    values = table["signal_mv"].combine_chunks().flatten().flatten().to_numpy()
    if len(values) != len(table) * shape[0] * shape[1]:
        raise DiffecgError(
            f"{path} has windows of another size than {shape[0]} x {shape[1]} samples; write the set again "
            "to another --out"
        )
    return values.reshape(len(table), *shape), table.select(_INDEX.names).to_pandas()
