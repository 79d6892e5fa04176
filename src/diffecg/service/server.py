"""What the routes share: the parts of the server, found by the names in a request."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated
from weakref import WeakValueDictionary

from fastapi import Depends, HTTPException
from fastapi import Request as HttpRequest
from starlette.concurrency import run_in_threadpool

from diffecg.choices import choices
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.files import MARKER, new_folder
from diffecg.service.database import Table
from diffecg.service.export import Format, export_windows
from diffecg.service.job import Job
from diffecg.service.job_queue import JobQueue
from diffecg.service.library import Library, StoredRecording
from diffecg.service.limited import run_limited
from diffecg.service.metrics import Metrics
from diffecg.service.overview import Rhythm
from diffecg.service.project import Project
from diffecg.service.schemas import ModelInfo, PageSettings
from diffecg.service.sets import WindowSets
from diffecg.service.settings import Settings
from diffecg.service.tasks import BEATS, OUTPUT, RecordingFile

SERVER_BEATS = "beats"
"""Name, in a request, of the beats that the server was started with."""


@dataclass(frozen=True, kw_only=True)
class ServedModel:
    """A model that the server was started with."""

    source: str
    """Bundled name or folder."""
    info: ModelInfo


@dataclass(frozen=True, kw_only=True, eq=False)
class Server:
    """The parts of a server."""

    settings: Settings
    project: Project
    queue: JobQueue
    library: Library
    sets: WindowSets
    metrics: Metrics
    models: dict[str, ServedModel]
    """Models by name."""
    beats: Windows | None
    """The real beats that the server was started with."""
    page_settings: Table[PageSettings]
    """What the page keeps."""
    rhythm_locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    """Held by the requests that wait for the beats of a recording, by its id."""

    @property
    def bytes(self) -> int:
        """Size of recordings, sets and results."""
        return self.library.bytes + self.sets.bytes + self.queue.bytes

    def job(self, job_id: str) -> Job:
        """Return a job.

        Raises:
            HTTPException: 404, unknown job.
        """
        if job_id not in self.queue.jobs:
            raise HTTPException(404, f"unknown job {job_id!r}; it may have been deleted")
        return self.queue.jobs[job_id]

    def finished(self, job_id: str) -> Job:
        """Return a job that is done.

        Raises:
            HTTPException: 404, unknown job; 409, the job is not done.
        """
        job = self.job(job_id)
        if job.state != "done":
            raise HTTPException(409, f"the job is {job.state}" + (f": {job.error}" if job.error else ""))
        return job

    def recording(self, recording_id: str) -> StoredRecording:
        """Return a recording.

        Raises:
            HTTPException: 404, unknown recording.
        """
        if recording_id not in self.library.recordings:
            raise HTTPException(404, f"unknown recording {recording_id!r}; it may have been deleted")
        return self.library.recordings[recording_id]

    async def rhythm(self, recording_id: str) -> Rhythm:
        """Return beats and faults of a recording; requests at the same time wait for one computation."""
        async with self.rhythm_locks.setdefault(recording_id, asyncio.Lock()):
            return await run_in_threadpool(self.library.rhythm, recording_id)

    def model(self, name: str) -> ServedModel:
        """Return a model.

        Raises:
            DiffecgError: the server was not started with this model.
        """
        if name not in self.models:
            raise DiffecgError(f"unknown model {name!r}; {choices(name, self.models)}")
        return self.models[name]

    def generator(self, name: str) -> ServedModel:
        """Return a model of beats.

        Raises:
            DiffecgError: the server was not started with this model, or it does not generate.
        """
        model = self.model(name)
        if model.info.kind != "beat":
            beats = ", ".join(other for other, one in self.models.items() if one.info.kind == "beat")
            raise DiffecgError(
                f"{name} imputes and forecasts; choose a model that generates: {beats or 'none'}"
            )
        return model

    def export(self, job: Job, format: Format, index: int | None) -> Path:
        """Return the file of generated windows; it is written once.

        Raises:
            DiffecgError: the index is out of range, or it takes too long.
        """
        folder = job.folder / "exports"
        kept = folder / f"{format}-{'all' if index is None else index}"
        if not kept.is_dir():
            folder.mkdir(exist_ok=True)
            with new_folder(kept, force=True) as unfinished:
                source, limits = job.folder / OUTPUT, self.settings.limits.child
                run_limited(export_windows, source, format, index, unfinished, limits=limits)
        return next(path for path in kept.iterdir() if path.name != MARKER)

    def synthetic_windows(self, set_id: str) -> Path:
        """Return the file of a set of synthetic windows, uploaded or generated by a job.

        Raises:
            HTTPException: 404, unknown set or job; 409, the job is not done.
            DiffecgError: the job did not generate windows.
        """
        if set_id in self.sets.sets:
            return self.sets.path(set_id)
        job = self.finished(set_id)
        if job.name != "generate":
            raise DiffecgError(f"job {set_id!r} did not generate windows")
        return job.folder / OUTPUT / BEATS

    def real_windows(self, identity: str) -> Path | RecordingFile:
        """Return what synthetic windows are compared with.

        Args:
            identity: of an uploaded set, of a job that generated windows, or of a recording with annotated
                beats; or :data:`SERVER_BEATS`.

        Raises:
            HTTPException: 404, unknown id; 409, the job is not done.
            DiffecgError: the server was started without real beats; nothing is annotated.
        """
        if identity in self.library.recordings:
            info = self.library.recordings[identity].info
            if not info.beats:
                raise DiffecgError(f"{info.name} has no annotated beats to compare with; choose another")
            return self.library.file(identity)
        if identity != SERVER_BEATS:
            return self.synthetic_windows(identity)
        if self.settings.beats is None:
            raise DiffecgError(
                "the server was started without real beats; choose a set or an annotated recording, or "
                "restart it with --beats FOLDER"
            )
        return self.settings.beats


def _server(request: HttpRequest) -> Server:
    return request.app.state.server


ServerDep = Annotated[Server, Depends(_server)]
"""The server, as a parameter of a route."""


def _job(job_id: str, server: ServerDep) -> Job:
    return server.job(job_id)


JobDep = Annotated[Job, Depends(_job)]
"""The job with the id in the path; looked up before a streaming response begins."""
