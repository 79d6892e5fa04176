"""Engines that compute shards: processes on this machine, or a Ray cluster."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import connection, get_context, parent_process
from typing import Any, TypeVar

from diffecg.bulk.options import LOCAL, EngineOptions
from diffecg.choices import choices
from diffecg.errors import DiffecgError, one_line
from diffecg.extras import require_extra

MAX_ATTEMPTS = 3
"""Attempts for an item whose worker process dies."""

Item = TypeVar("Item")
Outcome = tuple[Item, Any]
"""An item, and the value that the function returned, or the reason why it failed (a string)."""


def run(
    function: Callable[[Item], dict[str, Any]],
    items: Sequence[Item],
    engine: EngineOptions = LOCAL,
) -> Iterator[Outcome[Item]]:
    """Call a function with each item, in parallel; yield items and outcomes in the order of completion.

    An item that fails does not stop the others.

    Args:
        function: a function of a module; called in another process, with one thread.
        items: its arguments.
        engine: where the function is called.

    Raises:
        DiffecgError: an unknown engine, Ray is not installed, or no workers.
    """
    check_engine(engine)
    return _ENGINES[engine.engine](function, items, engine)


def check_engine(engine: EngineOptions) -> None:
    """Check that an engine is available.

    Raises:
        DiffecgError: an unknown engine, Ray is not installed, or no workers.
    """
    if engine.workers < 1:
        raise DiffecgError(f"workers {engine.workers} must be at least 1")
    if engine.engine not in _ENGINES:
        raise DiffecgError(f"unknown engine {engine.engine!r}; {choices(engine.engine, _ENGINES)}")
    if engine.engine == "ray":
        require_extra("ray")


def start_worker() -> None:
    """Use one thread in a worker, and end it with its parent process."""
    import torch

    torch.set_num_threads(1)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_exit_with, args=(parent.sentinel,), daemon=True).start()


def _exit_with(sentinel: int) -> None:
    """Exit when the process of a sentinel has ended."""
    connection.wait([sentinel])
    os._exit(1)


def attempt(function: Callable[[Item], dict[str, Any]], item: Item) -> dict[str, Any] | str:
    """Return the value of a function, or the reason why it failed."""
    try:
        return function(item)
    except Exception as error:  # PyTorch, Arrow and file systems raise many types of exceptions
        return one_line(error)


def _local(
    function: Callable[[Item], dict[str, Any]], items: Sequence[Item], engine: EngineOptions
) -> Iterator[Outcome[Item]]:
    """Use processes; when one dies, the items in progress are repeated one at a time."""
    queued = list(items)
    while queued:
        waiting: dict[Future[Any], Item] = {}
        with _pool(engine.workers) as pool:
            try:
                while queued or waiting:
                    while queued and len(waiting) < 2 * engine.workers:
                        future = pool.submit(attempt, function, queued[0])
                        waiting[future] = queued.pop(0)
                    for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                        outcome = future.result()
                        yield waiting.pop(future), outcome
            except BrokenProcessPool:
                pass
        for item in waiting.values():
            yield item, _run_alone(function, item)


def _run_alone(function: Callable[[Item], dict[str, Any]], item: Item) -> dict[str, Any] | str:
    """Return the outcome of an item, in a process of its own."""
    for _ in range(MAX_ATTEMPTS):
        with _pool(1) as pool, suppress(BrokenProcessPool):
            return pool.submit(attempt, function, item).result()
    return f"its worker process died {MAX_ATTEMPTS} times"


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Yield a pool of processes, which are terminated when this process is interrupted."""
    pool = ProcessPoolExecutor(workers, get_context("spawn"), start_worker)
    try:
        yield pool
    except BaseException:
        for process in list((pool._processes or {}).values()):
            process.terminate()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def _ray(
    function: Callable[[Item], dict[str, Any]], items: Sequence[Item], engine: EngineOptions
) -> Iterator[Outcome[Item]]:
    """Use a Ray cluster, which repeats the items of workers and nodes that die."""
    import ray

    started = not ray.is_initialized()
    if started:
        # Without an address, Ray would connect to any cluster that it finds on this machine.
        settings: dict[str, Any] = (
            {"address": engine.address}
            if engine.address
            else {"address": "local", "num_cpus": engine.workers}
        )
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **settings)

    def work(item: Item) -> dict[str, Any] | str:
        start_worker()
        return attempt(function, item)

    remote = ray.remote(num_cpus=1, max_retries=MAX_ATTEMPTS)(work)
    try:
        queued, waiting = list(items), dict[Any, Item]()
        resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        limit = 2 * max(1, int(resources.get("CPU", engine.workers)))
        while queued or waiting:
            while queued and len(waiting) < limit:
                reference = remote.remote(queued[0])
                waiting[reference] = queued.pop(0)
            (done, *_), _ = ray.wait(list(waiting))
            item = waiting.pop(done)
            try:
                yield item, ray.get(done)
            except ray.exceptions.RayError as error:
                yield item, str(error).strip().splitlines()[-1]
    finally:
        if started:
            ray.shutdown()


_ENGINES = {"local": _local, "ray": _ray}
"""The engines by name."""
