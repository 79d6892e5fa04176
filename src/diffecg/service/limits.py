"""The limits of a server; each is a flag of ``diffecg studio``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ChildLimits:
    """What a child process may use."""

    memory_mb: float
    """Memory that it may allocate, in megabytes."""
    seconds: float
    """Time that it may take."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The largest request that the server accepts, and the number of results that it keeps."""

    __pydantic_config__ = {"use_attribute_docstrings": True}  # noqa: RUF012

    max_windows: int = 2000
    """Largest number of windows in one request."""
    max_minutes: float = 60.0
    """Longest composed recording, in minutes."""
    max_draws: int = 64
    """Largest number of draws."""
    max_steps: int = 1000
    """Largest number of sampler steps."""
    max_horizon_s: float = 30.0
    """Longest forecast, in seconds."""
    max_draw_samples: int = 2 * 10**7
    """Largest product of draws and samples to impute; it limits memory."""
    max_rhythm_length: int = 500
    """Longest rhythm, in characters."""
    max_upload_mb: float = 64.0
    """Largest upload, in megabytes."""
    max_body_kb: float = 256.0
    """Largest body of any other request, in kilobytes."""
    max_expanded_mb: float = 1000.0
    """Size to which an upload may expand when it is read, in megabytes."""
    max_import_memory_mb: float = 2000.0
    """Memory in which an upload must be readable, or an export written, in megabytes."""
    max_import_s: float = 120.0
    """Time in which an upload must be readable, or an export written, in seconds."""
    max_project_mb: float = 20_000.0
    """Size of all recordings, sets and results of the project, in megabytes."""
    min_free_mb: float = 200.0
    """Free space on the disk below which nothing is accepted, in megabytes."""
    max_waiting: int = 64
    """Number of jobs that can wait in the queue."""
    max_results: int = 2000
    """Number of ended jobs that are kept; older ones are deleted, but not the recordings that they made."""
    max_results_mb: float = 4000.0
    """Size of the results that are kept, in megabytes."""
    min_result_age_s: float = 60.0
    """Age before which no result is deleted, in seconds."""
    max_job_s: float = 3600.0
    """Longest time that a job may take, in seconds."""
    max_silence_s: float = 30.0
    """Time without a sign of life after which a worker is replaced, in seconds."""
    max_connections: int = 400
    """Number of open connections; beyond it, those that have not sent a whole request are closed."""

    @property
    def child(self) -> ChildLimits:
        """What a child process may use that reads or writes files."""
        return ChildLimits(memory_mb=self.max_import_memory_mb, seconds=self.max_import_s)
