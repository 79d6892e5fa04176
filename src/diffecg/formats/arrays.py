"""RecordingFolder in NumPy files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from diffecg.errors import DiffecgError
from diffecg.formats.annotation_table import write_annotation_table
from diffecg.formats.recording import Recording
from diffecg.formats.table import load_file, recording_from_columns
from diffecg.signal.channels import MV_PER_UNIT


def read(path: Path, *, fs_hz: float | None = None, unit: str | None = None) -> Recording:
    """Read an ``.npz`` or ``.npy`` file: arrays (time) or (lead, time).

    Raises:
        DiffecgError: the file is missing or damaged; it holds no signal; its rate is unknown.
    """
    columns, rate = _arrays(load_file(path, load_arrays), path)
    return recording_from_columns(columns, path, fs_hz or rate, unit or "mV")


def load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a NumPy file, of ``.npy`` as ``signal_mv``; numpy raises whatever it ran into."""
    if path.suffix.lower() == ".npy":
        return {"signal_mv": np.load(path, allow_pickle=False)}
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return {name: array for name, array in arrays.items() if isinstance(array, np.ndarray)}


def _arrays(found: dict[str, NDArray[Any]], path: Path) -> tuple[dict[str, NDArray[Any]], float | None]:
    """Return the leads of a NumPy file and its rate, if it tells."""
    if "signal_mv" not in found:
        raise DiffecgError(f"{path} has no array signal_mv; it holds {', '.join(found) or 'nothing'}")
    signal = np.atleast_2d(found["signal_mv"])
    if signal.ndim != 2 or signal.dtype.kind not in "fiu":
        raise DiffecgError(
            f"{path}: signal_mv of shape {found['signal_mv'].shape} and type {signal.dtype} is no array of "
            "numbers with axes (time) or (lead, time)"
        )
    if len(signal) > signal.shape[1]:
        raise DiffecgError(f"{path}: {len(signal)} leads of {signal.shape[1]} samples; are the axes swapped?")
    names = found.get("leads", np.array([f"lead {i + 1}" for i in range(len(signal))]))
    units = found.get("units", np.array([""] * len(signal)))
    if not (names.shape == units.shape == (len(signal),) and names.dtype.kind == units.dtype.kind == "U"):
        raise DiffecgError(f"{path}: leads and units must be {len(signal)} texts, as signal_mv has leads")
    if len(set(names.tolist())) < len(names):
        raise DiffecgError(f"{path} names a lead twice: {', '.join(names)}")
    columns: dict[str, NDArray[Any]] = {
        f"{name} ({unit})" if unit else str(name): row
        for name, unit, row in zip(names, units, signal, strict=True)
    }
    rate = found.get("fs_hz")
    if rate is not None and (rate.size != 1 or rate.dtype.kind not in "fiu"):
        raise DiffecgError(f"{path}: fs_hz of shape {rate.shape} and type {rate.dtype} is not one number")
    return columns, None if rate is None else float(rate.item())


def write(path: Path, recording: Recording) -> None:
    """Write a NumPy file: voltages in mV, other channels in their own units."""
    signal, units = in_millivolts(recording)
    if path.suffix == ".npy":
        np.save(path, signal)
    else:
        np.savez_compressed(
            path,
            signal_mv=signal,
            fs_hz=np.float64(recording.fs_hz),
            leads=np.array(recording.leads),
            units=np.array(units),
        )
    write_annotation_table(path, recording)


def in_millivolts(recording: Recording) -> tuple[Float[np.ndarray, "channel time"], list[str]]:
    """Return the signal with voltages in mV and other channels in their own units, and the units."""
    scale = [MV_PER_UNIT.get(unit, 1.0) for unit in recording.units]
    units = ["mV" if unit in MV_PER_UNIT else unit for unit in recording.units]
    return recording.signal * np.array(scale)[:, None], units
