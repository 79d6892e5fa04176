"""Labelled windows from .npz, .csv, .parquet, a folder of WFDB records, or what ``diffecg prepare`` wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from diffecg.config import load_json
from diffecg.data.labels import UNKNOWN, class_map
from diffecg.data.read_wfdb import read_beats, record_names
from diffecg.data.records import read_record
from diffecg.data.store import Windows, open_windows
from diffecg.errors import DiffecgError
from diffecg.evaluation.sets import WindowSet, one_set
from diffecg.exchange.windows import CARD

SIGNAL = ("signal_mv", "signal", "signals", "windows", "beats", "X", "x", "data")
LABEL = ("labels", "label", "class", "y")
RATE = ("fs_hz", "fs", "sampling_rate")
RECORD = ("records", "record")
_NO_SAMPLES = {*LABEL, *RATE, *RECORD, "seed", "seeds", "lead", "leads", "index"}


def read_windows(path: str | Path, *, fs_hz: float | None = None) -> WindowSet:
    """Return the windows at ``path``.

    ``.npz``: an array of windows (window time) or (window lead time) in mV, called one of SIGNAL, and if
    present labels, the rate and records, called one of LABEL, RATE, RECORD. ``.csv`` and ``.parquet``: a row
    a window, its samples in numeric columns or in one column of lists. A folder: prepared windows, shards of
    ``diffecg bulk``, or WFDB records of one window each, labelled by their first annotation.

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
    if path.is_dir() and (path / "set.json").is_file():
        return _read_shards(path, fs_hz)
    if path.is_dir():
        return _read_wfdb(path)
    readers = {".npz": _read_npz, ".csv": _read_csv, ".parquet": _read_parquet}
    if path.suffix not in readers:
        raise DiffecgError(
            f"cannot read {path.name}: choose one of {', '.join(readers)} or a folder of WFDB records"
        )
    try:
        return readers[path.suffix](path, fs_hz)
    except (OSError, ValueError, EOFError, KeyError, BadZipFile, pa.ArrowException) as error:
        raise DiffecgError(f"{path} is damaged or no {path.suffix} file ({error})") from error


def from_prepared(windows: Windows) -> WindowSet:
    """Return prepared windows as a set."""
    index, window = windows.index, windows.info["window"]
    rr = index[["rr_before_s", "rr_after_s"]].to_numpy() if "rr_before_s" in index else None
    return WindowSet(
        np.asarray(windows.signal_mv),
        windows.fs_hz,
        index["label"].to_numpy(dtype=np.str_),
        index["record"].to_numpy(dtype=np.str_),
        index["split"].to_numpy(dtype=np.str_),
        rr,
        int(window["before"]) if window["kind"] == "beat" else None,
        windows.info,
    )


def _read_npz(path: Path, fs_hz: float | None) -> WindowSet:
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    signal = _first(arrays, SIGNAL)
    if signal is None:
        raise DiffecgError(
            f"{path} holds {', '.join(arrays) or 'nothing'}; the windows must be an array called one of "
            f"{', '.join(SIGNAL)}"
        )
    rate, labels, records = (_first(arrays, names) for names in (RATE, LABEL, RECORD))
    info = json.loads(str(arrays["card"])) if "card" in arrays else {}
    return _set(path, signal, rate, labels, records, info, fs_hz)


def _read_csv(path: Path, fs_hz: float | None) -> WindowSet:
    beside = path.with_suffix(".card.json")
    info = json.loads(beside.read_text()) if beside.is_file() else {}
    return _from_table(path, pd.read_csv(path), info, fs_hz)


def _read_parquet(path: Path, fs_hz: float | None) -> WindowSet:
    table = pq.read_table(path)
    info = json.loads((pq.read_metadata(path).metadata or {}).get(b"diffecg", b"{}"))
    return _from_table(path, table.to_pandas(), info, fs_hz)


