"""HTTP connections that are closed when a client sends too slowly."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_S = 10.0
"""Time within which the headers of a request must have arrived."""
BODY_S, BODY_BYTES_PER_S = 30.0, 20_000.0
"""Time within which a body must have arrived, and the rate at which a longer one must arrive."""
CHECK_S = 2.0
"""Interval between checks of a connection."""


class PatientProtocol(H11Protocol):
    """A connection whose client has limited time to send a request."""

    max_connections = 400
    """Number of open connections; beyond it the oldest that waits for a request is closed."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._received = 0
        self._began_s = 0.0
        self._check: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Accept a connection."""
        super().connection_made(transport)
        self._began_s = time.monotonic()
        self._check = self.loop.call_later(CHECK_S, self._close_if_slow)
        self._close_oldest()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the checks."""
        if self._check is not None:
            self._check.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take a part of a request."""
        if not self.is_receiving or (self.conn.their_state is h11.IDLE and not self._received):
            self._began_s = time.monotonic()
        self._received = self._received + len(data) if self.is_receiving else len(data)
        super().data_received(data)
        if not self.is_receiving:
            self._received = 0

    @property
    def is_receiving(self) -> bool:
        """Whether a request has not arrived completely."""
        return self.conn.their_state in (h11.IDLE, h11.SEND_BODY)

    def _close_oldest(self) -> None:
        """Close the oldest connections that wait for a request, if there are too many."""
        alive = [
            one
            for one in self.connections
            if isinstance(one, PatientProtocol) and not one.transport.is_closing()
        ]
        excess = len(alive) - self.max_connections
        if excess > 0:
            waiting = sorted((one for one in alive if one.is_receiving), key=lambda one: one._began_s)
            for one in waiting[:excess]:
                one.transport.abort()

    def _close_if_slow(self) -> None:
        allowed_s = HEADER_S
        if self.conn.their_state is h11.SEND_BODY:
            allowed_s = BODY_S + self._received / BODY_BYTES_PER_S
        if self.is_receiving and time.monotonic() - self._began_s > allowed_s:
            self.transport.abort()
            return
        self._check = self.loop.call_later(CHECK_S, self._close_if_slow)
