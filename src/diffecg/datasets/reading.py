"""Labelled windows from .npz, .csv, .parquet, a folder of WFDB recordings, or what ``diffecg prepare`` wrote."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from diffecg.datasets.labels import UNKNOWN, label_map
from diffecg.datasets.loading import open_windows
from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.datasets.shards import Store, is_set
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.evaluation.generation.sets import WindowSet, one_set
from diffecg.files import CARD
from diffecg.formats.annotation_table import load_csv
from diffecg.formats.arrays import load_arrays
from diffecg.formats.registry import read_recording
from diffecg.formats.wfdb_annotations import read_beats

SIGNAL = ("signal_mv", "signal", "signals", "windows", "beats", "X", "x", "data")
LABEL = ("labels", "label", "class", "y")
RATE = ("fs_hz", "fs", "sampling_rate")
RECORD = ("recordings", "recording")
_NO_SAMPLES = {*LABEL, *RATE, *RECORD, "seed", "seeds", "lead", "leads", "index"}


def read_windows(path: str | Path, *, fs_hz: float | None = None) -> WindowSet:
    """Return the windows at ``path``.

    ``.npz``: an array of windows (window time) or (window lead time) in mV, called one of SIGNAL, and if
    present labels, the rate and recordings, called one of LABEL, RATE, RECORD. ``.csv`` and ``.parquet``: a row
    a window, its samples in numeric columns or in one column of lists. A folder: prepared windows, shards of
    ``diffecg bulk``, or WFDB recordings of one window each, labelled by their first annotation.

    Args:
        path: file or folder.
        fs_hz: sampling rate, in Hz, where the file does not tell it.

    Raises:
        DiffecgError: there is nothing, or it is not what is described above.
    """
    path = Path(path)
    if not path.exists():
        raise DiffecgError(f"no file or folder {path}")
    if path.is_dir() and (path / "info.json").is_file():
        return from_prepared(open_windows(path))
    if path.is_dir() and is_set(str(path)):
        return _read_shards(path, fs_hz)
    if path.is_dir():
        return _read_wfdb(path)
    if path.suffix not in _READERS:
        raise DiffecgError(
            f"cannot read {path.name}: choose one of {', '.join(_READERS)} or a folder of WFDB recordings"
        )
    try:
        found, card = _READERS[path.suffix](path)
    except Exception as error:  # the libraries raise whatever their parsing ran into
        raise DiffecgError(f"{path} is damaged or no {path.suffix} file ({error})") from error
    info = _info(path, card)
    if isinstance(found, pd.DataFrame):
        return _from_table(path, found, info, fs_hz)
    return _from_arrays(path, found, info, fs_hz)


def from_prepared(windows: Windows) -> WindowSet:
    """Return prepared windows as a set."""
    index, window = windows.index, windows.info["window"]
    rr = index[["rr_before_s", "rr_after_s"]].to_numpy() if "rr_before_s" in index else None
    return WindowSet(
        np.asarray(windows.signal_mv),
        windows.fs_hz,
        index["label"].to_numpy(dtype=np.str_),
        index["recording"].to_numpy(dtype=np.str_),
        index["split"].to_numpy(dtype=np.str_),
        rr,
        int(window["before"]) if window["kind"] == "beat" else None,
        windows.info,
    )


def _read_npz(path: Path) -> tuple[dict[str, NDArray[Any]], str | bytes]:
    arrays = load_arrays(path)
    return arrays, str(arrays.get("card", "{}"))


def _read_csv(path: Path) -> tuple[pd.DataFrame, str | bytes]:
    beside = path.with_suffix(".card.json")
    return load_csv(path), beside.read_bytes() if beside.is_file() else "{}"


def _read_parquet(path: Path) -> tuple[pd.DataFrame, str | bytes]:
    card = (pq.read_metadata(path).metadata or {}).get(b"diffecg", b"{}")
    return pq.read_table(path).to_pandas(), card


_READERS: dict[str, Callable[[Path], tuple[dict[str, NDArray[Any]] | pd.DataFrame, str | bytes]]] = {
    ".npz": _read_npz,
    ".csv": _read_csv,
    ".parquet": _read_parquet,
}


def _info(path: Path, card: str | bytes) -> dict[str, Any]:
    """Return what the card of a set of windows says."""
    try:
        info = json.loads(card)
    except (ValueError, RecursionError) as error:
        raise DiffecgError(f"the card of {path} is no valid JSON ({error})") from None
    if not isinstance(info, dict):
        raise DiffecgError(f"the card of {path} is no JSON object")
    return info


def _from_arrays(
    path: Path, arrays: dict[str, NDArray[Any]], info: dict[str, Any], fs_hz: float | None
) -> WindowSet:
    signal = _first(arrays, SIGNAL)
    if signal is None:
        raise DiffecgError(
            f"{path} holds {', '.join(arrays) or 'nothing'}; the windows must be an array called one of "
            f"{', '.join(SIGNAL)}"
        )
    rate, labels, recordings = (_first(arrays, names) for names in (RATE, LABEL, RECORD))
    return _set(path, signal, rate, labels, recordings, info, fs_hz)


def _read_shards(folder: Path, fs_hz: float | None) -> WindowSet:
    about, manifest = Store(str(folder)).opened()
    if "window" in about:
        return from_prepared(open_windows(folder))
    return one_set([read_windows(folder / mark["name"], fs_hz=fs_hz) for mark in manifest["shards"]])


def _from_table(path: Path, table: pd.DataFrame, info: dict[str, Any], fs_hz: float | None) -> WindowSet:
    table = table.rename(columns=str)
    if not len(table):
        raise DiffecgError(f"{path} holds no window")
    if table.columns.has_duplicates:
        raise DiffecgError(f"{path} names a column twice: {', '.join(table.columns)}")
    columns = {name: table[name] for name in table.columns}
    nested = _first({name: column for name, column in columns.items() if _is_nested(column)}, SIGNAL)
    if nested is not None:
        signal = _stacked(path, nested)
    else:
        samples = [
            name
            for name, column in columns.items()
            if name not in _NO_SAMPLES
            and not name.startswith("Unnamed")
            and pd.api.types.is_numeric_dtype(column)
        ]
        signal = table[samples].to_numpy(dtype=np.float64, na_value=np.nan)
        leads = table["lead"].map(str).nunique() if "lead" in columns else 1
        if leads > 1 and len(table) % leads == 0:  # a row a lead, as generate writes
            signal = signal.reshape(len(table) // leads, leads, -1)
            columns = {name: column.iloc[::leads] for name, column in columns.items()}
    rate, labels, recordings = (_first(columns, names) for names in (RATE, LABEL, RECORD))
    return _set(path, signal, rate, labels, recordings, info, fs_hz)


def _is_nested(column: pd.Series[Any]) -> bool:
    return isinstance(column.iloc[0], (list, np.ndarray))


def _stacked(path: Path, windows: pd.Series[Any]) -> NDArray[np.float64]:
    """Return windows that are lists of samples, or of leads: (window lead time)."""
    try:
        signal = np.array([np.vstack(window) for window in windows.map(list)], dtype=np.float64)
        return signal.transpose(0, 2, 1) if np.ndim(windows.iloc[0][0]) == 0 else signal
    except (ValueError, TypeError, IndexError) as error:
        raise DiffecgError(f"{path}: {windows.name!r} holds no windows of one length ({error})") from error


def _read_wfdb(path: Path) -> WindowSet:
    labels_of = label_map("aami")
    recordings = [read_recording(path / name) for name in RecordingFolder(path).names()]
    shapes = {recording.signal_mv.shape for recording in recordings}
    rates = {recording.fs_hz for recording in recordings}
    if len(shapes) > 1 or len(rates) > 1:
        raise DiffecgError(
            f"the recordings in {path} differ in length, leads or rate; each must be one window (cut "
            "recordings with diffecg prepare)"
        )
    labels, places = [], []
    for recording in recordings:
        annotated = recording.path.with_name(f"{recording.name}.atr").is_file()
        beats = read_beats(recording.path) if annotated else None
        single = beats is not None and len(beats.sample) == 1
        labels.append(labels_of.get(str(beats.symbol[0]), UNKNOWN) if beats and single else UNKNOWN)
        places += [int(beats.sample[0])] if beats and single else []
    card = path / CARD
    return WindowSet(
        np.stack([recording.signal_mv for recording in recordings]).astype(np.float32),
        rates.pop(),
        np.array(labels, dtype=np.str_),
        before=int(np.median(places)) if places else None,
        info=_info(path, card.read_bytes()) if card.is_file() else {},
    )


def _set(
    path: Path,
    signal: NDArray[Any],
    rate: Any,
    labels: Any,
    recordings: Any,
    info: dict[str, Any],
    fs_hz: float | None,
) -> WindowSet:
    if signal.ndim not in (2, 3) or signal.dtype.kind not in "fiu" or not signal.size:
        raise DiffecgError(
            f"{path}: windows of shape {signal.shape} and type {signal.dtype}; expected numbers with axes "
            "(window, time) or (window, lead, time)"
        )
    try:
        told = np.asarray(fs_hz or np.nan if rate is None else rate)
        if told.dtype.kind not in "fiuOSU":
            raise TypeError(f"a rate of type {told.dtype}")
        rates = np.unique(told.astype(np.float64))
        names = np.full(len(signal), UNKNOWN) if labels is None else np.asarray(labels).astype(np.str_)
        groups = None if recordings is None else np.asarray(recordings).astype(np.str_)
    except (ValueError, TypeError) as error:
        raise DiffecgError(f"{path}: the rates, labels or recordings cannot be read ({error})") from error
    if len(rates) != 1 or not 0 < rates[0] < np.inf:
        raise DiffecgError(
            f"{path} does not tell one sampling rate; give it with --fs"
            if rate is None
            else f"{path}: windows at several rates, or none above zero ({rates.tolist()[:3]})"
        )
    for what, given in (("labels", names), ("recordings", groups)):
        if given is not None and given.shape != signal.shape[:1]:
            shape = " x ".join(map(str, given.shape)) or "no list of"
            raise DiffecgError(f"{path}: {shape} {what} for {len(signal)} windows")
    # What is no signal becomes infinite, and is left out where sets are compared.
    with np.errstate(over="ignore"):
        signal_mv = np.asarray(signal, dtype=np.float32)
    return WindowSet(
        signal_mv.reshape(len(signal), -1, signal.shape[-1]),
        float(rates[0]),
        names,
        groups,
        info=info,
    )


def _first(columns: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((columns[name] for name in names if name in columns), None)
