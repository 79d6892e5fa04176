"""Windows in NumPy's npz files."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Shaped

from diffecg.datasets.formats.card import CardWriter
from diffecg.datasets.formats.content import SIGNAL, FileContent, file_index, first_of
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.formats.arrays import load_arrays


def read(path: Path) -> FileContent:
    """Read the arrays of a file.

    Raises:
        DiffecgError: no array has one of the names of samples.
    """
    arrays = load_arrays(path)
    signal = first_of(arrays, SIGNAL)
    if signal is None:
        raise DiffecgError(
            f"{path} holds {', '.join(arrays) or 'nothing'}; the windows must be an array called one of "
            f"{', '.join(SIGNAL)}"
        )
    columns = {name: array for name, array in arrays.items() if array is not signal}
    return FileContent(signal=signal, columns=columns, card=str(arrays.get("card", "{}")))


def write(chunks: Iterator[Windows], card: CardWriter, path: Path) -> None:
    """Write windows in chunks: ``signal_mv``, ``fs_hz``, ``leads``, ``card`` and the columns of the index."""
    indices = []
    with zipfile.ZipFile(path, "w") as archive:
        with archive.open("signal_mv.npy", "w", force_zip64=True) as file:
            header = np.lib.format.header_data_from_array_1_0(card.first.signal_mv)
            header["shape"] = (card.total, *card.first.signal.shape[1:])
            np.lib.format.write_array_header_1_0(file, header)
            for chunk in chunks:
                file.write(np.ascontiguousarray(chunk.signal_mv).data)
                indices.append(file_index(chunk))
        index = pd.concat(indices, ignore_index=True)
        arrays = {
            "fs_hz": np.float64(card.first.fs_hz),
            "leads": np.array(card.first.channel_names, dtype=np.str_),
            **{_ARRAYS.get(name, name): _to_array(index[name]) for name in map(str, index.columns)},
            "card": np.array(json.dumps(card.card()), dtype=np.str_),
        }
        for name, values in arrays.items():
            with archive.open(f"{name}.npy", "w") as file:
                np.lib.format.write_array(file, np.asanyarray(values), allow_pickle=False)


_ARRAYS = {"label": "labels", "seed": "seeds", "recording": "recordings"}
"""Names of the arrays of some columns."""


def _to_array(column: pd.Series) -> Shaped[np.ndarray, " window"]:
    """Return a column as an array of numbers or of text."""
    if not pd.api.types.is_numeric_dtype(column):
        return column.fillna("").to_numpy(dtype=np.str_)
    if column.isna().any():
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    return column.to_numpy(dtype=np.int64) if pd.api.types.is_integer_dtype(column) else column.to_numpy()
