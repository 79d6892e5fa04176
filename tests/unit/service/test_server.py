"""The parts of a server, without its routes."""

import asyncio
import threading
from types import SimpleNamespace

from diffecg.service.server import Server


def test_a_rhythm_is_found_once_at_a_time_and_its_lock_goes_with_the_requests():
    at_once, most = threading.Semaphore(1), []

    def find(recording_id):
        most.append(at_once.acquire(blocking=False))
        at_once.release()
        return recording_id

    parts = dict.fromkeys(("settings", "project", "queue", "sets", "metrics", "beats", "page_settings"))
    server = Server(**parts, models={}, library=SimpleNamespace(rhythm=find))

    async def ask():
        return await asyncio.gather(*(server.rhythm("one") for _ in range(20)))

    assert asyncio.run(ask()) == ["one"] * 20
    assert all(most)
    assert not server.rhythm_locks
