"""Recordings out, in the formats in which they come in."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from math import ceil, floor, log10
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diffecg.data.read_edf import END, MISSING
from diffecg.data.read_table import ANNOTATIONS
from diffecg.data.records import Record
from diffecg.data.runs import stretches
from diffecg.errors import DiffecgError
from diffecg.exchange.wfdb_format import write_annotations, write_wfdb

_EDF_BITS = {".edf": 16, ".bdf": 24}
_EDF_TEXT = 8
"""Characters that a number of the header has in EDF."""


def write_record(path: str | Path, record: Record) -> Path:
    """Write a recording and return the path; its suffix tells the format: none is WFDB.

    What is stored as integers stays the same integers in WFDB and EDF; what is stored as numbers stays the
    same numbers in tables and arrays. Integers become numbers in the leads' units in the one, and numbers
    integers in the other, of steps as fine as the format allows (WFDB 10 nV). Annotations of tables go into
    ``NAME_annotations.csv``.

    Args:
        path: where to: no suffix, ``.edf``, ``.bdf``, ``.csv``, ``.parquet``, ``.npz`` or ``.npy``.
        record: what to write.

    Raises:
        DiffecgError: an unknown suffix; samples that do not fit into the format.
    """
    path = Path(path)
    if path.suffix not in WRITERS:
        known = ", ".join(name or "none (WFDB)" for name in WRITERS)
        raise DiffecgError(f"unknown suffix {path.suffix!r}; choose one of {known}")
    WRITERS[path.suffix](path, record)
    return path


def file_name(record: Record, suffix: str) -> str:
    """Return the name of a recording's file in a format; WFDB allows but letters, digits, - and _."""
    return record.name + suffix if suffix else re.sub(r"[^\w-]", "_", record.name)


def digitised(record: Record, bits: int) -> Record:
    """Return the recording with integers of at most ``bits`` bits; those that are stored stay as they are."""
    if np.issubdtype(record.stored.dtype, np.integer):
        return record
    largest = np.abs(np.where(record.missing, 0, record.stored)).max(axis=1, initial=1e-3)
    finest = 5 if bits > 16 else 3
    gain = [10.0 ** min(finest, floor(log10((2 ** (bits - 1) - 1) / value))) for value in largest]
    digital = np.rint(np.where(record.missing, 0, record.stored) * np.array(gain)[:, None])
    return replace(record, stored=digital.astype(np.int64), gain=tuple(gain), baseline=(0.0,) * len(gain))


def _write_wfdb(path: Path, record: Record) -> None:
    ready = digitised(record, 32)
    write_wfdb(
        path,
        ready.stored,
        ready.fs_hz,
        ready.leads,
        gain=ready.gain,
        baseline=[round(zero) for zero in ready.baseline],
        units=ready.units,
        missing=ready.missing,
        start=ready.start,
        comments=ready.comments,
    )
    stored = record.path.with_name(f"{record.name}.atr")
    if not record.path.suffix and stored.is_file():
        shutil.copyfile(stored, path.with_name(stored.name))
    elif notes := record.annotations():
        write_annotations(path, notes, record.fs_hz)


