"""The worker: the process that loads the models and computes the tasks."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection

from diffecg.errors import DiffecgError
from diffecg.service.channel import (
    Assignment,
    Cancelled,
    Command,
    Event,
    JobEnded,
    Outcome,
    ServerChannel,
    WorkerChannel,
)
from diffecg.service.limited import is_disk_full
from diffecg.service.result_recording import MadeRecording

SHUTDOWN_TIMEOUT_S = 5.0
_logger = logging.getLogger(__name__)


class WorkerProcess:
    """A running worker, as the server sees it."""

    def __init__(self, threads: int | None, engine: str) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._process = context.Process(target=run_worker, args=(theirs, threads, engine), daemon=True)
        self._process.start()
        theirs.close()  # so that the end of the process closes the pipe
        self._channel = ServerChannel(ours)

    @property
    def is_alive(self) -> bool:
        """Whether the process has not ended."""
        return self._process.is_alive()

    def send(self, command: Command) -> None:
        """Send a command."""
        self._channel.send(command)

    async def receive(self, timeout_s: float | None = None) -> Event | None:
        """Return the next event, or None once the process has ended.

        Raises:
            TimeoutError: there is none within the time.
        """
        return await self._channel.receive(timeout_s)

    def kill(self) -> None:
        """End the process at once, also if it is stopped."""
        self._process.kill()

    async def exit_status(self) -> int | None:
        """Return the exit status of a process that has ended; negative: the signal that killed it."""
        await asyncio.to_thread(self._process.join, SHUTDOWN_TIMEOUT_S)
        return self._process.exitcode

    async def stop(self) -> None:
        """End the process, by force if it does not react."""
        self._process.terminate()
        await asyncio.to_thread(self._process.join, SHUTDOWN_TIMEOUT_S)
        self._process.kill()
        await asyncio.to_thread(self._process.join)


def run_worker(connection: Connection, threads: int | None, engine: str) -> None:
    """Compute what the server sends until the server ends; the entry point of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the server, which ends this process
    channel = WorkerChannel(connection, on_close=lambda: os._exit(0))  # also in the midst of a computation
    from diffecg.service.runner import TaskRunner  # imports PyTorch, which the server does without

    runner = TaskRunner(channel, threads, engine)
    while True:
        run_batch(channel, runner.run, channel.receive())


def run_batch(
    channel: WorkerChannel,
    run: Callable[[tuple[Assignment, ...]], MadeRecording | None],
    assignments: tuple[Assignment, ...],
) -> None:
    """Compute a batch and report how each of its jobs ended; no error ends the worker."""
    outcome: Outcome = "done"
    error, made = "", None
    try:
        made = run(assignments)
    except Cancelled:
        outcome = "cancelled"
    except MemoryError:
        outcome, error = "failed", "the server has not enough memory for this job"
    except DiffecgError as problem:
        outcome, error = "failed", str(problem)
    except OSError as problem:
        full = is_disk_full(problem)
        outcome, error = "failed", "the disk of the project is full" if full else str(problem)
    except Exception as problem:
        _logger.exception("job failed")
        outcome, error = "failed", f"internal error ({type(problem).__name__}); see the log of the server"
    for job_id in [assignment.job_id for assignment in assignments]:
        if job_id in channel.cancelled:
            channel.cancelled.discard(job_id)
            channel.send(JobEnded(job_id=job_id, outcome="cancelled"))
        else:
            channel.send(JobEnded(job_id=job_id, outcome=outcome, error=error, made=made))
