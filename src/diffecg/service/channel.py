"""The channel between the server and its worker process: the messages, and the two ends.

Messages are pickled dataclasses on a `multiprocessing` pipe. Both ends read in a thread: the server must not
block its event loop, and the worker must notice a cancellation while it computes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Literal

from diffecg.service.result_recording import MadeRecording
from diffecg.service.tasks import Task

BEAT_S = 1.0
"""Interval between the signs of life of a worker, in seconds."""
Outcome = Literal["done", "failed", "cancelled"]


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """A task, the job that it belongs to, and the folder for its results."""

    job_id: str
    folder: Path
    task: Task
    target: Path | None = None
    """Folder in the project for the recording that the task makes; its name is the id of the recording."""


@dataclass(frozen=True, kw_only=True)
class RunBatch:
    """Command: compute these assignments together."""

    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, kw_only=True)
class CancelJob:
    """Command: stop computing a job."""

    job_id: str


@dataclass(frozen=True, kw_only=True)
class JobProgress:
    """Event: some steps of a job are complete."""

    job_id: str
    done: int
    total: int


@dataclass(frozen=True, kw_only=True)
class PreviewFrame:
    """Draws of a gap at one noise level."""

    start_s: float
    """Time of the first sample, in seconds from the start of the recording."""
    fs_hz: float
    sigma: float
    """Standard deviation of the noise that remains, in the units of the network."""
    draws_mv: list[list[float]]


@dataclass(frozen=True, kw_only=True)
class JobPreview:
    """Event: intermediate draws of a job."""

    job_id: str
    frame: PreviewFrame


@dataclass(frozen=True, kw_only=True)
class JobEnded:
    """Event: a job has ended."""

    job_id: str
    outcome: Outcome
    error: str = ""
    """Why it failed."""
    made: MadeRecording | None = None
    """The recording that it made."""


@dataclass(frozen=True, kw_only=True)
class Alive:
    """Event: the worker is neither stopped nor stuck."""


Command = RunBatch | CancelJob
Event = JobProgress | JobPreview | JobEnded | Alive


class Cancelled(Exception):
    """Every job that is being computed has been cancelled."""


class ServerChannel:
    """The server's end: sends commands and receives events without blocking the event loop."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._commands: SimpleQueue[Command | None] = SimpleQueue()
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        for target in (self._write, self._read):
            Thread(target=target, daemon=True).start()

    def send(self, command: Command) -> None:
        """Queue a command; it is lost if the worker has ended, which `receive` reports."""
        self._commands.put(command)

    async def receive(self, timeout_s: float | None = None) -> Event | None:
        """Return the next event, or None once the worker has ended.

        Raises:
            TimeoutError: there is none within the time.
        """
        return await asyncio.wait_for(self._events.get(), timeout_s)

    def _write(self) -> None:
        with suppress(OSError):
            while (command := self._commands.get()) is not None:
                self._connection.send(command)

    def _read(self) -> None:
        with suppress(RuntimeError):  # the event loop is closed
            with suppress(EOFError, OSError):
                while True:
                    event = self._connection.recv()
                    self._loop.call_soon_threadsafe(self._events.put_nowait, event)
            self._loop.call_soon_threadsafe(self._events.put_nowait, None)
        self._commands.put(None)  # ends the other thread


class WorkerChannel:
    """The worker's end: receives batches of assignments and sends events.

    Args:
        connection: the worker's end of the pipe.
        on_close: called, in a thread, once the server has closed its end.
    """

    def __init__(self, connection: Connection, on_close: Callable[[], None]) -> None:
        self.cancelled: set[str] = set()
        """Ids of jobs that are not to be computed any more."""
        self._connection = connection
        self._on_close = on_close
        self._batches: SimpleQueue[tuple[Assignment, ...]] = SimpleQueue()
        self._sending = Lock()
        for target in (self._read, self._beat):
            Thread(target=target, daemon=True).start()

    def receive(self) -> tuple[Assignment, ...]:
        """Wait for the next batch."""
        return self._batches.get()

    def send(self, event: Event) -> None:
        """Send an event to the server."""
        with self._sending:
            self._connection.send(event)

    def check_cancelled(self, job_ids: Iterable[str]) -> None:
        """Stop the computation if no caller waits for it.

        Raises:
            Cancelled: all of these jobs have been cancelled.
        """
        if self.cancelled.issuperset(job_ids):
            raise Cancelled

    def _beat(self) -> None:
        with suppress(OSError):
            while True:
                self.send(Alive())
                time.sleep(BEAT_S)

    def _read(self) -> None:
        with suppress(EOFError, OSError):
            while True:
                match self._connection.recv():
                    case CancelJob(job_id=job_id):
                        self.cancelled.add(job_id)
                    case RunBatch(assignments=assignments):
                        self._batches.put(assignments)
        self._on_close()
