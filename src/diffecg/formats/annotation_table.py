"""Annotations beside a table, in ``NAME_annotations.csv``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from diffecg.errors import DiffecgError
from diffecg.formats.recording import Annotation, Recording

ANNOTATIONS = "_annotations.csv"
"""Ends the name of the file with annotations beside a table."""

_FARTHEST = 2**53
"""Largest number of a sample that an annotation may name."""


def load_csv(path: Path, **how: Any) -> pd.DataFrame:
    """Return a table. Python reads the numbers: pandas' own way crashes on exponents of many digits."""
    table: pd.DataFrame = pd.read_csv(path, float_precision="round_trip", **how)
    return table


def read_annotation_table(path: Path) -> tuple[Annotation, ...]:
    """Return the annotations beside a table, nothing if there are none."""
    if not path.is_file():
        return ()
    try:
        table = load_csv(path, keep_default_na=False)
        if any(abs(int(sample)) > _FARTHEST for sample in table["sample"]):
            raise ValueError(f"a sample beyond {_FARTHEST:,}")
        columns = zip(table["sample"], table["symbol"], table["text"], strict=True)
        return tuple(
            Annotation(sample=int(sample), symbol=str(symbol), text=str(text))
            for sample, symbol, text in columns
        )
    except (ValueError, KeyError, OverflowError) as error:
        raise DiffecgError(f"{path} needs the columns sample, symbol and text ({error})") from error


def write_annotation_table(path: Path, recording: Recording) -> None:
    """Write the annotations beside a table, if there are any."""
    if notes := recording.annotations:
        table = pd.DataFrame(
            [(note.sample, note.sample / recording.fs_hz, note.symbol, note.text) for note in notes],
            columns=["sample", "time_s", "symbol", "text"],
        )
        table.to_csv(path.with_name(path.stem + ANNOTATIONS), index=False)
