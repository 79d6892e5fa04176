"""Annotations of a table or array, in the file ``NAME_annotations.csv`` beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from diffecg.errors import DiffecgError, one_line
from diffecg.formats.annotations import Annotation
from diffecg.formats.recording import Recording

ANNOTATIONS = "_annotations.csv"
"""Suffix that replaces the table's own."""

_MAX_SAMPLE = 2**53
"""Largest sample number that an annotation may have; beyond, floats lose integers."""


def read_csv(path: Path, *, texts: Sequence[str] = ()) -> pd.DataFrame:
    """Read a CSV file; cells of the columns ``texts`` stay as they are written, such as ``00`` and ``nan``.

    Python's float parser reads numbers; the one of pandas crashes on exponents of many digits.
    """
    return pd.read_csv(
        path,
        float_precision="round_trip",
        dtype=dict.fromkeys(texts, str),
        keep_default_na=not texts,
    )


def read_annotation_table(path: Path, fs_hz: float) -> tuple[Annotation, ...]:
    """Read an annotation table; a file that does not exist has no annotations.

    Raises:
        DiffecgError: the columns or their values are not those of annotations.
    """
    if not path.is_file():
        return ()
    try:
        table = read_csv(path, texts=("symbol", "text"))
        if any(abs(int(sample)) > _MAX_SAMPLE for sample in table["sample"]):
            raise ValueError(f"a sample number is above {_MAX_SAMPLE:,}")
        columns = zip(table["sample"], table["symbol"], table["text"], strict=True)
        return tuple(
            Annotation(time_s=int(sample) / fs_hz, symbol=symbol, text=text)
            for sample, symbol, text in columns
        )
    except (ValueError, KeyError, OverflowError) as error:
        raise DiffecgError(
            f"{path} must have the columns sample, symbol and text of annotations ({one_line(error)})"
        ) from error


def write_annotation_table(path: Path, recording: Recording) -> None:
    """Write the annotations of a recording, if any, beside the table at ``path``."""
    if not recording.annotations:
        return
    table = pd.DataFrame(
        [
            (annotation.sample(recording.fs_hz), annotation.time_s, annotation.symbol, annotation.text)
            for annotation in recording.annotations
        ],
        columns=["sample", "time_s", "symbol", "text"],
    )
    table.to_csv(path.with_name(path.stem + ANNOTATIONS), index=False)
