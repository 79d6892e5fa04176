"""A lane: jobs in order of arrival, and the worker process that computes them one batch at a time."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from diffecg.service.channel import (
    Alive,
    Assignment,
    CancelJob,
    Event,
    JobEnded,
    JobPreview,
    JobProgress,
    RunBatch,
)
from diffecg.service.job import Job, LaneName
from diffecg.service.limits import Limits
from diffecg.service.tasks import GenerateTask
from diffecg.service.worker import WorkerProcess

MAX_BATCH_WINDOWS = 1024
"""Largest number of windows of several jobs that are computed together."""
MAX_ATTEMPTS = 2
"""Number of workers that may end while they compute a job; then it fails."""
CANCEL_S = 0.7
"""A worker that computes only cancelled jobs is ended after this time, in seconds."""
_TICK_S = 0.2


class LaneOwner(Protocol):
    """What a lane reports to; the queue of jobs."""

    def begin(self, job: Job) -> bool:
        """Prepare the folder of a job that a worker begins; False: it has ended instead."""

    def assignment(self, job: Job) -> Assignment:
        """Return the message to the worker."""

    def finish(self, job: Job, event: JobEnded) -> None:
        """Set the final state of a job."""

    def queue_again(self, job: Job) -> None:
        """Keep that a job waits again."""

    def clear(self, job: Job) -> None:
        """Delete what a job left that was not done."""

    def count_batch(self, jobs: int) -> None:
        """Count a batch."""

    def count_death(self) -> None:
        """Count a worker that ended unexpectedly."""


class Lane:
    """Jobs in order of arrival, computed by one worker.

    A worker that dies, is stuck, or goes on with a cancelled job is replaced; the jobs that it was
    computing are run again.

    Args:
        name: name of the lane.
        limits: limits of the server.
        start_worker: starts a worker process.
        queue: what the lane reports to.
    """

    def __init__(
        self, name: LaneName, limits: Limits, start_worker: Callable[[], WorkerProcess], queue: LaneOwner
    ) -> None:
        self.name = name
        self.waiting: deque[Job] = deque()
        self.running: dict[str, Job] = {}
        """Jobs that are being computed and wanted, by id."""
        self._limits = limits
        self._start_worker = start_worker
        self._owner = queue
        self._worker: WorkerProcess | None = None
        self._submitted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self, *, with_worker: bool) -> None:
        """Start to compute; the worker is started at once or with the first job."""
        if with_worker:
            self._worker = self._start_worker()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End the worker; jobs that are not done stay in the database."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self._worker is not None:
            await self._worker.stop()

    def add(self, job: Job) -> None:
        """Add a job."""
        self.waiting.append(job)
        self._submitted.set()

    def cancel(self, job: Job) -> bool:
        """Cancel a job; return whether it was waiting or running."""
        if job in self.waiting:
            self.waiting.remove(job)
            return True
        if self.running.pop(job.id, None) is None:
            return False
        if self._worker is not None:
            self._worker.send(CancelJob(job_id=job.id))
        return True

    def position(self, job: Job) -> int:
        """Return the number of jobs ahead of a job, those that run included."""
        return len(self.running) + self.waiting.index(job) if job in self.waiting else 0

    async def _run(self) -> None:
        while True:
            await self._submitted.wait()
            self._submitted.clear()
            while self.waiting:
                await self._compute(self._next_batch())

    def _next_batch(self) -> list[Job]:
        """Remove the first job from the queue, and the jobs that can be computed together with it."""
        first = self.waiting.popleft()
        batch, windows = [first], _window_count(first)
        for job in [job for job in self.waiting if job.can_join(first)]:
            windows += _window_count(job)
            if windows > MAX_BATCH_WINDOWS:
                break
            self.waiting.remove(job)
            batch.append(job)
        return batch

    async def _compute(self, jobs: list[Job]) -> None:
        """Let the worker compute a batch, and pass on its events until every job has ended."""
        jobs = [job for job in jobs if self._owner.begin(job)]
        try:
            if jobs:
                await self._compute_begun(jobs)
        finally:
            for job in jobs:
                self._owner.clear(job)

    async def _compute_begun(self, jobs: list[Job]) -> None:
        self.running = {job.id: job for job in jobs}
        if self._worker is None or not self._worker.is_alive:
            self._worker = self._start_worker()
        worker = self._worker
        worker.send(RunBatch(assignments=tuple(map(self._owner.assignment, jobs))))
        self._owner.count_batch(len(jobs))
        pending = set(self.running)
        started_s, silent_s, unwanted_s = time.monotonic(), 0.0, 0.0
        while pending:
            try:
                event = await worker.receive(_TICK_S)
            except TimeoutError:
                # Counted, not measured: a server that was stopped meanwhile has not listened.
                silent_s += _TICK_S
                if silent_s > self._limits.max_silence_s:
                    return await self._replace(worker, "was stuck")
            else:
                silent_s = 0.0
                if event is None:
                    return await self._replace(worker, None)
                self._handle(event, pending)
            if self.running and time.monotonic() - started_s > self._limits.max_job_s:
                self._fail_running(f"the job took longer than {self._limits.max_job_s:g} s")
            if self.running:
                unwanted_s = 0.0
            elif pending:
                unwanted_s = unwanted_s or time.monotonic()
                if time.monotonic() - unwanted_s > CANCEL_S:
                    return await self._replace(worker, "")
        return None

    def _handle(self, event: Event, pending: set[str]) -> None:
        if isinstance(event, Alive):
            return
        job = self.running.get(event.job_id)
        match event:
            case JobProgress(done=done, total=total) if job is not None:
                job.advance(done, total)
            case JobPreview(frame=frame) if job is not None:
                job.show(frame)
            case JobEnded(job_id=job_id):
                pending.discard(job_id)
                if job is not None:
                    del self.running[job_id]
                    self._owner.finish(job, event)

    def _fail_running(self, error: str) -> None:
        """Fail all jobs that run."""
        for job in list(self.running.values()):
            del self.running[job.id]
            self._owner.finish(job, JobEnded(job_id=job.id, outcome="failed", error=error))

    async def _replace(self, worker: WorkerProcess, reason: str | None) -> None:
        """End a worker, start another one, and queue the jobs that it was computing again.

        Args:
            worker: the worker.
            reason: why it is ended; None: it has ended by itself; empty: its job was cancelled.
        """
        worker.kill()
        self._worker = None
        status = await worker.exit_status()
        reason = f"ended (status {status})" if reason is None else reason
        again = []
        for job in list(self.running.values()):
            del self.running[job.id]
            job.attempts += 1
            if job.attempts >= MAX_ATTEMPTS:
                error = f"the process that computed the job {reason} {job.attempts} times"
                self._owner.finish(job, JobEnded(job_id=job.id, outcome="failed", error=error))
            else:
                again.append(job)
                self._owner.queue_again(job)
        self.waiting.extendleft(reversed(again))
        if reason:
            self._owner.count_death()
        self._worker = self._start_worker()
        self._submitted.set()


def _window_count(job: Job) -> int:
    return job.task.options.count if isinstance(job.task, GenerateTask) else 0
