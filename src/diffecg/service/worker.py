"""The process that computes: orders on stdin, news on stdout, a line of JSON each."""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any, TextIO

from diffecg.errors import DiffecgError


class Cancelled(Exception):
    """The job is not wanted any more."""


class WorkerChannel:
    """Where orders come in and news goes out."""

    def __init__(self, orders: TextIO, news: TextIO) -> None:
        self.orders: queue.Queue[list[dict[str, Any]]] = queue.Queue()
        self.cancelled: set[str] = set()
        self._news = news
        threading.Thread(target=self._read, args=(orders,), daemon=True).start()

    def tell(self, job: str, **news: Any) -> None:
        """Send news of a job."""
        self._news.write(json.dumps({"id": job, **news}) + "\n")
        self._news.flush()

    def check(self, jobs: Iterable[str]) -> None:
        """Stop what is computed for jobs that were all cancelled.

        Raises:
            Cancelled: so they were.
        """
        if all(job in self.cancelled for job in jobs):
            raise Cancelled

    def _read(self, orders: TextIO) -> None:
        for line in orders:
            order = json.loads(line)
            if "cancel" in order:
                self.cancelled.add(order["cancel"])
            else:
                self.orders.put(order["run"])
        os._exit(0)  # the server is gone: nobody wants what is being computed


def attempt(desk: WorkerChannel, jobs: list[dict[str, Any]], work: Callable[[], None]) -> None:
    """Do some work for jobs, and tell how it ended."""
    state, error = "done", ""
    try:
        work()
    except Cancelled:
        state = "cancelled"
    except (DiffecgError, MemoryError, OSError) as problem:
        state, error = "failed", str(problem) or "there is not enough memory for this"
    except Exception as problem:
        import traceback

        traceback.print_exc()
        state, error = "failed", f"an error of diffecg's own ({type(problem).__name__}); its log tells more"
    for job in jobs:
        cancelled = job["id"] in desk.cancelled
        desk.tell(job["id"], state="cancelled" if cancelled else state, error="" if cancelled else error)
        desk.cancelled.discard(job["id"])


def main() -> None:
    """Compute what is ordered until the orders end."""
    settings = json.loads(sys.argv[1])
    news = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not get among the news
    desk = WorkerChannel(sys.stdin, news)

    from diffecg.service.runner import TaskRunner

    performer = TaskRunner(desk, **settings)
    while True:
        jobs = desk.orders.get()
        attempt(desk, jobs, lambda jobs=jobs: performer.perform(jobs))  # type: ignore[misc]


if __name__ == "__main__":
    main()
