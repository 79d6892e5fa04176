"""Protection of a run from other processes and from interruption within a step."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from diffecg.errors import DiffecgError


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
def deferred_interrupt() -> Iterator[Callable[[], bool]]:
    """Record Ctrl-C instead of raising KeyboardInterrupt, and yield a function that reports it.

    Only the main thread receives signals; in other threads nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    received: list[int] = []
    previous = signal.signal(signal.SIGINT, lambda number, _: received.append(number))
    try:
        yield lambda: bool(received)
    finally:
        signal.signal(signal.SIGINT, previous)
