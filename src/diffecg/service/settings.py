"""The settings of a server."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from diffecg.service.limits import Limits

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Names of this machine that cannot be reached from another one."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of a server."""

    models: tuple[str, ...]
    """Bundled models or model folders; the server loads no others."""
    folder: Path
    """The project folder."""
    beats: Path | None = None
    """Prepared beats (``diffecg prepare``), shown beside synthetic ones; the reference of reports."""
    token: str = ""
    """Token that every request must carry; empty: that of the project."""
    loopback: bool = True
    """Whether the server is bound to the loopback interface only."""
    threads: int | None = None
    """Processor threads of the worker; None: the default of PyTorch."""
    engine: str = "torch"
    """Engine of the worker: ``torch`` or ``onnx``."""
    limits: Limits = field(default_factory=Limits)
