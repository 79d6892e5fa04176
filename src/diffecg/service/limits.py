"""The limits of a server; each is a flag of ``diffecg serve``."""

from __future__ import annotations

from dataclasses import dataclass


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
    max_draw_samples: int = 10**8
    """Largest product of draws and samples of the recording; it limits memory."""
    max_rhythm_length: int = 500
    """Longest rhythm, in characters."""
    max_upload_mb: float = 64.0
    """Largest upload, in megabytes."""
    max_body_kb: float = 256.0
    """Largest body of any other request, in kilobytes."""
    max_uploads: int = 32
    """Number of uploaded recordings, and of uploaded sets, that are kept; the oldest are deleted."""
    max_waiting: int = 64
    """Number of jobs that can wait in the queue."""
    max_results: int = 200
    """Number of results that are kept; older ones are deleted."""
    min_result_age_s: float = 60.0
    """Age before which no result is deleted, in seconds."""
