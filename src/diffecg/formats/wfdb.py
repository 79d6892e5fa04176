"""WFDB recordings in: digital samples as they are stored, and annotations."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from datetime import date, time
from functools import partial
from pathlib import Path

import numpy as np
import wfdb
from numpy.typing import NDArray
from wfdb.io._signal import INVALID_SAMPLE_VALUE

from diffecg.errors import DiffecgError, one_line
from diffecg.formats.recording import Annotation, Recording, digitised
from diffecg.formats.registry import BY_SUFFIX
from diffecg.formats.wfdb_annotations import read_annotations, write_annotations
from diffecg.formats.wfdb_checks import check_signals, check_size
from diffecg.signal.channels import make_channels


def read(path: Path, *, fs_hz: float | None = None, unit: str | None = None) -> Recording:
    """Read a WFDB record, with or without the suffix ``.hea``; its header contains rate and units.

    Raises:
        DiffecgError: a file is missing, truncated, or does not match its header's checksums.
    """
    path = path.with_suffix("") if path.suffix in (".hea", ".dat", ".atr") else path
    if not path.name or "." in path.name:
        raise DiffecgError(
            f"{str(path)!r} is no WFDB recording: a name without dots is needed, as mitdb/100; other formats "
            f"are told by their suffix: {', '.join(suffix for suffix, other in BY_SUFFIX.items() if other.name != 'wfdb')}"
        )
    header_path = path.with_name(path.name + ".hea")
    if not os.path.isfile(header_path):  # Path.is_file refuses names that are too long in words of its own
        raise DiffecgError(f"no recording at {path}: {header_path.name} is missing from {path.parent}")
    header = _read_digital(path)
    check_signals(path, header)
    leads = tuple(name or f"lead {i + 1}" for i, name in enumerate(header.sig_name))
    if len(set(leads)) < len(leads):
        raise DiffecgError(f"recording {path} names a lead twice: {', '.join(leads)}")
    digital = header.d_signal.T.astype(np.int64)
    invalid = np.array([INVALID_SAMPLE_VALUE[fmt] for fmt in header.fmt])
    return Recording(
        name=path.name,
        fs_hz=float(header.fs),
        channels=make_channels(leads, header.units),
        stored=digital,
        gain=tuple(float(gain) for gain in header.adc_gain),
        baseline=tuple(float(zero) for zero in header.baseline),
        missing=digital == invalid[:, None],
        path=path,
        start=(header.base_date, header.base_time),
        comments=tuple(header.comments),
        load_annotations=partial(read_annotations, path),
    )


def _read_digital(path: Path) -> wfdb.Record:
    try:
        check_size(path)
        return wfdb.rdrecord(str(path), physical=False)
    except DiffecgError:
        raise
    except FileNotFoundError as error:
        raise DiffecgError(f"recording {path}: {Path(error.filename or '').name} is missing") from error
    except Exception as error:  # wfdb raises whatever its parsing ran into
        raise DiffecgError(
            f"recording {path} cannot be read: a file of it is truncated or damaged, or header and signal "
            f"do not match ({one_line(error)})"
        ) from error


DIGITS_PER_MV = 1000.0
"""Resolution of recordings that we make: 1 uV a step."""


_BITS = {"16": 16, "32": 32}


def write_wfdb(
    path: Path,
    digital: NDArray[np.int64],
    fs_hz: float,
    leads: Sequence[str],
    *,
    gain: Sequence[float] | None = None,
    baseline: Sequence[int] | None = None,
    units: Sequence[str] | None = None,
    missing: NDArray[np.bool_] | None = None,
    start: tuple[date | None, time | None] = (None, None),
    beats: Sequence[tuple[int, str]] = (),
    comments: Sequence[str] = (),
) -> None:
    """Write a WFDB recording: header, signal, and annotations if there are any.

    The signal takes format 16, or 32 where its numbers need it.

    Args:
        path: the recording, without suffix.
        digital: (lead, time), digital samples.
        fs_hz: sampling rate, in Hz.
        leads: lead names.
        gain: digital steps per unit, a number a lead; None: 1000 per mV.
        baseline: digital value of zero, a number a lead; None: 0.
        units: unit of each lead; None: mV.
        missing: (lead, time), True where there is no sample; None: nowhere.
        start: date and time of the first sample, where known.
        beats: (sample, symbol) of every annotation.
        comments: lines for the header.

    Raises:
        DiffecgError: samples that do not fit into 32 bits.
    """
    count = len(leads)
    absent = np.zeros(digital.shape, dtype=bool) if missing is None else missing
    largest = int(np.abs(np.where(absent, 0, digital)).max())
    fitting = [fmt for fmt, bits in _BITS.items() if largest < 2 ** (bits - 1)]
    if not fitting:
        raise DiffecgError(f"digital samples of {largest} do not fit into 32 bits; is it in mV?")
    fmt = fitting[0]
    digital = np.where(absent, -(2 ** (_BITS[fmt] - 1)), digital)
    wfdb.wrsamp(
        path.name,
        fs=fs_hz,
        units=list(units or ["mV"] * count),
        sig_name=list(leads),
        d_signal=np.ascontiguousarray(digital.T),
        fmt=[fmt] * count,
        adc_gain=[float(g) for g in gain or [DIGITS_PER_MV] * count],
        baseline=[int(b) for b in baseline or [0] * count],
        comments=list(comments),
        base_date=start[0],
        base_time=start[1],
        write_dir=str(path.parent),
    )
    if beats:
        write_annotations(path, [Annotation(sample=sample, symbol=symbol) for sample, symbol in beats], fs_hz)


def write(path: Path, recording: Recording) -> None:
    """Write a WFDB record; annotations of a WFDB record are copied as they are."""
    ready = digitised(recording, 32)
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
    stored = recording.path.with_name(f"{recording.name}.atr")
    if not recording.path.suffix and stored.is_file():
        shutil.copyfile(stored, path.with_name(stored.name))
    elif notes := recording.annotations:
        write_annotations(path, notes, recording.fs_hz)