def _write_edf(path: Path, record: Record) -> None:
    import edfio

    bits = _EDF_BITS[path.suffix]
    ready = digitised(record, bits)
    least, most = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    stored = np.where(ready.missing, 0, ready.stored)
    if stored.min() < least or stored.max() > most:
        raise DiffecgError(
            f"samples of {record.name} need more than {bits} bits; choose "
            + ("bdf" if bits == 16 else "wfdb")
        )
    rate = Fraction(ready.fs_hz).limit_denominator(1000)
    samples = stored.shape[1]
    filled = ceil(samples / rate.numerator) * rate.numerator  # data records of whole samples
    stored = np.pad(stored, ((0, 0), (0, filled - samples)), mode="edge")
    formats: dict[int, tuple[Any, Any, type[np.signedinteger[Any]]]] = {
        16: (edfio.EdfSignal, edfio.Edf, np.int16),
        24: (edfio.BdfSignal, edfio.Bdf, np.int32),
    }
    signal, file, dtype = formats[bits]
    signals = [
        signal.from_digital(
            row.astype(dtype),
            float(rate),
            label=lead[:16],
            physical_dimension=unit.replace("µ", "u")[:8],
            digital_range=(low, high),
            physical_range=(_short((low - zero) / gain), _short((high - zero) / gain)),
        )
        for row, lead, unit, gain, zero in zip(
            stored, ready.leads, ready.units, ready.gain, ready.baseline, strict=True
        )
        for low, high in [_range(row, gain, zero, bits)]
    ]
    notes = [
        edfio.EdfAnnotation(note.sample / ready.fs_hz, None, f"{note.symbol} {note.text}".strip())
        for note in ready.annotations()
    ]
    notes += [
        edfio.EdfAnnotation(first / ready.fs_hz, (last - first) / ready.fs_hz, MISSING + lead)
        for lead, row in zip(ready.leads, ready.missing, strict=True)
        for first, last in stretches(row)
    ]
    if filled > samples:
        notes.append(edfio.EdfAnnotation(samples / ready.fs_hz, None, END))
    day, moment = ready.start
    file(
        signals,
        recording=None if day is None else edfio.Recording(startdate=day),
        starttime=moment,
        data_record_duration=float(rate.denominator),
        annotations=notes,
    ).write(path)


def _write_table(path: Path, record: Record) -> None:
    table = _in_units(record)
    day, moment = record.start
    seconds = np.arange(len(table)) / record.fs_hz
    if day is not None and moment is not None:
        table.insert(0, "time", datetime.combine(day, moment) + pd.to_timedelta(seconds, unit="s"))
    else:
        table.insert(0, "time_s", np.round(seconds, 9))
    if path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    else:
        table.to_csv(path, index=False)
    _write_annotation_table(path, record)


def _write_array(path: Path, record: Record) -> None:
    voltage = np.isin(np.arange(len(record.leads)), record.voltages)
    signal = np.where(voltage[:, None], record.signal_mv, record.values)
    if path.suffix == ".npy":
        np.save(path, signal)
    else:
        leads, units = np.array(record.leads), np.where(voltage, "mV", record.units)
        np.savez_compressed(path, signal_mv=signal, fs_hz=np.float64(record.fs_hz), leads=leads, units=units)
    _write_annotation_table(path, record)


def _in_units(record: Record) -> pd.DataFrame:
    """Return the leads in their units as columns ``lead (unit)``; NaN = missing."""
    names = [f"{lead} ({unit})" for lead, unit in zip(record.leads, record.units, strict=True)]
    return pd.DataFrame(record.values.T, columns=names)


def _write_annotation_table(path: Path, record: Record) -> None:
    if notes := record.annotations():
        table = pd.DataFrame(
            [(note.sample, note.sample / record.fs_hz, note.symbol, note.text) for note in notes],
            columns=["sample", "time_s", "symbol", "text"],
        )
        table.to_csv(path.with_name(path.stem + ANNOTATIONS), index=False)


def _range(row: NDArray[np.int64], gain: float, zero: float, bits: int) -> tuple[int, int]:
    """Return digital bounds around the samples of a lead, at whole units where the gain allows.

    Numbers of EDF's header have eight characters: whole or small ones tell the scale best.
    """
    low, high = int(row.min()), max(int(row.max()), int(row.min()) + 1)
    whole = floor((low - zero) / gain) * gain + zero, ceil((high - zero) / gain) * gain + zero
    fits = -(2 ** (bits - 1)) <= whole[0] and whole[1] < 2 ** (bits - 1)
    return (int(whole[0]), int(whole[1])) if fits and all(x.is_integer() for x in whole) else (low, high)


def _short(value: float) -> float:
    """Return the number that EDF can write next to ``value``."""
    whole = len(str(int(value))) + (value < 0 and int(value) == 0)
    return round(value, max(0, _EDF_TEXT - 1 - whole))


WRITERS: dict[str, Callable[[Path, Record], None]] = {
    "": _write_wfdb,
    ".edf": _write_edf,
    ".bdf": _write_edf,
    ".csv": _write_table,
    ".parquet": _write_table,
    ".npz": _write_array,
    ".npy": _write_array,
}
