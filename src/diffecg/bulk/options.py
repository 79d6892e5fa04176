"""Where and how shards are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class EngineOptions:
    """Where and how shards are made."""

    engine: Literal["local", "ray"] = "local"
    """Where shards are made: local, by processes of this machine; ray, by a cluster (`pip install
    'diffecg[ray]'`)."""
    workers: int = 2
    """DistributedContext, of one thread each."""
    address: str | None = None
    """Of a Ray cluster that runs; one is started on this machine unless given."""
    verify: bool = False
    """Compare the checksums of the shards that are there, and make spoilt ones again."""


LOCAL = EngineOptions()
"""Two processes of this machine."""
