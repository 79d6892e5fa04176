"""Recordings in tables: CSV, TSV, TXT, compressed or not, Parquet, and DataFrames."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Shaped

from diffecg.errors import DiffecgError, one_line
from diffecg.formats.annotation_table import annotation_path, read_annotation_table, write_annotation_table
from diffecg.formats.options import ReadOptions
from diffecg.formats.recording import Recording
from diffecg.formats.samples import ArraySource
from diffecg.formats.tables.context import Context
from diffecg.formats.tables.frames import frame_columns, is_column_index
from diffecg.formats.tables.interpretation import interpret
from diffecg.formats.tables.parquet_writer import KeptParquet, parquet_columns, write_parquet
from diffecg.formats.tables.plain import plain_frame, plain_losses
from diffecg.formats.tables.table import Table
from diffecg.formats.tables.text_files import COMPRESSIONS, file_stamp, open_bytes, table_stem
from diffecg.formats.tables.text_layout import find_layout
from diffecg.formats.tables.text_reader import read_columns
from diffecg.formats.tables.text_writer import KeptText, write_text
from diffecg.signal.channels import make_channels
from diffecg.signal.resampling import check_rate

PARQUET = ".parquet"
"""Suffix of Parquet files; all others are text."""


def read(path: Path, options: ReadOptions) -> Recording:
    """Read a text table or a Parquet file with one column for each channel.

    Raises:
        DiffecgError: the file is missing or damaged; it has no column of samples; its sampling rate is
            unknown or its times are uneven; the unit of whole numbers is unknown.
    """
    load = _load_parquet if path.suffix.lower() == PARQUET else _load_text
    table, kept = load_file(path, partial(load, options=options))
    return recording_from_table(table, path, kept)


def load_file(path: Path, load: Callable[[Path], Any]) -> Any:
    """Load a file with another library's reader and translate its exceptions.

    Raises:
        DiffecgError: the file is missing, or the reader fails for any reason.
    """
    if not path.is_file():
        raise DiffecgError(f"no file at {path}")
    try:
        return load(path)
    except DiffecgError:
        raise
    except Exception as error:  # the libraries raise exceptions of many types for damaged files
        suffix = _table_suffix(path.name)[1:].upper()
        raise DiffecgError(f"{path} cannot be read as {suffix} ({one_line(error)})") from error


def _load_text(path: Path, options: ReadOptions) -> tuple[Table, KeptText | None]:
    """Return the table in a text file, and what is needed to write it again."""
    layout = find_layout(path)
    context = Context(
        path=path,
        fs_hz=options.fs_hz,
        units=options.units,
        preamble=layout.preamble,
        has_headings=layout.has_headings,
        assumptions=layout.assumptions,
    )
    table = interpret(read_columns(layout), context)
    kept = KeptText(
        layout=layout,
        positions=table.positions,
        time_positions=table.time_positions,
        samples=table.samples,
        stamp=file_stamp(path),
    )
    return table, kept if layout.is_editable else None


def _load_parquet(path: Path, options: ReadOptions) -> tuple[Table, KeptParquet]:
    """Return the table in a Parquet file, and what is needed to write it again."""
    frame = pd.read_parquet(path)
    context = Context(path=path, fs_hz=options.fs_hz, units=options.units)
    table = interpret(frame_columns(frame), context)
    has_index = is_column_index(frame)
    names = parquet_columns(frame, has_index)
    kept = KeptParquet(
        path=path,
        columns=tuple(names[position] for position in table.positions),
        times=tuple(names[position] for position in {*table.time_positions, *range(has_index)}),
        samples=table.samples,
        stamp=file_stamp(path),
    )
    return table, kept


def recording_from_frame(frame: pd.DataFrame, path: Path, fs_hz: float | None, unit: str) -> Recording:
    """Return the recording in a DataFrame with one column for each channel.

    The sampling rate follows from a column or an index of times unless ``fs_hz`` is given. Absent rows are
    missing samples. A column names its unit as ``II (mV)``, ``II [uV]`` or ``II_uV``.

    Args:
        frame: the table; columns that are not numeric are ignored.
        path: file of the table, for the name and for messages.
        fs_hz: sampling rate in Hz; required without times.
        unit: unit of the columns that do not name one; empty: none.

    Raises:
        DiffecgError: the table has no column of samples; its sampling rate is unknown; its times are uneven.
    """
    context = Context(path=path, fs_hz=fs_hz, units={"": unit or "mV"})
    return recording_from_table(interpret(frame_columns(frame), context), path, None, unit)


def recording_from_table(
    table: Table, path: Path, kept: KeptText | KeptParquet | None = None, unit: str = ""
) -> Recording:
    """Return the recording in a table.

    Args:
        table: evenly sampled columns.
        path: its file.
        kept: what is needed to write the file again; None: a new table is written.
        unit: unit of the channels for which the table states none; empty: none.

    Raises:
        DiffecgError: the sampling rate is unknown.
    """
    if table.fs_hz is None:
        raise DiffecgError(
            f"{path} has neither a time column nor a sampling rate; give the rate in Hz with --fs"
        )
    if not table.fs_hz > 0:
        check_rate(table.fs_hz)
    source = ArraySource(np.stack(list(table.columns.values())), table.fs_hz)
    return Recording(
        name=table_stem(path),
        channels=make_channels(tuple(table.columns), [stated or unit for stated in table.units]),
        source=source,
        path=path,
        format=_table_suffix(path.name)[1:].upper(),
        time=table.time,
        load_annotations=partial(
            read_annotation_table,
            annotation_path(path),
            table.fs_hz,
            source.lengths[0] / table.fs_hz,
            table.time,
        ),
        assumptions=tuple(table.assumptions),
        warnings=tuple(table.warnings),
        layout=None if kept is None else kept.with_source(source),
    )


def losses(recording: Recording, suffix: str) -> list[str]:
    """Return what a table cannot hold of a recording.

    Raises:
        DiffecgError: the channels have several sampling rates; the file that was read has changed since.
    """
    kept = _kept(recording, suffix)
    if kept is not None:
        kept.check_unchanged()
        return []
    found = plain_losses(recording)
    if isinstance(recording.layout, (KeptText, KeptParquet)):
        found.append(f"the layout of {recording.path.name} is not kept: a plain table is written")
    return found


def write(path: Path, recording: Recording) -> None:
    """Write a table with columns of times and channels, and the annotations in a file beside it.

    A recording that was read from a file of the same kind, with nothing but samples replaced, is written as
    that file: other columns, headings, separators, decimals and line ends stay as they are.
    """
    kept = _kept(recording, "".join(path.suffixes[-2:]) if path.suffix in COMPRESSIONS else path.suffix)
    edits = edited_samples(recording)
    if isinstance(kept, KeptText):
        write_text(path, kept, edits)
    elif kept is not None:
        write_parquet(path, kept, edits)
    elif path.suffix.lower() == PARQUET:
        plain_frame(recording).to_parquet(path, index=False)
    else:
        separator = "," if _table_suffix(path.name) == ".csv" else "\t"
        with open_bytes(path, "wb") as stream:
            plain_frame(recording).to_csv(stream, index=False, sep=separator)
    write_annotation_table(path, recording)


def _kept(recording: Recording, suffix: str) -> KeptText | KeptParquet | None:
    """Return the file as which a recording can be written again, None if it is another kind of file."""
    layout = recording.layout
    if not isinstance(layout, (KeptText, KeptParquet)):
        return None
    same_kind = _table_suffix(f"x{suffix}") == _table_suffix(recording.path.name)
    return layout if same_kind and recording.source.unedited is layout.source else None


def _table_suffix(name: str) -> str:
    """Return the suffix of a file name without that of a compression."""
    path = Path(name.lower())
    return Path(path.stem).suffix if path.suffix in COMPRESSIONS else path.suffix


def edited_samples(recording: Recording) -> dict[int, Shaped[np.ndarray, " time"]]:
    """Return the replaced samples of channels, by row; NaN where a sample is not replaced."""
    source = recording.source
    edited: dict[int, Shaped[np.ndarray, " time"]] = {}
    for edit in source.edits:
        if edit.row not in edited:
            edited[edit.row] = np.full(source.lengths[edit.row], np.nan)
        edited[edit.row][edit.start : edit.stop] = edit.stored
    return edited
