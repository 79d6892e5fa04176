"""Functions that run in a short-lived child process with limits on memory and time.

Files of unknown origin are read there: whatever a parser does with them, the server stays as it is.
"""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.util import get_temp_dir
from pathlib import Path
from threading import BoundedSemaphore, Thread
from typing import Any, TypeVar

from diffecg.errors import DiffecgError, one_line
from diffecg.service.limits import ChildLimits

MAX_CHILDREN = 2
"""Child processes at a time; more calls wait."""
_PRELOADED = [
    "__main__",
    *(f"diffecg.service.{name}" for name in ("importing", "overview", "exporting", "export")),
    *("scipy.signal", "scipy.ndimage", "pyarrow.parquet", "diffecg.formats.wfdb", "diffecg.formats.edf"),
]
"""Modules that children use; importing them takes longer than most of what they do."""
_children = BoundedSemaphore(MAX_CHILDREN)
Result = TypeVar("Result")


class ResourceLimit(DiffecgError):
    """A function needed more memory or time than it may have."""


@dataclass(frozen=True, kw_only=True)
class _Failure:
    """Why a function failed."""

    kind: str
    """``user``: an error that the user can correct; ``memory``, ``disk`` or ``bug``."""
    message: str


def prepare() -> None:
    """Start the process from which children are forked, with the modules that they need; do not wait."""
    context = _context()
    if context.get_start_method() == "forkserver":
        get_temp_dir()  # of this process, for sockets; not the folder for temporary files of uploads
        context.set_forkserver_preload(_PRELOADED)
        Thread(target=context.Process(target=_ignore_interrupts, daemon=True).start, daemon=True).start()


def run_limited(function: Callable[..., Result], *arguments: Any, limits: ChildLimits) -> Result:
    """Call a function in a child process and return its result.

    Args:
        function: a function at the top level of a module.
        arguments: its arguments, which are pickled.
        limits: memory and time that it may use.

    Raises:
        DiffecgError: the function raised one.
        ResourceLimit: it exceeded a limit.
        OSError: the disk is full.
        RuntimeError: any other exception in the function.
    """
    with _children:
        ours, theirs = _context().Pipe(duplex=False)
        process = _context().Process(
            target=_run_child, args=(theirs, function, arguments, limits), daemon=True
        )
        process.start()
        theirs.close()
        try:
            answer = ours.recv() if ours.poll(limits.seconds) else _timeout(limits)
        except (EOFError, OSError):
            process.join()
            answer = _Failure(kind="memory", message=f"the process ended with status {process.exitcode}")
        finally:
            process.kill()
            process.join()
            process.close()
            ours.close()
    if isinstance(answer, _Failure):
        raise _exception(answer, limits)
    return answer


def _timeout(limits: ChildLimits) -> _Failure:
    return _Failure(kind="time", message=f"it takes longer than {limits.seconds:g} s")


def _exception(failure: _Failure, limits: ChildLimits) -> Exception:
    """Return the exception of a failure."""
    match failure.kind:
        case "user":
            return DiffecgError(failure.message)
        case "memory":
            return ResourceLimit(f"it takes more than {limits.memory_mb:g} MB of memory")
        case "time":
            return ResourceLimit(failure.message)
        case "disk":
            return OSError(errno.ENOSPC, failure.message)
        case _:
            return RuntimeError(failure.message)


def _context() -> Any:
    """Return the way to start processes: by forking a process without threads where possible."""
    methods = multiprocessing.get_all_start_methods()
    return multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run_child(
    connection: Connection, function: Callable[..., Any], arguments: tuple[Any, ...], limits: ChildLimits
) -> None:
    """Call the function and send its result; the entry point of the child process."""
    _ignore_interrupts()
    _limit_memory(limits.memory_mb)
    try:
        answer = function(*arguments)
    except (MemoryError, DiffecgError) as error:
        answer = _Failure(kind="memory" if _is_memory(error) else "user", message=str(error))
    except OSError as error:
        answer = _Failure(kind="disk" if is_disk_full(error) else "bug", message=one_line(error))
    except BaseException as error:
        answer = _Failure(kind="bug", message=f"{type(error).__name__}: {one_line(error)}")
    with suppress(OSError):
        connection.send(answer)
    sys.stderr.flush()
    os._exit(0)


def _is_memory(error: BaseException | None) -> bool:
    """Return whether an error, or one that it follows from, says that there is no memory left."""
    while error is not None:
        if isinstance(error, MemoryError) or "out of memory" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def is_disk_full(error: BaseException | None) -> bool:
    """Return whether an error, or one that it follows from, says that the disk is full."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if isinstance(error, sqlite3.OperationalError) and "full" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _limit_memory(memory_mb: float) -> None:
    """Limit the memory of this process to what it has and ``memory_mb`` more, where the system can."""
    try:
        import resource

        status = Path("/proc/self/status").read_text()
    except (ImportError, OSError):
        return
    data_kb = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmData"))
    most = data_kb * 1024 + int(memory_mb * 1e6)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
