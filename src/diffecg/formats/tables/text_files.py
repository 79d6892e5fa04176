"""Text files as bytes on disk: compression, encoding, lines."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal
from zipfile import ZIP_DEFLATED, ZipFile

from diffecg.errors import DiffecgError

_OPENERS: dict[str, Callable[[Path, Any], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
COMPRESSIONS = (*_OPENERS, ".zip")
"""Suffixes of compressed text files."""

TEXT_TABLES = (".csv", ".tsv", ".txt")
"""Suffixes of text tables."""

_BLOCK = 1 << 20
_MIN_NUL_SHARE = 0.2
"""Share of zero bytes at odd (even) positions from which a text is UTF-16."""


def table_stem(path: Path) -> str:
    """Return the name of a file without its suffix and without that of a compression."""
    return Path(path.stem).stem if path.suffix.lower() in COMPRESSIONS else path.stem


@contextmanager
def open_bytes(path: Path, mode: Literal["rb", "wb"]) -> Iterator[IO[bytes]]:
    """Open a file, compressed if its suffix says so.

    Args:
        path: the file; a ``.zip`` archive must contain one file.
        mode: ``rb`` or ``wb``.

    Raises:
        DiffecgError: an archive of several files.
    """
    suffix = path.suffix.lower()
    if suffix != ".zip":
        with _OPENERS.get(suffix, open)(path, mode) as stream:
            yield stream
        return
    kind: Literal["r", "w"] = "r" if mode == "rb" else "w"
    with ZipFile(path, kind, ZIP_DEFLATED) as archive:
        names = archive.namelist() if kind == "r" else [path.stem]
        if len(names) != 1:
            raise DiffecgError(f"{path} contains {len(names)} files; unpack it and read one of them")
        with archive.open(names[0], kind) as stream:
            yield stream


@contextmanager
def open_text(
    path: Path, mode: Literal["r", "w"], encoding: str, newline: str | None = None
) -> Iterator[IO[str]]:
    """Open a text file, compressed if its suffix says so; ``newline`` as for :func:`open`."""
    with (
        open_bytes(path, "rb" if mode == "r" else "wb") as stream,
        io.TextIOWrapper(stream, encoding=encoding, newline=newline) as text,
    ):
        yield text


def file_stamp(path: Path) -> tuple[int, int]:
    """Return size and time of modification of a file."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def detect_encoding(path: Path) -> str:
    """Return the encoding of a text file: UTF-8, UTF-16, or Windows' Western European one.

    Byte-order marks decide, then zero bytes (UTF-16), then whether all bytes are valid UTF-8.
    """
    with open_bytes(path, "rb") as stream:
        block = stream.read(_BLOCK)
        if block.startswith(codecs.BOM_UTF8):
            return "utf-8-sig"
        if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        pairs = max(len(block) // 2, 1)
        for encoding, zeros in (("utf-16-le", block[1::2].count(0)), ("utf-16-be", block[::2].count(0))):
            if zeros > _MIN_NUL_SHARE * pairs:
                return encoding
        utf8, windows = codecs.getincrementaldecoder("utf-8")(), codecs.getincrementaldecoder("cp1252")()
        encodings = {"utf-8": utf8, "cp1252": windows}
        while block:
            for name, decoder in list(encodings.items()):
                try:
                    decoder.decode(block)
                except UnicodeDecodeError:
                    del encodings[name]
            block = stream.read(_BLOCK)
    return next(iter(encodings), "latin-1")
