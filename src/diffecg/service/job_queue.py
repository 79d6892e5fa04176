"""The jobs of a project, and the two lanes that compute them."""

from __future__ import annotations

import logging
import secrets
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from diffecg.errors import DiffecgError
from diffecg.service.channel import Assignment, JobEnded
from diffecg.service.database import Table
from diffecg.service.job import Job, LaneName, StoredJob
from diffecg.service.lane import Lane
from diffecg.service.library import ID_BYTES, Library
from diffecg.service.metrics import Metrics
from diffecg.service.project import Project, delete_others
from diffecg.service.schemas import Request
from diffecg.service.settings import Settings
from diffecg.service.tasks import Task
from diffecg.service.wording import reword
from diffecg.service.worker import WorkerProcess

_logger = logging.getLogger(__name__)


class QueueFull(DiffecgError):
    """The queue is full."""


class OtherRequest(DiffecgError):
    """A key stands for another request."""


class JobQueue:
    """All jobs of a project; each change of state is in the database before anybody sees it.

    Args:
        settings: settings of the server.
        project: the project.
        library: its recordings.
        metrics: metrics of the server.
    """

    def __init__(self, settings: Settings, project: Project, library: Library, metrics: Metrics) -> None:
        self._settings = settings
        self._project = project
        self._library = library
        self._metrics = metrics
        self._table = Table(project.database, "jobs", StoredJob)
        self.jobs: dict[str, Job] = {}
        """All jobs whose results are kept, by id, the oldest first."""
        self._keys: dict[str, Job] = {}
        self._lanes: dict[LaneName, Lane] = {}

    def restore(self, build: Callable[[StoredJob], Task]) -> None:
        """Read the jobs of the project; those that are not done are run again.

        Args:
            build: returns the task of a job; raises if its inputs are gone.
        """
        for key, stored in self._table.all().items():
            job = Job.restored(key, stored, None, self._project.jobs / key)
            self.jobs[key] = job
            if job.key is not None:
                self._keys[job.key] = job
            if not job.ended:
                try:
                    job.task = build(stored)
                except Exception as error:
                    job.end("failed", f"it cannot be computed after a restart: {error}")
                    self._keep(job)
        delete_others(self._project.jobs, [key for key, job in self.jobs.items() if job.state == "done"])

    async def start(self) -> None:
        """Start the lanes, and queue the jobs that are not done."""

        def start_worker() -> WorkerProcess:
            return WorkerProcess(self._settings.threads, self._settings.engine)

        names: tuple[LaneName, ...] = ("interactive", "long")
        self._lanes = {name: Lane(name, self._settings.limits, start_worker, self) for name in names}
        for job in self.jobs.values():
            if not job.ended:
                self._lanes[job.lane].add(job)
        for name, lane in self._lanes.items():
            lane.start(with_worker=name == "interactive")

    async def stop(self) -> None:
        """Stop the workers; jobs that are not done are taken up by the next start."""
        for lane in self._lanes.values():
            await lane.stop()

    @property
    def bytes(self) -> int:
        """Size of all results."""
        return sum(job.bytes for job in list(self.jobs.values()))

    def submit(
        self, request: Request, task: Task, lane: LaneName, uses: tuple[str, ...], key: str | None
    ) -> Job:
        """Add a job to the queue.

        Args:
            request: the request.
            task: what the worker computes.
            lane: its lane.
            uses: ids of what it reads.
            key: what the client calls the request; the job of an earlier request of that name is returned.

        Raises:
            QueueFull: the maximum number of jobs is waiting.
            OtherRequest: the key belongs to another request.
            StorageFull: the disk is full.
        """
        makes = task.name in ("impute", "denoise", "forecast", "compose", "example")
        identity = secrets.token_hex(ID_BYTES)
        job = Job.new(
            identity,
            request,
            task,
            self._project.jobs / identity,
            lane=lane,
            uses=uses,
            key=key,
            target=secrets.token_hex(ID_BYTES) if makes else None,
        )
        if key is not None and key in self._keys:
            return _same(self._keys[key], job)
        waiting = sum(len(one.waiting) for one in self._lanes.values())
        if waiting >= self._settings.limits.max_waiting:
            self._metrics.rejected.inc()
            raise QueueFull(f"{waiting} jobs are waiting already; retry in a few seconds")
        self._delete_old_results()
        self._library.check_room(0)
        self._table.put(job.id, job.stored())
        self.jobs[job.id] = job
        if key is not None:
            self._keys[key] = job
        self._lanes[lane].add(job)
        self._show_waiting()
        return job

    def cancel(self, job: Job) -> None:
        """Cancel a job that waits or runs; a job that has ended stays as it is."""
        if self._lanes[job.lane].cancel(job):
            self.finish(job, JobEnded(job_id=job.id, outcome="cancelled"))

    def delete(self, job: Job) -> None:
        """Delete a job that has ended, and its results."""
        self._table.delete(job.id)
        del self.jobs[job.id]
        if job.key is not None:
            del self._keys[job.key]
        shutil.rmtree(job.folder, ignore_errors=True)

    def position(self, job: Job) -> int:
        """Return the number of jobs that are ahead of a job, those that run included."""
        return self._lanes[job.lane].position(job)

    def is_used(self, identity: str) -> bool:
        """Return whether a job that has not ended reads a recording, a set or the result of another job."""
        return any(identity in job.uses for job in self.jobs.values() if not job.ended)

    def begin(self, job: Job) -> bool:
        """Prepare the folder of a job that a worker begins; False: it has failed instead."""
        try:
            shutil.rmtree(job.folder, ignore_errors=True)  # what an interrupted attempt left
            job.folder.mkdir(parents=True)
        except OSError as error:
            self.finish(job, JobEnded(job_id=job.id, outcome="failed", error=str(error)))
            return False
        job.start()
        self._keep(job)
        self._show_waiting()
        return True

    def assignment(self, job: Job) -> Assignment:
        """Return the message to the worker."""
        return job.assignment(self._project.recordings)

    def finish(self, job: Job, event: JobEnded) -> None:
        """Set the final state of a job."""
        outcome, error = event.outcome, event.error
        if outcome == "done" and event.made is not None:
            try:
                parent = job.recording
                job.result_recording = self._library.add_made(event.made, job.id, parent).id
            except (OSError, sqlite3.Error) as problem:
                outcome, error = "failed", str(problem)
        job.end(outcome, reword(self._without_paths(error, job)).text)
        self._keep(job)
        self._metrics.jobs.labels(job.name, outcome).inc()
        self._show_waiting()

    def queue_again(self, job: Job) -> None:
        """Keep that a job waits again."""
        job.queue()
        self._keep(job)

    def clear(self, job: Job) -> None:
        """Delete what a job left that was not done."""
        if job.state not in ("failed", "cancelled"):
            return
        shutil.rmtree(job.folder, ignore_errors=True)
        if job.target is not None:
            shutil.rmtree(self._library.folder(job.target), ignore_errors=True)

    def count_batch(self, jobs: int) -> None:
        """Count a batch."""
        self._metrics.batch_jobs.observe(jobs)

    def count_death(self) -> None:
        """Count a worker that ended unexpectedly."""
        self._metrics.worker_deaths.inc()

    def _keep(self, job: Job) -> None:
        """Write a job to the database; on a full disk the next start runs it again."""
        try:
            self._table.put(job.id, job.stored())
        except sqlite3.Error:
            _logger.exception("the state of job %s is not kept", job.id)

    def _show_waiting(self) -> None:
        self._metrics.waiting.set(sum(len(lane.waiting) for lane in self._lanes.values()))

    def _delete_old_results(self) -> None:
        """Delete the oldest results beyond the number and the size that are kept."""
        limits, now_s = self._settings.limits, time.monotonic()
        ended = [job for job in self.jobs.values() if job.ended]
        excess = len(ended) - limits.max_results
        excess_bytes = sum(job.bytes for job in ended) - limits.max_results_mb * 1e6
        for job in ended:
            if excess <= 0 and excess_bytes <= 0:
                return
            if now_s - job.ended_s > limits.min_result_age_s and not self.is_used(job.id):
                excess, excess_bytes = excess - 1, excess_bytes - job.bytes
                self.delete(job)

    def _without_paths(self, message: str, job: Job) -> str:
        """Remove the folders of the project from a message for clients."""
        folders: list[Path] = [job.folder, self._project.folder]
        if job.recording is not None:
            folders.insert(0, self._library.folder(job.recording) / "files")
        for folder in folders:
            message = message.replace(f"{folder}/", "")
        return message


def _same(earlier: Job, job: Job) -> Job:
    """Return the job of an earlier request with the same key.

    Raises:
        OtherRequest: that was another request.
    """
    if (earlier.name, earlier.request) != (job.name, job.request):
        raise OtherRequest("the Idempotency-Key belongs to another request; choose a new one")
    return earlier
