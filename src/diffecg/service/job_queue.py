"""The queue of jobs, and the process that computes them."""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from diffecg.errors import DiffecgError
from diffecg.service.job import FINAL, Job
from diffecg.service.metrics import Metrics
from diffecg.service.schemas import GenerateRequest, Request
from diffecg.service.settings import Settings

_LINE_LIMIT = 32 * 2**20
MAX_BATCH_WINDOWS = 1024
"""Most windows of several requests that are computed together."""
_SHUTDOWN_TIMEOUT_S = 5.0


class QueueFull(DiffecgError):
    """As many jobs wait as may."""


class Queue:
    """Jobs in the order in which they came; one process computes them, one batch at a time.

    The process reads orders and writes news, a line of JSON each. If it dies, what it was computing has
    failed, another is started, and the queue goes on.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.settings = settings
        self.metrics = metrics
        self.jobs: dict[str, Job] = {}
        self.waiting: deque[Job] = deque()
        self.running: dict[str, Job] = {}
        self.finished: deque[Job] = deque()
        self.worker: asyncio.subprocess.Process | None = None
        self._arrived = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Queue:
        """Begin to compute."""
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop; what is not done is given up."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._stop_worker()
        for job in [*self.running.values(), *self.waiting]:
            job.change(state="cancelled", error="the server was stopped")

    def submit(self, task: str, asked: Request, inputs: dict[str, Any]) -> Job:
        """Return a new job that waits its turn.

        Raises:
            QueueFull: so it is.
        """
        if len(self.waiting) >= self.settings.limits.queue:
            self.metrics.refused.inc()
            raise QueueFull(f"{len(self.waiting)} jobs wait already; try again in a few seconds")
        key = secrets.token_urlsafe(9)
        folder = self.settings.folder / "jobs" / key
        folder.mkdir(parents=True)
        job = Job(key, task, asked, folder, inputs)
        self._forget_oldest()
        self.jobs[key] = job
        self.waiting.append(job)
        self.metrics.waiting.set(len(self.waiting))
        self._arrived.set()
        return job

    def cancel(self, job: Job) -> None:
        """Stop a job, or take it out of the queue; a finished one stays as it is."""
        if job in self.waiting:
            self.waiting.remove(job)
            self._end(job, "cancelled")
        elif job.id in self.running:
            self._tell({"cancel": job.id})  # what is computed for it ends at the network's next evaluation
            del self.running[job.id]
            self._end(job, "cancelled")

    def position(self, job: Job) -> int:
        """Return how many jobs come before it."""
        return self.waiting.index(job) if job in self.waiting else 0

    async def _run(self) -> None:
        with suppress(OSError):  # a job will try again, and tell
            await self._started()  # so that it is ready when the first job comes
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self.waiting:
                await self._compute(list(self._next()))

    def _next(self) -> Iterator[Job]:
        """Yield the first job that waits, and others that can be computed together with it."""
        first = self.waiting.popleft()
        yield first
        windows = _windows(first)
        for job in [job for job in self.waiting if first.batch is not None and job.batch == first.batch]:
            windows += _windows(job)
            if windows > MAX_BATCH_WINDOWS:
                return
            self.waiting.remove(job)
            yield job

    async def _compute(self, jobs: list[Job]) -> None:
        """Have the worker compute some jobs, and pass on what it tells."""
        self.running = {job.id: job for job in jobs}
        self.metrics.waiting.set(len(self.waiting))
        self.metrics.together.observe(len(jobs))
        for job in jobs:
            job.change(state="running")
        try:
            worker = await self._started()
            self._tell({"run": [job.order() for job in jobs]})
            stream = worker.stdout
            while self.running and stream is not None:
                line = await stream.readline()
                if not line:
                    break
                self._hear(json.loads(line))
        except (OSError, ValueError) as error:
            self._fail(f"the worker cannot be reached ({error})")
        if self.running:
            code = await self.worker.wait() if self.worker is not None else "?"
            self.metrics.worker_deaths.inc()
            self._fail(f"the process that computed it ended (status {code}); ask again")
            self.worker = None

    def _hear(self, news: dict[str, Any]) -> None:
        job = self.running.get(news.pop("id", ""))
        if job is None:
            return
        state = news.pop("state", None)
        if "error" in news:  # users have no business with the server's folders
            news["error"] = (
                news["error"].replace(f"{job.folder}/", "").replace(f"{self.settings.folder}/", "")
            )
        if news:
            job.change(**news)
        if state in FINAL:
            del self.running[job.id]
            self._end(job, state)

    def _fail(self, why: str) -> None:
        for job in self.running.values():
            job.change(error=why)
            self._end(job, "failed")
        self.running = {}

    def _end(self, job: Job, state: str) -> None:
        job.change(state=state, glimpse=None, ended=time.monotonic())
        self.finished.append(job)
        self.metrics.jobs.labels(job.task, state).inc()
        self.metrics.waiting.set(len(self.waiting))

    def _tell(self, order: dict[str, Any]) -> None:
        if self.worker is not None and self.worker.stdin is not None:
            self.worker.stdin.write((json.dumps(order) + "\n").encode())

    async def _started(self) -> asyncio.subprocess.Process:
        """Return the worker, started if need be."""
        if self.worker is not None and self.worker.returncode is None:
            return self.worker
        settings = {"threads": self.settings.threads, "engine": self.settings.engine}
        self.worker = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "diffecg.service.worker",
            json.dumps(settings),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LINE_LIMIT,
        )
        return self.worker

    async def _stop_worker(self) -> None:
        if self.worker is None or self.worker.returncode is not None:
            return
        if self.worker.stdin is not None:
            self.worker.stdin.close()
        self.worker.terminate()
        try:
            await asyncio.wait_for(self.worker.wait(), _SHUTDOWN_TIMEOUT_S)
        except TimeoutError:
            self.worker.kill()
            await self.worker.wait()

    def _forget_oldest(self) -> None:
        """Delete old results beyond those that are kept."""
        limits = self.settings.limits
        while len(self.finished) > limits.jobs and time.monotonic() - self.finished[0].ended > limits.keep_s:
            job = self.finished.popleft()
            del self.jobs[job.id]
            shutil.rmtree(job.folder, ignore_errors=True)


def _windows(job: Job) -> int:
    return job.asked.count if isinstance(job.asked, GenerateRequest) else 0
