"""Recordings in NumPy files, ``.npz`` and ``.npy``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from diffecg.errors import DiffecgError
from diffecg.formats.annotation_table import write_annotation_table
from diffecg.formats.options import ReadOptions
from diffecg.formats.recording import Recording
from diffecg.formats.scaling import in_millivolts
from diffecg.formats.table import load_file, recording_from_columns
from diffecg.signal.channels import repeated


def read(path: Path, options: ReadOptions) -> Recording:
    """Read an ``.npz`` or ``.npy`` file with axes (time) or (channel, time).

    An ``.npz`` file holds ``signal_mv`` and, optionally, ``fs_hz``, ``leads`` and ``units``.

    Raises:
        DiffecgError: the file is missing or damaged; it has no signal; its sampling rate is unknown.
    """
    columns, rate = _columns(load_file(path, load_arrays), path)
    return recording_from_columns(columns, path, options.fs_hz or rate, "")


def load_arrays(path: Path) -> dict[str, Shaped[np.ndarray, "..."]]:
    """Return the arrays of a NumPy file by name; that of an ``.npy`` file is called ``signal_mv``.

    Raises:
        Exception: whatever NumPy raises for a damaged file.
    """
    if path.suffix.lower() == ".npy":
        return {"signal_mv": np.load(path, allow_pickle=False)}
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return {name: array for name, array in arrays.items() if isinstance(array, np.ndarray)}


def _columns(
    arrays: dict[str, Shaped[np.ndarray, "..."]], path: Path
) -> tuple[dict[str, Shaped[np.ndarray, " time"]], float | None]:
    """Return the channels by ``name (unit)``, and the sampling rate if the file has it."""
    if "signal_mv" not in arrays:
        raise DiffecgError(f"{path} has no array signal_mv; its arrays are {', '.join(arrays) or 'none'}")
    signal = np.atleast_2d(arrays["signal_mv"])
    if signal.ndim != 2 or signal.dtype.kind not in "fiu":
        raise DiffecgError(
            f"{path}: signal_mv has shape {arrays['signal_mv'].shape} and type {signal.dtype}; it must hold "
            "numbers with axes (time) or (channel, time)"
        )
    if len(signal) > signal.shape[1]:
        raise DiffecgError(
            f"{path}: {len(signal)} channels of {signal.shape[1]} samples; are the axes swapped?"
        )
    names = arrays.get("leads", np.array([f"lead {i + 1}" for i in range(len(signal))]))
    units = arrays.get("units", np.array([""] * len(signal)))
    if not (names.shape == units.shape == (len(signal),) and names.dtype.kind == units.dtype.kind == "U"):
        raise DiffecgError(f"{path}: leads and units must be {len(signal)} strings, one for each channel")
    if duplicates := repeated(names.tolist()):
        raise DiffecgError(f"{path} has several channels of the same name, {duplicates}; rename one")
    columns = {
        f"{name} ({unit})" if unit else str(name): row
        for name, unit, row in zip(names, units, signal, strict=True)
    }
    rate = arrays.get("fs_hz")
    if rate is not None and (rate.size != 1 or rate.dtype.kind not in "fiu"):
        raise DiffecgError(
            f"{path}: fs_hz has shape {rate.shape} and type {rate.dtype}; it must be one number"
        )
    return columns, None if rate is None else float(rate.item())


def losses(recording: Recording, suffix: str) -> list[str]:
    """Return what an array cannot hold of a recording."""
    return []


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
            leads=np.array(recording.channel_names),
            units=np.array(units),
        )
    write_annotation_table(path, recording)
