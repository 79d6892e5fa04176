"""Recordings in NumPy files, ``.npz`` and ``.npy``."""

from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from diffecg.errors import DiffecgError
from diffecg.formats.annotation_table import write_annotation_table
from diffecg.formats.file_time import FileTime
from diffecg.formats.options import ReadOptions
from diffecg.formats.recording import Recording
from diffecg.formats.scaling import in_millivolts
from diffecg.formats.table import load_file, recording_from_table
from diffecg.formats.tables.interpretation import check_values
from diffecg.formats.tables.plain import check_single_rate
from diffecg.formats.tables.table import Table
from diffecg.signal.channels import repeated
from diffecg.signal.units import normalise_unit

MAX_CHANNELS = 128
"""Largest number of channels; with more on both axes, an array is not a recording."""

MAX_STEPS = 100
"""Whole numbers that range further are steps of a converter, not millivolts."""


def read(path: Path, options: ReadOptions) -> Recording:
    """Read an ``.npz`` or ``.npy`` file with axes (time), (channel, time) or (time, channel).

    An ``.npz`` file holds ``signal_mv`` and, optionally, ``fs_hz``, ``leads``, ``units``, ``start`` (ISO)
    and ``start_s``. The longer axis is that of time.

    Raises:
        DiffecgError: the file is missing or damaged; it has no signal; its sampling rate is unknown; whole
            numbers without a unit.
    """
    arrays = load_file(path, load_arrays)
    signal, names, assumptions = _signal(arrays, path)
    units = _strings(arrays, "units", len(names), path) or ("",) * len(names)
    _check_whole_numbers(signal, units, options, path)
    with np.errstate(over="ignore"):  # long double to double
        columns = signal.astype(np.float64)
    check_values(columns, path)
    table = Table(
        columns=dict(zip(names, columns, strict=True)),
        units=tuple(normalise_unit(unit) for unit in units),
        positions=(),
        samples=np.arange(columns.shape[1]),
        fs_hz=options.fs_hz or _rate(arrays, path),
        time=_axis(arrays, path),
        assumptions=assumptions,
    )
    return recording_from_table(table, path)


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


def _signal(
    arrays: dict[str, Shaped[np.ndarray, "..."]], path: Path
) -> tuple[Shaped[np.ndarray, "channel time"], tuple[str, ...], tuple[str, ...]]:
    """Return the samples, the names of the channels, and how the axes were interpreted.

    Raises:
        DiffecgError: no array of numbers with one or two axes; names that do not fit it.
    """
    if "signal_mv" not in arrays:
        raise DiffecgError(f"{path} has no array signal_mv; its arrays are {', '.join(arrays) or 'none'}")
    signal, named = arrays["signal_mv"], "leads" in arrays
    if signal.ndim not in (1, 2) or signal.dtype.kind not in "fiu" or not signal.size:
        raise DiffecgError(
            f"{path}: signal_mv has shape {signal.shape} and type {signal.dtype}; it must hold numbers with "
            "axes (time), (channel, time) or (time, channel)"
        )
    signal, assumptions = np.atleast_2d(signal), tuple[str, ...]()
    rows, columns = signal.shape
    if rows > columns and not (named and arrays["leads"].shape == (rows,)):
        signal = signal.T
        assumptions = (f"the shape {(rows, columns)} is read as (time, channel): {rows:,} samples",)
    count = len(signal)
    if count > MAX_CHANNELS:
        raise DiffecgError(
            f"{path}: signal_mv has shape {(rows, columns)}; a recording has at most {MAX_CHANNELS} "
            "channels, so these may be windows: select one, or name the channels in leads"
        )
    names = _strings(arrays, "leads", count, path) or tuple(f"lead {row + 1}" for row in range(count))
    if len(set(names)) < len(names):
        duplicates = repeated(names) or "without letters"
        raise DiffecgError(f"{path} has several channels of the same name, {duplicates}; rename one")
    return signal, names, assumptions


def _strings(
    arrays: dict[str, Shaped[np.ndarray, "..."]], name: str, count: int, path: Path
) -> tuple[str, ...]:
    """Return an array of strings, one for each channel; empty if there is none.

    Raises:
        DiffecgError: it holds something else.
    """
    if name not in arrays:
        return ()
    strings = arrays[name]
    if strings.shape != (count,) or strings.dtype.kind != "U":
        raise DiffecgError(f"{path}: leads and units must be {count} strings, one for each channel")
    return tuple(strings.tolist())


