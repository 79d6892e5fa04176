"""A job: a request, its state, and the clients that wait for it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from diffecg.service.channel import Assignment, Outcome, PreviewFrame
from diffecg.service.schemas import JobStatus, Request, State
from diffecg.service.tasks import OUTPUT, GenerateTask, Task

FINAL: tuple[State, ...] = ("done", "failed", "cancelled")


@dataclass(kw_only=True, eq=False)
class Job:
    """A job of the queue."""

    id: str
    request: Request
    task: Task
    folder: Path
    """Holds the result and, in `output`, the files that a client can download."""
    state: State = "queued"
    done: int = 0
    total: int = 0
    error: str = ""
    preview: PreviewFrame | None = None
    """The most recent intermediate draws."""
    ended_s: float = 0.0
    """Time at which the job ended, by the monotonic clock."""
    changes: int = 0
    """Number of changes of the values above."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def ended(self) -> bool:
        """Whether the job is done, failed or cancelled."""
        return self.state in FINAL

    def start(self) -> None:
        """Mark the job as running."""
        self.state = "running"
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
        self.state, self.error, self.preview = outcome, error, None
        self.ended_s = time.monotonic()
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

    def assignment(self) -> Assignment:
        """Return the message to the worker."""
        return Assignment(job_id=self.id, folder=self.folder, task=self.task)

    def status(self, position: int = 0) -> JobStatus:
        """Return the state for clients, given the number of jobs that are ahead in the queue."""
        output = self.folder / OUTPUT
        files = [path for path in output.rglob("*") if path.is_file()] if self.state == "done" else []
        return JobStatus(
            id=self.id,
            task=self.task.name,
            state=self.state,
            done=self.done,
            total=self.total,
            position=position,
            error=self.error,
            files=sorted(str(path.relative_to(output)) for path in files),
            request=asdict(self.request),
        )

    def _notify(self) -> None:
        self.changes += 1
        self._changed.set()
        self._changed = asyncio.Event()
