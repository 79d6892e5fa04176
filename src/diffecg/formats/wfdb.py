"""WFDB records: digital samples as stored, and annotations."""

from __future__ import annotations

import os
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import wfdb
from wfdb.io._signal import INVALID_SAMPLE_VALUE

from diffecg.errors import DiffecgError, one_line
from diffecg.formats.recording import Recording
from diffecg.formats.registry import SUFFIXES
from diffecg.formats.scaling import digitise
from diffecg.formats.wfdb_annotations import read_annotations, write_annotations
from diffecg.formats.wfdb_checks import check_signals, check_size
from diffecg.signal.channels import make_channels, repeated

_BITS = {"16": 16, "32": 32}
"""WFDB formats that are written, the smallest first."""


def read(path: Path, *, fs_hz: float | None = None, unit: str | None = None) -> Recording:
    """Read a WFDB record; its header contains sampling rate and units.

    Args:
        path: the record, without suffix or with that of one of its files.
        fs_hz: ignored; the file states its rate.
        unit: ignored; the file states its units.

    Raises:
        DiffecgError: a file is missing or truncated, or does not match the checksums of the header.
    """
    path = path.with_suffix("") if path.suffix in (".hea", ".dat", ".atr") else path
    if not path.name or "." in path.name:
        raise DiffecgError(
            f"{str(path)!r} is not the name of a WFDB record (no dots, such as mitdb/100) and does not end "
            f"in the suffix of another format ({', '.join(suffix for suffix in SUFFIXES if suffix)})"
        )
    header_path = path.with_name(path.name + ".hea")
    if not os.path.isfile(header_path):  # Path.is_file raises OSError for names that are too long
        raise DiffecgError(f"no recording at {path}: {header_path.name} is missing from {path.parent}")
    record = _read_digital(path)
    check_signals(path, record)
    names = tuple(name or f"lead {i + 1}" for i, name in enumerate(record.sig_name))
    if duplicates := repeated(names):
        raise DiffecgError(
            f"recording {path} has several channels of the same name, {duplicates}; rename one in "
            f"{header_path.name}"
        )
    stored = record.d_signal.T.astype(np.int64)
    invalid = np.array([INVALID_SAMPLE_VALUE[fmt] for fmt in record.fmt])
    return Recording(
        name=path.name,
        fs_hz=float(record.fs),
        channels=make_channels(names, record.units),
        stored=stored,
        gain=tuple(float(gain) for gain in record.adc_gain),
        baseline=tuple(float(baseline) for baseline in record.baseline),
        missing=stored == invalid[:, None],
        path=path,
        start=(record.base_date, record.base_time),
        comments=tuple(record.comments),
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
    except Exception as error:  # wfdb raises exceptions of many types for damaged files
        raise DiffecgError(
            f"recording {path} cannot be read: a file is truncated or damaged, or header and signal "
            f"do not match ({one_line(error)})"
        ) from error


def write(path: Path, recording: Recording) -> None:
    """Write a WFDB record: header, signal, and annotations if there are any.

    Samples are stored in format 16, or 32 if they need more bits. The ``.atr`` file of a recording that was
    read from a WFDB record is copied.

    Raises:
        DiffecgError: stored integers do not fit into 32 bits.
    """
    digital = digitise(recording, 32)
    largest = int(np.abs(np.where(digital.missing, 0, digital.stored)).max())
    formats = [fmt for fmt, bits in _BITS.items() if largest < 2 ** (bits - 1)]
    if not formats:
        raise DiffecgError(
            f"recording {recording.name} has stored samples of {largest}, more than 32 bits; is its unit "
            "right?"
        )
    invalid = -(2 ** (_BITS[formats[0]] - 1))
    wfdb.wrsamp(
        path.name,
        fs=digital.fs_hz,
        units=list(digital.units),
        sig_name=list(digital.channel_names),
        d_signal=np.ascontiguousarray(np.where(digital.missing, invalid, digital.stored).T),
        fmt=formats[:1] * len(digital.channel_names),
        adc_gain=list(digital.gain),
        baseline=[round(baseline) for baseline in digital.baseline],
        comments=list(digital.comments),
        base_date=digital.start[0],
        base_time=digital.start[1],
        write_dir=str(path.parent),
    )
    original = recording.path.parent / f"{recording.name}.atr"
    if recording.path.name and not recording.path.suffix and original.is_file():
        shutil.copyfile(original, path.with_name(original.name))
    elif recording.annotations:
        write_annotations(path, recording.annotations, recording.fs_hz)
