"""Where shards are made: processes on this machine, or a Ray cluster."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from multiprocessing import connection, get_context, parent_process
from typing import Any, TypeVar

from diffecg.bulk.options import LOCAL, EngineOptions
from diffecg.errors import DiffecgError

_ATTEMPTS = 3
"""How often an item is tried whose process dies."""
Item = TypeVar("Item")
Outcome = tuple[Item, Any]
"""An item, and what came of it: what the function returned, or a string that says why it failed."""


def run(
    function: Callable[[Item], dict[str, Any]],
    items: Sequence[Item],
    running: EngineOptions = LOCAL,
) -> Iterator[Outcome[Item]]:
    """Yield each item with what came of it, as they are done; a failed one does not stop the rest.

    Args:
        function: at the top of a module; called in another process, with one thread.
        items: what to call it with.
        running: where and how.

    Raises:
        DiffecgError: an unknown engine, or Ray is not installed; no worker.
    """
    check(running)
    return _ENGINES[running.engine](function, items, running)


def check(running: EngineOptions) -> None:
    """Refuse what nothing can be made with.

    Raises:
        DiffecgError: an unknown engine, or Ray is not installed; no worker.
    """
    if running.workers < 1:
        raise DiffecgError(f"workers {running.workers} must be at least 1")
    if running.engine not in _ENGINES:
        raise DiffecgError(f"unknown engine {running.engine!r}; choose one of {', '.join(_ENGINES)}")
    if running.engine == "ray" and find_spec("ray") is None:
        raise DiffecgError("the engine ray needs Ray: pip install 'diffecg[ray]'")


def alone() -> None:
    """Let a worker compute with one thread: there is a worker for each processor."""
    import torch

    torch.set_num_threads(1)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    """Leave when the process is gone that this one works for."""
    connection.wait([sentinel])
    os._exit(1)


def attempt(function: Callable[[Item], dict[str, Any]], item: Item) -> dict[str, Any] | str:
    """Return what a function returns, or why it failed."""
    try:
        return function(item)
    except Exception as error:  # torch, Arrow and file systems raise what they like
        return " ".join(str(error).split()) or type(error).__name__


def _local(
    function: Callable[[Item], dict[str, Any]], items: Sequence[Item], running: EngineOptions
) -> Iterator[Outcome[Item]]:
    """Use processes; when one dies, what they had in hand is tried again, one item at a time."""
    left = list(items)
    while left:
        waiting: dict[Future[Any], Item] = {}
        with _pool(running.workers) as pool:
            try:
                while left or waiting:
                    while left and len(waiting) < 2 * running.workers:
                        future = pool.submit(attempt, function, left[0])
                        waiting[future] = left.pop(0)
                    for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                        outcome = future.result()
                        yield waiting.pop(future), outcome
            except BrokenProcessPool:
                pass
        for item in waiting.values():
            yield item, _by_itself(function, item)


def _by_itself(function: Callable[[Item], dict[str, Any]], item: Item) -> dict[str, Any] | str:
    """Return what comes of an item in a process that does nothing else."""
    for _ in range(_ATTEMPTS):
        with _pool(1) as pool, suppress(BrokenProcessPool):
            return pool.submit(attempt, function, item).result()
    return f"its process died {_ATTEMPTS} times"


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Yield processes that end with this one, and at once when it is interrupted."""
    pool = ProcessPoolExecutor(workers, get_context("spawn"), alone)
    try:
        yield pool
    except BaseException:
        for process in list((pool._processes or {}).values()):
            process.terminate()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def _ray(
    function: Callable[[Item], dict[str, Any]], items: Sequence[Item], running: EngineOptions
) -> Iterator[Outcome[Item]]:
    """Use a Ray cluster, which tries again by itself what a dead worker or node had in hand."""
    import ray

    mine = not ray.is_initialized()
    if mine:
        settings: dict[str, Any] = (
            {"address": running.address} if running.address else {"num_cpus": running.workers}
        )
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **settings)

    def work(item: Item) -> dict[str, Any] | str:
        alone()
        return attempt(function, item)

    remote = ray.remote(num_cpus=1, max_retries=_ATTEMPTS)(work)
    try:
        left, waiting = list(items), dict[Any, Item]()
        resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        abreast = 2 * max(1, int(resources.get("CPU", running.workers)))
        while left or waiting:
            while left and len(waiting) < abreast:
                reference = remote.remote(left[0])
                waiting[reference] = left.pop(0)
            (done, *_), _ = ray.wait(list(waiting))
            item = waiting.pop(done)
            try:
                yield item, ray.get(done)
            except ray.exceptions.RayError as error:
                yield item, str(error).strip().splitlines()[-1]
    finally:
        if mine:
            ray.shutdown()


_ENGINES = {"local": _local, "ray": _ray}
