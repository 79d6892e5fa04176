"""Write a Parquet file again, with some samples replaced."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from diffecg.errors import DiffecgError
from diffecg.formats.samples import SampleSource
from diffecg.formats.tables.cell_formats import times_between
from diffecg.formats.tables.roles import is_counter_name
from diffecg.formats.tables.text_files import file_stamp
from diffecg.formats.tables.time_texts import day_is_first


@dataclass(frozen=True, kw_only=True, eq=False)
class KeptParquet:
    """What is needed to write a Parquet file as it was read.

    Attributes:
        path: the file.
        columns: name of the column of each channel.
        times: names of the columns of times.
        samples: number of the sample of each row.
        stamp: size and time of modification of the file when it was read.
        source: the samples that were read.
    """

    path: Path
    columns: tuple[str, ...]
    times: tuple[str, ...]
    samples: Int[np.ndarray, " row"]
    stamp: tuple[int, int]
    source: SampleSource | None = None

    def with_source(self, source: SampleSource) -> KeptParquet:
        """Return the same with the samples that were read."""
        return replace(self, source=source)

    def check_unchanged(self) -> None:
        """Check that the file is still the one that was read.

        Raises:
            DiffecgError: it has changed or is gone.
        """
        if not self.path.is_file() or file_stamp(self.path) != self.stamp:
            raise DiffecgError(f"{self.path} has changed since it was read; read it again")


def parquet_columns(frame: pd.DataFrame, has_index: bool) -> list[str]:
    """Return the names that the columns of a DataFrame have in its Parquet file.

    Args:
        frame: the DataFrame.
        has_index: whether the index is the first of the columns.
    """
    index = [str(frame.index.name or "__index_level_0__")] if has_index else []
    return index + [str(name) for name in frame.columns]


def write_parquet(path: Path, kept: KeptParquet, edits: Mapping[int, Float[np.ndarray, " time"]]) -> None:
    """Write a Parquet file with some samples replaced; types, index, other columns and metadata are kept.

    Rows that the file lacks are inserted where they have replaced samples.

    Args:
        path: the new file.
        kept: the file that was read.
        edits: new samples of some channels, by channel; NaN where a sample is not replaced.

    Raises:
        DiffecgError: the file has changed since it was read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    kept.check_unchanged()
    table = pq.read_table(kept.path)
    replaced = {kept.columns[row]: values for row, values in edits.items()}
    rows, samples = _rows(kept, replaced, table.num_rows)
    taken = table.take(pa.array(np.maximum(rows, 0), mask=rows < 0))
    for number, name in enumerate(table.column_names):
        column = taken.column(name).combine_chunks()
        is_continued = name in kept.times or is_counter_name(name)
        if (rows < 0).any() and name not in kept.columns:
            column = _continued(column, table.column(name).combine_chunks(), rows, is_continued)
        if name in replaced:
            column = _replaced(column, replaced[name], samples)
        taken = taken.set_column(number, table.schema.field(name), column)
    metadata = _metadata(table.schema.metadata, len(rows))
    pq.write_table(taken.replace_schema_metadata(metadata), path)


def _rows(
    kept: KeptParquet, replaced: Mapping[str, Float[np.ndarray, " time"]], count: int
) -> tuple[Int[np.ndarray, " row"], Int[np.ndarray, " row"]]:
    """Return the row of the file for each row that is written, -1 for inserted ones, and their samples."""
    is_new: Bool[np.ndarray, " time"] = np.zeros(kept.samples[-1] + 1, dtype=bool)
    for values in replaced.values():
        is_new |= np.isfinite(values)
    row_of_sample = np.full(len(is_new), -1)
    row_of_sample[kept.samples] = np.arange(len(kept.samples))
    samples = np.flatnonzero((row_of_sample >= 0) | is_new)
    trailing = np.arange(len(kept.samples), count)
    rows = np.concatenate([row_of_sample[samples], trailing])
    return rows, np.concatenate([samples, np.full(len(trailing), -1)])


def _replaced(column: Any, values: Float[np.ndarray, " time"], samples: Int[np.ndarray, " row"]) -> Any:
    """Return a column with the samples that are replaced, in its own type."""
    import pyarrow as pa
    import pyarrow.compute as pc

    chosen = np.where(samples >= 0, values[samples], np.nan)
    mask = np.isfinite(chosen)
    new = chosen[mask]
    if pa.types.is_integer(column.type):
        new = np.rint(new)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        texts = pa.array([repr(float(value)) for value in new], type=column.type)
        return pc.replace_with_mask(column, pa.array(mask), texts)
    return pc.replace_with_mask(column, pa.array(mask), pa.array(new).cast(column.type, safe=False))


def _continued(column: Any, original: Any, rows: Int[np.ndarray, " row"], is_continued: bool) -> Any:
    """Return a column whose inserted cells lie evenly between their neighbours, or repeat equal ones."""
    import pyarrow as pa
    import pyarrow.compute as pc

    inserted = np.flatnonzero(rows < 0)
    at = np.maximum.accumulate(np.where(rows >= 0, np.arange(len(rows)), 0))
    before, after = rows[at[inserted]], rows[at[inserted]] + 1
    step, count = inserted - at[inserted], _gap_lengths(rows)[inserted] + 1
    kind = column.type
    if (
        is_continued
        and (pa.types.is_temporal(kind) or pa.types.is_integer(kind))
        and not pa.types.is_date32(kind)
    ):
        width = pa.int32() if pa.types.is_time32(kind) else pa.int64()
        ticks = original.cast(width).to_numpy(zero_copy_only=False)
        new = ticks[before] + (ticks[after] - ticks[before]) * step // count
        cells = pa.array(new, type=width).cast(kind)
    elif is_continued and pa.types.is_floating(kind):
        numbers = original.to_numpy(zero_copy_only=False)
        cells = pa.array(numbers[before] + (numbers[after] - numbers[before]) * step / count, type=kind)
    else:
        texts = original.to_pylist()
        cells = pa.array(
            [
                _between(texts[first], texts[last], one, many - 1, is_continued)
                for first, last, one, many in zip(before, after, step, count, strict=True)
            ],
            type=kind,
        )
    return pc.replace_with_mask(column, pa.array(rows < 0), cells)


def _gap_lengths(rows: Int[np.ndarray, " row"]) -> Int[np.ndarray, " row"]:
    """Return the number of inserted rows in the same gap, for each row."""
    gap = np.cumsum(rows >= 0)
    return np.bincount(gap, weights=rows < 0).astype(np.int64)[gap]


def _between(first: Any, last: Any, step: int, count: int, is_continued: bool) -> Any:
    """Return the cell of one inserted row of a column of texts or other values."""
    if is_continued and isinstance(first, str) and isinstance(last, str):
        texts = times_between(first, last, count, day_is_first([first]))
        return texts[step - 1] if texts else None
    return first if first == last else None


def _metadata(metadata: dict[bytes, bytes] | None, rows: int) -> dict[bytes, bytes] | None:
    """Return the metadata of a file with the length of its index of row numbers."""
    if not metadata or b"pandas" not in metadata:
        return metadata
    described = json.loads(metadata[b"pandas"])
    for index in described.get("index_columns", []):
        if isinstance(index, dict) and index.get("kind") == "range":
            index["stop"] = index["start"] + rows * index["step"]
    return {**metadata, b"pandas": json.dumps(described).encode()}
