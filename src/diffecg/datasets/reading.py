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
from diffecg.datasets.rhythm import format_beats
from diffecg.datasets.shards import Store, is_set
from diffecg.datasets.windows import Windows, concatenate
from diffecg.errors import DiffecgError
from diffecg.files import CARD
from diffecg.formats.annotation_table import read_csv
from diffecg.formats.arrays import load_arrays
from diffecg.formats.registry import read_recording
from diffecg.formats.wfdb_annotations import read_beats

SIGNAL = ("signal_mv", "signal", "signals", "windows", "beats", "X", "x", "data")
LABEL = ("labels", "label", "class", "y")
RATE = ("fs_hz", "fs", "sampling_rate")
RECORDING = ("recordings", "recording", "records", "record")
SEED = ("seeds", "seed")
LEADS = ("leads",)
_COLUMNS = {"rate": RATE, "labels": LABEL, "recordings": RECORDING, "seeds": SEED, "leads": LEADS}
_NO_SAMPLES = {*LABEL, *RATE, *RECORDING, "seed", "seeds", "lead", "leads", "index"}


def read_windows(path: str | Path, *, fs_hz: float | None = None) -> Windows:
    """Return the windows at ``path``.

    ``.npz``: an array of windows (window time) or (window lead time) in mV, called one of SIGNAL, and if
    present labels, the rate and recordings, called one of LABEL, RATE, RECORDING. ``.csv`` and ``.parquet``: a row
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
        return open_windows(path)
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


def _read_npz(path: Path) -> tuple[dict[str, NDArray[Any]], str | bytes]:
    arrays = load_arrays(path)
    return arrays, str(arrays.get("card", "{}"))


def _read_csv(path: Path) -> tuple[pd.DataFrame, str | bytes]:
    beside = path.with_suffix(".card.json")
    return read_csv(path), beside.read_bytes() if beside.is_file() else "{}"


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
) -> Windows:
    signal = _first(arrays, SIGNAL)
    if signal is None:
        raise DiffecgError(
            f"{path} holds {', '.join(arrays) or 'nothing'}; the windows must be an array called one of "
            f"{', '.join(SIGNAL)}"
        )
    found = {key: _first(arrays, names) for key, names in _COLUMNS.items()}
    return _windows(path, signal, found, info, fs_hz)


def _read_shards(folder: Path, fs_hz: float | None) -> Windows:
    about, manifest = Store(str(folder)).opened()
    if "window" in about:
        return open_windows(folder)
    return concatenate([read_windows(folder / mark["name"], fs_hz=fs_hz) for mark in manifest["shards"]])


def _from_table(path: Path, table: pd.DataFrame, info: dict[str, Any], fs_hz: float | None) -> Windows:
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
    found = {key: _first(columns, names) for key, names in _COLUMNS.items() if key != "leads"}
    return _windows(path, signal, found, info, fs_hz)


def _is_nested(column: pd.Series[Any]) -> bool:
    return isinstance(column.iloc[0], (list, np.ndarray))


def _stacked(path: Path, windows: pd.Series[Any]) -> NDArray[np.float64]:
    """Return windows that are lists of samples, or of leads: (window lead time)."""
    try:
        signal = np.array([np.vstack(window) for window in windows.map(list)], dtype=np.float64)
        return signal.transpose(0, 2, 1) if np.ndim(windows.iloc[0][0]) == 0 else signal
    except (ValueError, TypeError, IndexError) as error:
        raise DiffecgError(f"{path}: {windows.name!r} holds no windows of one length ({error})") from error


def _read_wfdb(path: Path) -> Windows:
    labels_of = label_map("aami")
    recordings = [read_recording(path / name) for name in RecordingFolder(path).names()]
    shapes = {recording.stored.shape for recording in recordings}
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
    return Windows.from_arrays(
        np.stack([recording.signal_mv for recording in recordings]).astype(np.float32),
        rates.pop(),
        labels,
        leads=recordings[0].leads,
        r_peak=int(np.median(places)) if places else None,
        info=_info(path, card.read_bytes()) if card.is_file() else {},
    )


def _windows(
    path: Path, signal: NDArray[Any], found: dict[str, Any], info: dict[str, Any], fs_hz: float | None
) -> Windows:
    """Return windows of what a file contains.

    Args:
        path: the file, for messages.
        signal: (window time) or (window channel time), in mV.
        found: rate, labels, recordings, seeds and leads, where the file contains them.
        info: the data card.
        fs_hz: sampling rate, where the file does not contain it.
    """
    if signal.ndim not in (2, 3) or signal.dtype.kind not in "fiu" or not signal.size:
        raise DiffecgError(
            f"{path}: windows of shape {signal.shape} and type {signal.dtype}; expected numbers with axes "
            "(window, time) or (window, lead, time)"
        )
    # Samples too large for float32 become infinite, and are left out where sets are compared.
    with np.errstate(over="ignore"):
        signal_mv = np.asarray(signal, dtype=np.float32).reshape(len(signal), -1, signal.shape[-1])
    beats, peak = info.get("beats"), info.get("r_peak")
    try:
        columns = {
            "recording": _texts(found.get("recordings")),
            "seed": None if found.get("seeds") is None else np.asarray(found["seeds"]).astype(np.int64),
            "beats": None
            if not beats
            else np.full(len(signal), format_beats([tuple(beat) for beat in beats])),
        }
        labels = _texts(found.get("labels"))
        leads = _texts(found.get("leads"))
    except (ValueError, TypeError, OverflowError) as error:
        raise DiffecgError(f"{path}: labels, recordings, seeds or beats cannot be read ({error})") from error
    for what, given in (("labels", labels), ("recordings", columns["recording"]), ("seeds", columns["seed"])):
        if given is not None and given.shape != signal.shape[:1]:
            shape = " x ".join(map(str, given.shape)) or "no list of"
            raise DiffecgError(f"{path}: {shape} {what} for {len(signal)} windows")
    if leads is not None and leads.shape != signal_mv.shape[1:2]:
        raise DiffecgError(f"{path}: leads of shape {leads.shape} for {signal_mv.shape[1]} channels")
    return Windows.from_arrays(
        signal_mv,
        _rate(path, found.get("rate"), fs_hz),
        labels,
        leads=None if leads is None else leads.tolist(),
        r_peak=peak if type(peak) is int and 0 <= peak < signal.shape[-1] else None,
        info=info,
        **{name: column for name, column in columns.items() if column is not None},
    )


def _rate(path: Path, rate: Any, fs_hz: float | None) -> float:
    """Return the one sampling rate of all windows, in Hz."""
    try:
        given = np.asarray(fs_hz or np.nan if rate is None else rate)
        if given.dtype.kind not in "fiuOSU":
            raise TypeError(f"a rate of type {given.dtype}")
        rates = np.unique(given.astype(np.float64))
    except (ValueError, TypeError) as error:
        raise DiffecgError(f"{path}: the rates cannot be read ({error})") from error
    if len(rates) != 1 or not 0 < rates[0] < np.inf:
        raise DiffecgError(
            f"{path} does not contain one sampling rate; give it with --fs"
            if rate is None
            else f"{path}: windows at several rates, or none above zero ({rates.tolist()[:3]})"
        )
    return float(rates[0])


def _texts(values: Any) -> NDArray[np.str_] | None:
    return None if values is None else np.asarray(values).astype(np.str_)


def _first(columns: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((columns[name] for name in names if name in columns), None)
