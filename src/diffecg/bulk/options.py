"""Options of the engine that runs bulk jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """Where shards are computed, and by how many processes."""

    engine: Literal["local", "ray"] = "local"
    """local: processes on this machine; ray: a Ray cluster (`pip install 'diffecg[ray]'`)."""
    workers: int = 2
    """Worker processes, with one thread each."""
    address: str | None = None
    """Address of a running Ray cluster; default: start one on this machine."""
    verify: bool = False
    """Compare the checksums of existing shards, and compute damaged ones again."""


LOCAL = EngineOptions()
"""Two processes on this machine."""