def _read_shards(folder: Path, fs_hz: float | None) -> WindowSet:
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        raise DiffecgError(f"{folder} is not finished: {manifest.name} is missing; run the command again")
    return one_set([read_windows(folder / one["name"], fs_hz=fs_hz) for one in load_json(manifest)["shards"]])


def _from_table(path: Path, table: pd.DataFrame, info: dict[str, Any], fs_hz: float | None) -> WindowSet:
    columns = {str(name): table[name] for name in table.columns}
    nested = _first(columns, SIGNAL)
    if nested is not None:
        signal = np.array([np.vstack(window) for window in nested.map(list)], dtype=np.float32)
        signal = signal.transpose(0, 2, 1) if np.ndim(nested.iloc[0][0]) == 0 else signal
    else:
        samples = [
            name
            for name, column in columns.items()
            if name not in _NO_SAMPLES
            and not name.startswith("Unnamed")
            and pd.api.types.is_numeric_dtype(column)
        ]
        signal = table[samples].to_numpy(dtype=np.float32)
        leads = table["lead"].nunique() if "lead" in columns else 1
        if leads > 1 and len(table) % leads == 0:  # a row a lead, as generate writes
            signal = signal.reshape(len(table) // leads, leads, -1)
            columns = {name: column.iloc[::leads] for name, column in columns.items()}
    rate, labels, records = (_first(columns, names) for names in (RATE, LABEL, RECORD))
    return _set(path, signal, rate, labels, records, info, fs_hz)


def _read_wfdb(path: Path) -> WindowSet:
    labels_of = class_map("aami")
    records = [read_record(path / name) for name in record_names(path)]
    shapes = {record.signal_mv.shape for record in records}
    rates = {record.fs_hz for record in records}
    if len(shapes) > 1 or len(rates) > 1:
        raise DiffecgError(
            f"the records in {path} differ in length, leads or rate; each must be one window (cut "
            "recordings with diffecg prepare)"
        )
    labels, places = [], []
    for record in records:
        annotated = record.path.with_name(f"{record.name}.atr").is_file()
        beats = read_beats(record.path) if annotated else None
        single = beats is not None and len(beats.sample) == 1
        labels.append(labels_of.get(str(beats.symbol[0]), UNKNOWN) if beats and single else UNKNOWN)
        places += [int(beats.sample[0])] if beats and single else []
    card = path / CARD
    return WindowSet(
        np.stack([record.signal_mv for record in records]).astype(np.float32),
        rates.pop(),
        np.array(labels, dtype=np.str_),
        before=int(np.median(places)) if places else None,
        info=json.loads(card.read_text()) if card.is_file() else {},
    )


def _set(
    path: Path,
    signal: NDArray[Any],
    rate: Any,
    labels: Any,
    records: Any,
    info: dict[str, Any],
    fs_hz: float | None,
) -> WindowSet:
    if signal.ndim not in (2, 3) or signal.dtype.kind not in "fiu" or not signal.size:
        raise DiffecgError(
            f"{path}: windows of shape {signal.shape} and type {signal.dtype}; expected numbers with axes "
            "(window, time) or (window, lead, time)"
        )
    rates = np.unique(np.asarray(rate, dtype=float)) if rate is not None else np.array([fs_hz or np.nan])
    if len(rates) != 1 or not rates[0] > 0:
        raise DiffecgError(
            f"{path} does not tell one sampling rate; give it with --fs"
            if rate is None
            else f"{path}: windows at several rates, or none above zero ({rates.tolist()[:3]})"
        )
    names = np.full(len(signal), UNKNOWN) if labels is None else np.asarray(labels).astype(np.str_)
    if len(names) != len(signal):
        raise DiffecgError(f"{path}: {len(names)} labels for {len(signal)} windows")
    return WindowSet(
        np.asarray(signal, dtype=np.float32).reshape(len(signal), -1, signal.shape[-1]),
        float(rates[0]),
        names,
        None if records is None else np.asarray(records).astype(np.str_),
        info=info,
    )


def _first(columns: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((columns[name] for name in names if name in columns), None)
