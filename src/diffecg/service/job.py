"""A job: what was asked, where it stands, and who waits to hear of it."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from diffecg.service import schemas
from diffecg.service.schemas import GenerateRequest, Request, State

RESULT, OUT = "result.json", "out"
BEATS, WINDOWS, COMPOSED = "beats.npz", "windows.f32", "composed"
"""What jobs write: generated windows as a set and as they come, and the recording that is composed."""
FINAL: tuple[State, ...] = ("done", "failed", "cancelled")


@dataclass
class Job:
    """A piece of work."""

    id: str
    task: str
    asked: Request
    folder: Path
    """Holds ``result.json`` and, under ``out``, what can be downloaded."""
    inputs: dict[str, Any] = field(default_factory=dict)
    """Of what the request names by id: paths on the server, and what a file does not tell."""
    state: State = "queued"
    done: int = 0
    total: int = 0
    error: str = ""
    glimpse: dict[str, Any] | None = None
    """The last look at what is being drawn."""
    ended: float = 0.0
    """When it ended, by the monotonic clock."""
    changes: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def change(self, **values: Any) -> None:
        """Set some of the values above and wake who waits; what is final stays."""
        if self.state in FINAL:
            return
        for name, value in values.items():
            setattr(self, name, value)
        self.changes += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait(self, since: int, timeout_s: float) -> None:
        """Return when there were more changes than ``since``, or the time is over."""
        if self.changes > since or self.state in FINAL:
            return
        try:
            await asyncio.wait_for(self._changed.wait(), timeout_s)
        except TimeoutError:
            return

    @property
    def batch(self) -> tuple[Any, ...] | None:
        """What jobs have in common that can be computed together; None: it is computed alone."""
        one = self.asked
        if not isinstance(one, GenerateRequest) or one.rhythm:
            return None
        return one.model, one.sampler, one.steps, one.batch_size

    def status(self, position: int = 0) -> schemas.Job:
        """Return where it stands."""
        out = self.folder / OUT
        found = out.rglob("*") if self.state == "done" else ()
        return schemas.Job(
            self.id,
            self.task,
            self.state,
            self.done,
            self.total,
            position,
            self.error,
            sorted(str(file.relative_to(out)) for file in found if file.is_file()),
            asdict(self.asked),
        )

    def order(self) -> dict[str, Any]:
        """Return what the worker is told."""
        return {
            "id": self.id,
            "task": self.task,
            "folder": str(self.folder),
            "inputs": self.inputs,
            "asked": asdict(self.asked),
        }
