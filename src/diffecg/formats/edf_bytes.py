"""Bytes of EDF and BDF files: the header, cleaned of what programs write differently, and samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Int, UInt8

from diffecg.errors import DiffecgError

HEADER_BYTES = 256
"""Bytes of the fixed part of the header, and of the part of each signal."""

RECORD_COUNT = slice(236, 244)
"""Bytes of the header that hold the number of data records."""

SIGNAL_COUNT = slice(252, 256)
"""Bytes of the header that hold the number of signals."""

_BEFORE_RANGES, _RANGES = 16 + 80 + 8, 4 * 8
"""Bytes of each signal in the header before its ranges, and of its ranges."""


def read_header(path: Path) -> bytes:
    """Return the header of a file.

    Raises:
        DiffecgError: the file is shorter than its header.
    """
    with path.open("rb") as file:
        content = file.read(HEADER_BYTES)
        try:
            size = HEADER_BYTES * (int(content[SIGNAL_COUNT]) + 1)
            if size < HEADER_BYTES:
                raise ValueError("a negative number of signals")
        except ValueError:
            raise DiffecgError(
                f"{path} cannot be read as EDF or BDF: its header states no number of signals"
            ) from None
        if size > path.stat().st_size:
            raise DiffecgError(
                f"{path} cannot be read as EDF or BDF: it ends within its header of "
                f"{size} bytes; copy it again"
            )
        return _clean_numbers(content + file.read(size - HEADER_BYTES))


def _clean_numbers(header: bytes) -> bytes:
    """Return a header with decimal points, spaces for zero bytes, and -1 where it counts no data records."""
    signals = int(header[SIGNAL_COUNT])
    ranges = HEADER_BYTES + signals * _BEFORE_RANGES
    spans = [slice(RECORD_COUNT.start, SIGNAL_COUNT.stop), slice(ranges, ranges + signals * _RANGES)]
    for span in spans:
        numbers = header[span].replace(b",", b".").replace(b"\0", b" ")
        header = header[: span.start] + numbers + header[span.stop :]
    if not header[RECORD_COUNT].strip():
        header = header[: RECORD_COUNT.start] + b"-1      " + header[RECORD_COUNT.stop :]
    return header


def header_encoding(header: bytes) -> str:
    """Return the encoding of a header: UTF-8, else Latin-1; the standard allows ASCII only."""
    try:
        header.decode()
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def decode_samples(content: UInt8[np.ndarray, "record byte"], sample_bytes: int) -> Int[np.ndarray, " time"]:
    """Return the stored integers of little-endian bytes, two or three for each."""
    flat = np.ascontiguousarray(content).reshape(-1)
    if sample_bytes == 2:
        return flat.view("<i2").astype(np.int64)
    low, middle, high = flat.reshape(-1, 3).T.astype(np.int64)
    values = low | middle << 8 | high << 16
    return values - ((values & 0x800000) << 1)


def encode_samples(values: Int[np.ndarray, " time"], sample_bytes: int) -> UInt8[np.ndarray, " byte"]:
    """Return the bytes of stored integers; the inverse of :func:`decode_samples`."""
    return values.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :sample_bytes].reshape(-1)
