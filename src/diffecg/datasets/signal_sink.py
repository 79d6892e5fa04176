"""Windows that are appended one part after the other, in memory or to a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
from jaxtyping import Float32


class SignalSink(Protocol):
    """Takes the windows of a set in parts."""

    def append(self, signal: Float32[np.ndarray, "window channel time"]) -> None:
        """Add windows."""

    def signal(self) -> Float32[np.ndarray, "window channel time"]:
        """Return all windows that were added."""


class SignalList:
    """Windows in memory.

    Args:
        shape: number of channels and of samples of a window.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self._parts: list[Float32[np.ndarray, "window channel time"]] = [np.empty((0, *shape), np.float32)]

    def append(self, signal: Float32[np.ndarray, "window channel time"]) -> None:
        """Add windows."""
        self._parts.append(signal)

    def signal(self) -> Float32[np.ndarray, "window channel time"]:
        """Return all windows that were added."""
        return np.concatenate(self._parts)


class SignalFile:
    """Windows in a file of NumPy's format, for sets larger than memory.

    Args:
        path: the file.
        file: the open file.
        shape: number of channels and of samples of a window.
    """

    def __init__(self, path: Path, file: BinaryIO, shape: tuple[int, int]) -> None:
        self._path, self._file, self._shape = path, file, shape
        self._count = 0
        self._write_header()

    def append(self, signal: Float32[np.ndarray, "window channel time"]) -> None:
        """Add windows."""
        self._file.write(np.ascontiguousarray(signal, dtype="<f4").data)
        self._count += len(signal)

    def signal(self) -> Float32[np.ndarray, "window channel time"]:
        """Return all windows that were added, memory-mapped."""
        self._file.seek(0)
        self._write_header()  # NumPy leaves room for the number of windows in the header
        self._file.seek(0, 2)
        self._file.flush()
        signal: Float32[np.ndarray, "window channel time"] = np.load(self._path, mmap_mode="r")
        return signal

    def _write_header(self) -> None:
        header = {"descr": "<f4", "fortran_order": False, "shape": (self._count, *self._shape)}
        np.lib.format.write_array_header_1_0(self._file, header)


@contextmanager
def open_signal_file(path: Path, shape: tuple[int, int]) -> Iterator[SignalFile]:
    """Yield a new file of windows.

    Args:
        path: the file.
        shape: number of channels and of samples of a window.
    """
    with path.open("w+b") as file:
        yield SignalFile(path, file, shape)
