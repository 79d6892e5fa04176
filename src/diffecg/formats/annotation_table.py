"""Annotations of a table or array, in the file ``NAME_annotations.csv`` beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from diffecg.errors import DiffecgError, one_line
from diffecg.formats.annotations import NOTE, Annotation
from diffecg.formats.file_time import FileTime
from diffecg.formats.recording import Recording
from diffecg.formats.tables.text_files import table_stem

ANNOTATIONS = "_annotations.csv"
"""Suffix that replaces the table's own."""

_MAX_SAMPLE = 2**53
"""Largest sample number that an annotation may have; beyond, floats lose integers."""


def annotation_path(path: Path) -> Path:
    """Return the file of the annotations of a table or array."""
    return path.with_name(table_stem(path) + ANNOTATIONS)


def read_csv(
    path: Path,
    *,
    texts: Sequence[str] = (),
    converters: Mapping[str, Callable[[str], str]] | None = None,
) -> pd.DataFrame:
    """Read a CSV file; cells of the columns ``texts`` stay as they are written, such as ``00`` and ``nan``.

    Python's float parser reads numbers; the one of pandas crashes on exponents of many digits.

    Args:
        path: the file.
        texts: columns of text.
        converters: columns whose cells are converted, each by a function of its text.
    """
    return pd.read_csv(
        path,
        float_precision="round_trip",
        dtype=dict.fromkeys(texts, str),
        converters=dict(converters or {}),
        keep_default_na=not texts,
    )


def read_annotation_table(
    path: Path, fs_hz: float, duration_s: float = np.inf, axis: FileTime | None = None
) -> tuple[Annotation, ...]:
    """Read an annotation table; a file that does not exist has no annotations.

    The time of an annotation is in the columns ``sample`` and ``time_s``, seconds from the first sample. A
    table without ``sample`` may have ``time_s`` on the recording's own axis, if all times lie in it so.
    ``symbol``, ``text`` and ``duration_s`` are optional; without a symbol, annotations are notes.

    Args:
        path: the annotation table.
        fs_hz: sampling rate of the recording, in Hz.
        duration_s: duration of the recording, in seconds.
        axis: time axis of the recording; None: from zero.

    Raises:
        DiffecgError: the columns or their values are not those of annotations.
    """
    if not path.is_file():
        return ()
    try:
        table = read_csv(path, texts=("symbol", "text"))
        times = _times(table, fs_hz, duration_s, axis or FileTime())
        durations = _numbers(table, "duration_s") if "duration_s" in table else np.zeros(len(table))
        symbols = table["symbol"] if "symbol" in table else [NOTE] * len(table)
        texts = table["text"] if "text" in table else [""] * len(table)
        return tuple(
            Annotation(time_s=float(time), symbol=symbol, text=text, duration_s=float(duration))
            for time, symbol, text, duration in zip(times, symbols, texts, durations, strict=True)
        )
    except (ValueError, KeyError, OverflowError) as error:
        raise DiffecgError(
            f"{path} must have the columns sample or time_s, symbol and text of annotations "
            f"({one_line(error)})"
        ) from error


def _times(table: pd.DataFrame, fs_hz: float, duration_s: float, axis: FileTime) -> Float[np.ndarray, " row"]:
    """Return the times in seconds from the first sample."""
    if "sample" not in table:
        times = _numbers(table, "time_s")
        on_axis = times - axis.origin_s
        lies_inside = len(times) > 0 and on_axis.min() >= 0 and on_axis.max() <= duration_s
        return on_axis if lies_inside else times
    samples = _numbers(table, "sample")
    if (np.abs(samples) > _MAX_SAMPLE).any():
        raise ValueError(f"a sample number is above {_MAX_SAMPLE:,}")
    if (samples % 1 != 0).any():
        raise ValueError("a sample number is not a whole number")
    if "time_s" not in table:
        return samples / fs_hz
    times = _numbers(table, "time_s")
    if (np.abs(times * fs_hz - samples) > 1).any():
        raise ValueError(f"sample and time_s disagree at {fs_hz:g} Hz; remove one of the two columns")
    return times


def _numbers(table: pd.DataFrame, name: str) -> Float[np.ndarray, " row"]:
    """Return a column of finite numbers; empty cells are zero."""
    values = np.array([_number(cell) for cell in table[name]], dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError(f"{name} holds a value that is not a number")
    return values


def _number(cell: object) -> float:
    """Return the number in a cell; pandas' parser of numbers crashes on exponents of many digits.

    Raises:
        ValueError: the cell holds no number.
    """
    text = str(cell).strip()
    if "_" in text:  # Python's separator of thousands
        raise ValueError(f"{text!r} is not a number")
    return float(text or 0)


def write_annotation_table(path: Path, recording: Recording) -> None:
    """Write the annotations of a recording, if any, beside the table or array at ``path``."""
    if not recording.annotations:
        return
    fs_hz = recording.fs_hz
    table = pd.DataFrame(
        [
            (note.sample(fs_hz), note.time_s, note.symbol, note.text, note.duration_s)
            for note in recording.annotations
        ],
        columns=["sample", "time_s", "symbol", "text", "duration_s"],
    )
    table.to_csv(annotation_path(path), index=False)
