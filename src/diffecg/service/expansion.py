"""The size of a compressed file when it is expanded, found without expanding it into memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from zipfile import ZipFile

import numpy as np

from diffecg.errors import DiffecgError, one_line
from diffecg.formats.registry import file_suffix
from diffecg.formats.tables.text_files import COMPRESSIONS, open_bytes

ALWAYS_ALLOWED = 50_000_000
"""Bytes to which a file may expand however small it is."""
MAX_RATIO = 200
"""Number of times its size to which a larger file may expand."""
_BLOCK, _MAX_MEMBERS = 1 << 20, 10_000
_FLOAT_BYTES = 8


class TooLarge(DiffecgError):
    """A file expands to more than the server takes."""


def check_expansion(path: Path, max_bytes: float) -> None:
    """Check that a file does not expand to more than ``max_bytes``, or to far more than its size.

    Raises:
        TooLarge: it does.
        DiffecgError: the file is damaged.
    """
    most = min(max_bytes, max(ALWAYS_ALLOWED, MAX_RATIO * path.stat().st_size))
    try:
        for expanded in _sizes(path):
            if expanded > most:
                raise TooLarge(
                    f"{path} expands to more than {most / 1e6:.0f} MB, which this server does not take"
                )
    except DiffecgError:
        raise
    except Exception as error:  # the libraries raise exceptions of many types for damaged files
        raise DiffecgError(f"{path} cannot be read ({one_line(error)})") from error


def _sizes(path: Path) -> Iterator[int]:
    """Yield growing numbers of bytes to which a file expands at least."""
    suffix = file_suffix(path)
    if suffix == ".parquet":
        yield _parquet_bytes(path)
    elif suffix in (".npz", ".zip"):
        yield from _archive_bytes(path)
    elif suffix == ".npy":
        with path.open("rb") as stream:
            yield _array_bytes(stream)
    elif suffix == ".mat":
        yield from _matlab_bytes(path)
    elif suffix.endswith(COMPRESSIONS):
        size = 0
        with open_bytes(path, "rb") as stream:
            while block := stream.read(_BLOCK):
                size += len(block)
                yield size


def _parquet_bytes(path: Path) -> int:
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path) as file:
        metadata = file.metadata
        groups = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
        return max(groups, _FLOAT_BYTES * metadata.num_rows * metadata.num_columns)


def _archive_bytes(path: Path) -> Iterator[int]:
    size = 0
    with ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) > _MAX_MEMBERS:
            raise DiffecgError(f"{path} holds {len(members)} files; at most {_MAX_MEMBERS} are read")
        for member in members:
            with archive.open(member) as stream:
                size += max(member.file_size, _array_bytes(stream))
            yield size


def _array_bytes(stream: IO[bytes]) -> int:
    """Return the size of the array in a ``.npy`` file, by its header; 0 if it is none."""
    if stream.read(len(np.lib.format.MAGIC_PREFIX)) != np.lib.format.MAGIC_PREFIX:
        return 0
    major, _ = stream.read(2)
    read = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream)
    return math.prod(shape) * max(dtype.itemsize, _FLOAT_BYTES)


def _matlab_bytes(path: Path) -> Iterator[int]:
    """Yield the sizes of the compressed elements of a MATLAB file of version 5, added up."""
    import zlib

    compressed, header, size = 15, 128, 0
    with path.open("rb") as stream:
        order = {b"IM": "<u4", b"MI": ">u4"}.get(stream.read(header)[-2:])
        if order is None:
            return
        while len(tag := stream.read(8)) == 8:
            kind, length = np.frombuffer(tag, order).tolist()
            if kind != compressed:
                stream.seek(length + -length % 8, 1)
                continue
            inflate, left = zlib.decompressobj(), length
            while left and (chunk := stream.read(min(left, 1 << 16))):
                left -= len(chunk)
                while chunk:
                    size += len(inflate.decompress(chunk, _BLOCK))
                    chunk = inflate.unconsumed_tail
                    yield size
