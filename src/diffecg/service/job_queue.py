"""The queue of jobs and the worker that computes them."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import time
from collections import deque
from contextlib import suppress
from pathlib import Path

from diffecg.errors import DiffecgError
from diffecg.service.channel import CancelJob, Event, JobEnded, JobPreview, JobProgress, Outcome, RunBatch
from diffecg.service.job import Job
from diffecg.service.metrics import Metrics
from diffecg.service.schemas import Request
from diffecg.service.settings import Settings
from diffecg.service.tasks import GenerateTask, Task
from diffecg.service.worker import WorkerProcess

MAX_BATCH_WINDOWS = 1024
"""Largest number of windows of several jobs that are computed together."""


class QueueFull(DiffecgError):
    """The queue is full."""


class JobQueue:
    """Jobs in order of arrival; one worker computes them, one batch at a time.

    If the worker dies, the jobs that it was computing fail, a new worker is started, and the queue continues.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.settings = settings
        self.metrics = metrics
        self.jobs: dict[str, Job] = {}
        """All jobs whose results are kept, by id."""
        self._waiting: deque[Job] = deque()
        self._running: dict[str, Job] = {}
        self._ended: deque[Job] = deque()
        self._worker: WorkerProcess | None = None
        self._submitted = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None

    async def __aenter__(self) -> JobQueue:
        """Start the worker."""
        self._loop = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop the worker; jobs that are not done are cancelled."""
        if self._loop is not None:
            self._loop.cancel()
            with suppress(asyncio.CancelledError):
                await self._loop
        if self._worker is not None:
            await self._worker.stop()
        for job in [*self._running.values(), *self._waiting]:
            job.end("cancelled", "the server was stopped")

    def submit(self, request: Request, task: Task) -> Job:
        """Add a job to the queue.

        Raises:
            QueueFull: the maximum number of jobs is waiting.
        """
        if len(self._waiting) >= self.settings.limits.max_waiting:
            self.metrics.rejected.inc()
            raise QueueFull(f"{len(self._waiting)} jobs are waiting already; retry in a few seconds")
        self._delete_old_results()
        key = secrets.token_urlsafe(9)
        job = Job(id=key, request=request, task=task, folder=self.settings.folder / "jobs" / key)
        job.folder.mkdir(parents=True)
        self.jobs[key] = job
        self._waiting.append(job)
        self.metrics.waiting.set(len(self._waiting))
        self._submitted.set()
        return job

    def cancel(self, job: Job) -> None:
        """Cancel a job that waits or runs; a job that has ended stays as it is."""
        if job in self._waiting:
            self._waiting.remove(job)
            self._end(job, "cancelled")
        elif job.id in self._running and self._worker is not None:
            self._worker.send(CancelJob(job_id=job.id))  # stops before the next evaluation of the network
            del self._running[job.id]
            self._end(job, "cancelled")

    def position(self, job: Job) -> int:
        """Return the number of waiting jobs that are ahead of a job."""
        return self._waiting.index(job) if job in self._waiting else 0

    async def _run(self) -> None:
        self._worker = WorkerProcess(self.settings.threads, self.settings.engine)
        while True:
            await self._submitted.wait()
            self._submitted.clear()
            while self._waiting:
                await self._compute(self._next_batch())

    def _next_batch(self) -> list[Job]:
        """Remove the first job from the queue, and the jobs that can be computed together with it."""
        first = self._waiting.popleft()
        batch, windows = [first], _window_count(first)
        for job in [job for job in self._waiting if job.can_join(first)]:
            windows += _window_count(job)
            if windows > MAX_BATCH_WINDOWS:
                break
            self._waiting.remove(job)
            batch.append(job)
        return batch

    async def _compute(self, jobs: list[Job]) -> None:
        """Let the worker compute a batch, and pass on its events until every job has ended."""
        self._running = {job.id: job for job in jobs}
        self.metrics.waiting.set(len(self._waiting))
        self.metrics.batch_jobs.observe(len(jobs))
        for job in jobs:
            job.start()
        if self._worker is None:
            self._worker = WorkerProcess(self.settings.threads, self.settings.engine)
        self._worker.send(RunBatch(assignments=tuple(job.assignment() for job in jobs)))
        while self._running:
            event = await self._worker.receive()
            if event is None:
                await self._bury(self._worker)
                return
            self._handle(event)

    async def _bury(self, worker: WorkerProcess) -> None:
        """Fail the jobs of a worker that has died."""
        self._worker = None
        self.metrics.worker_deaths.inc()
        status = await worker.exit_status()
        for job in self._running.values():
            self._end(job, "failed", f"the worker process ended (status {status}); submit the job again")
        self._running = {}

    def _handle(self, event: Event) -> None:
        job = self._running.get(event.job_id)
        if job is None:
            return  # cancelled meanwhile
        match event:
            case JobProgress(done=done, total=total):
                job.advance(done, total)
            case JobPreview(frame=frame):
                job.show(frame)
            case JobEnded(outcome=outcome, error=error):
                del self._running[job.id]
                self._end(job, outcome, _without_paths(error, job.folder, self.settings.folder))

    def _end(self, job: Job, outcome: Outcome, error: str = "") -> None:
        job.end(outcome, error)
        self._ended.append(job)
        self.metrics.jobs.labels(job.task.name, outcome).inc()
        self.metrics.waiting.set(len(self._waiting))

    def _delete_old_results(self) -> None:
        """Delete the oldest results beyond the number that is kept."""
        limits, now_s = self.settings.limits, time.monotonic()
        while (
            len(self._ended) > limits.max_results and now_s - self._ended[0].ended_s > limits.min_result_age_s
        ):
            job = self._ended.popleft()
            del self.jobs[job.id]
            shutil.rmtree(job.folder, ignore_errors=True)


def _window_count(job: Job) -> int:
    return job.task.options.count if isinstance(job.task, GenerateTask) else 0


def _without_paths(message: str, *folders: Path) -> str:
    """Remove the server's folders from a message for clients."""
    for folder in folders:
        message = message.replace(f"{folder}/", "")
    return message
