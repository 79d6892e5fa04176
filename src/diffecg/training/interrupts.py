"""Protection of a run from other processes and from signals within a step."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from filelock import FileLock, Timeout

from diffecg.errors import DiffecgError, Terminated


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Lock the folder of a run; the lock is released when the process ends, however it ends.

    Raises:
        DiffecgError: Another process holds the lock.
    """
    try:
        with FileLock(folder / ".lock", timeout=0):
            yield
    except Timeout:
        raise DiffecgError(f"another process is training into {folder}; wait for it or stop it") from None


@contextmanager
def deferred_signals() -> Iterator[Callable[[], int]]:
    """Record Ctrl-C (SIGINT) and SIGTERM instead of ending; yield a function that returns the last, or 0.

    Only the main thread receives signals; in other threads nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: 0
        return
    received = [0]
    numbers = (signal.SIGINT, signal.SIGTERM)
    previous = [signal.signal(number, lambda number, _: received.append(number)) for number in numbers]
    try:
        yield lambda: received[-1]
    finally:
        for number, handler in zip(numbers, previous, strict=True):
            signal.signal(number, handler)


def end_by_signal(number: int) -> NoReturn:
    """Raise the exception of a recorded signal: Terminated for SIGTERM, else KeyboardInterrupt."""
    raise Terminated if number == signal.SIGTERM else KeyboardInterrupt
