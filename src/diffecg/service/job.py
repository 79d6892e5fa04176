"""A job: a request, its state, and the clients that wait for it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from diffecg.service.channel import Assignment, Outcome, PreviewFrame
from diffecg.service.library import now
from diffecg.service.project import folder_bytes
from diffecg.service.schemas import JobStatus, Request, State, TaskName
from diffecg.service.tasks import OUTPUT, ExampleTask, GenerateTask, Task

FINAL: tuple[State, ...] = ("done", "failed", "cancelled")
LaneName = Literal["interactive", "long"]
MAX_INTERACTIVE_S = 1000.0
"""Longest duration of what is imputed, times the draws, in the interactive lane."""


@dataclass(frozen=True, kw_only=True)
class StoredJob:
    """A job as the database of the project keeps it."""

    task: TaskName
    request: dict[str, Any]
    lane: LaneName
    state: State
    created: str
    ended: str | None = None
    error: str = ""
    attempts: int = 0
    target: str | None = None
    uses: tuple[str, ...] = ()
    result_recording: str | None = None
    key: str | None = None
    files: list[str] = field(default_factory=list)
    bytes: int = 0


@dataclass(kw_only=True, eq=False)
class Job:
    """A job of the queue."""

    id: str
    name: TaskName
    request: dict[str, Any]
    """The request as JSON, with defaults."""
    task: Task | None
    """What the worker computes; None once the job has ended."""
    folder: Path
    """Holds the result and, in `output`, the files that a client can download."""
    lane: LaneName
    uses: tuple[str, ...] = ()
    """Ids of the recording, sets and jobs that it reads; the recording is the first."""
    target: str | None = None
    """Id of the recording that it makes."""
    key: str | None = None
    """What the client calls the request, so that it is computed once however often it is sent."""
    created: str = field(default_factory=now)
    ended_at: str | None = None
    state: State = "queued"
    attempts: int = 0
    """Number of workers that ended while they computed the job."""
    result_recording: str | None = None
    files: list[str] = field(default_factory=list)
    bytes: int = 0
    done: int = 0
    total: int = 0
    error: str = ""
    preview: PreviewFrame | None = None
    """The most recent intermediate draws."""
    started_s: float = 0.0
    """Time at which a worker began, by the monotonic clock."""
    ended_s: float = 0.0
    """Time at which the job ended, by the monotonic clock."""
    changes: int = 0
    """Number of changes of the values above."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def new(cls, identity: str, request: Request, task: Task, folder: Path, **settings: Any) -> Job:
        """Return the job of a request."""
        name: Any = task.name
        document = _adapter(type(request)).dump_python(request, mode="json")
        return cls(id=identity, name=name, request=document, task=task, folder=folder, **settings)

    @classmethod
    def restored(cls, key: str, stored: StoredJob, task: Task | None, folder: Path) -> Job:
        """Return a job that the database kept; one that ran is queued again."""
        ended = stored.state in FINAL
        return cls(
            id=key,
            name=stored.task,
            request=stored.request,
            task=task,
            folder=folder,
            lane=stored.lane,
            uses=stored.uses,
            target=stored.target,
            key=stored.key,
            created=stored.created,
            ended_at=stored.ended,
            state=stored.state if ended else "queued",
            attempts=stored.attempts,
            result_recording=stored.result_recording,
            files=stored.files,
            bytes=stored.bytes,
            error=stored.error,
        )

    def stored(self) -> StoredJob:
        """Return the job as the database keeps it."""
        return StoredJob(
            task=self.name,
            request=self.request,
            lane=self.lane,
            state=self.state,
            created=self.created,
            ended=self.ended_at,
            error=self.error,
            attempts=self.attempts,
            target=self.target,
            uses=self.uses,
            result_recording=self.result_recording,
            key=self.key,
            files=self.files,
            bytes=self.bytes,
        )

    @property
    def ended(self) -> bool:
        """Whether the job is done, failed or cancelled."""
        return self.state in FINAL

    @property
    def recording(self) -> str | None:
        """Id of the recording that it works on."""
        return self.request.get("recording")

    def start(self) -> None:
        """Mark the job as running."""
        self.state, self.started_s = "running", time.monotonic()
        self._notify()

    def queue(self) -> None:
        """Mark the job as waiting again."""
        self.state, self.done, self.total, self.preview = "queued", 0, 0, None
        self._notify()

    def advance(self, done: int, total: int) -> None:
        """Set the progress."""
        self.done, self.total = done, total
        self._notify()

    def show(self, preview: PreviewFrame) -> None:
        """Set the preview."""
        self.preview = preview
        self._notify()

    def end(self, outcome: Outcome, error: str = "") -> None:
        """Set the final state."""
        self.state, self.error, self.preview, self.task = outcome, error, None, None
        self.ended_s, self.ended_at = time.monotonic(), now()
        if outcome == "done":
            output = self.folder / OUTPUT
            self.files = sorted(str(path.relative_to(output)) for path in output.rglob("*") if path.is_file())
        self.bytes = folder_bytes(self.folder)
        self._notify()

    async def wait(self, since: int, timeout_s: float) -> None:
        """Wait until there are more than ``since`` changes, the job has ended, or the time is over."""
        if self.changes > since or self.ended:
            return
        try:
            await asyncio.wait_for(self._changed.wait(), timeout_s)
        except TimeoutError:
            return

    def can_join(self, other: Job) -> bool:
        """Whether both jobs generate windows with the same settings, so that one batch computes both."""
        one, two = self.task, other.task
        if not (isinstance(one, GenerateTask) and isinstance(two, GenerateTask)):
            return False
        return (one.model, one.sampling) == (two.model, two.sampling)

    def assignment(self, recordings: Path) -> Assignment:
        """Return the message to the worker, given the folder of the recordings."""
        assert self.task is not None
        target = None if self.target is None else recordings / self.target
        return Assignment(job_id=self.id, folder=self.folder, task=self.task, target=target)

    def status(self, position: int = 0) -> JobStatus:
        """Return the state for clients, given the number of jobs that are ahead in the queue."""
        return JobStatus(
            id=self.id,
            task=self.name,
            state=self.state,
            position=position,
            done=self.done,
            total=self.total,
            seconds_left=self._seconds_left(),
            created=self.created,
            ended=self.ended_at,
            error=self.error,
            recording=self.recording,
            result_recording=self.result_recording,
            files=self.files,
            request=self.request,
        )

    def _seconds_left(self) -> float | None:
        if self.state != "running" or not 0 < self.done <= self.total:
            return None
        elapsed_s = time.monotonic() - self.started_s
        return round(elapsed_s * (self.total - self.done) / self.done, 1)

    def _notify(self) -> None:
        self.changes += 1
        self._changed.set()
        self._changed = asyncio.Event()


_ADAPTERS: dict[type[Request], TypeAdapter[Any]] = {}


def _adapter(kind: type[Request]) -> TypeAdapter[Any]:
    """Return what converts a request to JSON; making it takes longer than using it."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def lane_of(task: Task, seconds_to_impute: float | None) -> LaneName:
    """Return the lane of a task: what takes long must not block what a user waits for.

    Args:
        task: the task.
        seconds_to_impute: duration of what is imputed or denoised, times the draws; None: unknown.
    """
    if isinstance(task, GenerateTask | ExampleTask) or task.name in ("compose", "forecast"):
        return "interactive"
    if task.name == "evaluate" or seconds_to_impute is None or seconds_to_impute > MAX_INTERACTIVE_S:
        return "long"
    return "interactive"