def _check_whole_numbers(
    signal: Shaped[np.ndarray, "channel time"], units: tuple[str, ...], options: ReadOptions, path: Path
) -> None:
    """Check that whole numbers are no steps of a converter.

    Raises:
        DiffecgError: whole numbers range too far for millivolts, and no unit is stated.
    """
    if signal.dtype.kind not in "iu" or "" in options.units or all(units):
        return
    low, high = int(signal.min()), int(signal.max())
    if high - low >= MAX_STEPS:
        raise DiffecgError(
            f"{path}: signal_mv holds whole numbers from {low} to {high}, which are no millivolts; give "
            "their unit with --unit uV, or the ADC units per mV and of 0 mV with --gain and --baseline"
        )


def _rate(arrays: dict[str, Shaped[np.ndarray, "..."]], path: Path) -> float | None:
    """Return the sampling rate in Hz, None if the file does not state it.

    Raises:
        DiffecgError: it is not one number.
    """
    rate = arrays.get("fs_hz")
    if rate is None:
        return None
    if rate.size != 1 or rate.dtype.kind not in "fiu":
        raise DiffecgError(
            f"{path}: fs_hz has shape {rate.shape} and type {rate.dtype}; it must be one number"
        )
    return float(rate.item())


def _axis(arrays: dict[str, Shaped[np.ndarray, "..."]], path: Path) -> FileTime:
    """Return the time axis of a file.

    Raises:
        DiffecgError: the start is neither a date nor a time of day.
    """
    origin, text = _scalar(arrays, "start_s", "fiu"), _scalar(arrays, "start", "U")
    number = Decimal(0) if origin is None else Decimal(str(float(origin)))
    if text is None:
        return FileTime(origin=number)
    try:
        if len(text) > 8 and text[4] == "-":
            moment = datetime.fromisoformat(text)
            return FileTime(start_date=moment.date(), start_time=moment.timetz(), origin=number)
        return FileTime(start_time=time.fromisoformat(text), origin=number)
    except ValueError as error:
        raise DiffecgError(f"{path}: start is {text!r}; it must be a date and time in ISO 8601") from error


def _scalar(arrays: dict[str, Shaped[np.ndarray, "..."]], name: str, kinds: str) -> Any:
    """Return the only element of an array, None if there is no such array or it is of another kind."""
    array = arrays.get(name)
    return None if array is None or array.size != 1 or array.dtype.kind not in kinds else array.item()


def losses(recording: Recording, suffix: str) -> list[str]:
    """Return what an array cannot hold of a recording.

    Raises:
        DiffecgError: the channels have several sampling rates.
    """
    check_single_rate(recording)
    found = [f"{len(recording.comments)} comments of the header are not kept"] if recording.comments else []
    if suffix == ".npy":
        found.append("sampling rate, names, units and start are not kept: choose npz")
    elif recording.time.start_date is not None and recording.time.start_time is None:
        found.append(f"the date {recording.time.start_date} is not kept, as no time of day is known")
    return found


def write(path: Path, recording: Recording) -> None:
    """Write a NumPy file: voltages in mV, other channels in their own units."""
    signal, units = in_millivolts(recording)
    with path.open("wb") as stream:  # NumPy appends a suffix to names whose own is in upper case
        if path.suffix.lower() == ".npy":
            np.save(stream, signal)
        else:
            np.savez_compressed(stream, **_arrays(recording, signal, units))
    write_annotation_table(path, recording)


def _arrays(
    recording: Recording, signal: Float[np.ndarray, "channel time"], units: list[str]
) -> dict[str, Any]:
    """Return the arrays of a file by name."""
    arrays: dict[str, Any] = {
        "signal_mv": signal,
        "fs_hz": np.float64(recording.fs_hz),
        "leads": np.array(recording.channel_names),
        "units": np.array(units),
    }
    axis = recording.time
    if axis.start_datetime is not None:
        arrays["start"] = np.array(axis.start_datetime.isoformat())
    elif axis.start_time is not None:
        arrays["start"] = np.array(axis.start_time.isoformat())
    if axis.origin:
        arrays["start_s"] = np.float64(axis.origin_s)
    return arrays
