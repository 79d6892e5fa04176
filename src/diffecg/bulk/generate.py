"""Synthetic windows in shards: window i has the seed ``seed + i``, whoever makes it, in whatever order."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from diffecg._version import __version__
from diffecg.bulk.engines import run
from diffecg.data.labels import check_label
from diffecg.data.shards import Shard, Store, plan
from diffecg.exchange.windows import write_generated
from diffecg.tasks.model import Model, load
from diffecg.tasks.requests import Method

Progress = Callable[[int, int], None]
"""Called with windows done and in all."""


@dataclass(frozen=True)
class Making:
    """A set of windows to make."""

    model: str
    """A bundled model, or a model folder that every worker can read."""
    labels: tuple[str, ...]
    """Window i gets the i-th, and after the last the first again."""
    count: int
    seed: int = 0
    shard: int = 4096
    """Windows in a shard."""
    method: Method = field(default_factory=Method)


@dataclass(frozen=True)
class _Task:
    making: Making
    shard: Shard
    url: str


def generate(
    making: Making,
    url: str,
    engine: str = "local",
    *,
    workers: int = 2,
    address: str | None = None,
    verify: bool = False,
    progress: Progress = lambda *_: None,
) -> dict[str, Any]:
    """Make the shards that ``url`` lacks; return how many were made and were there, and why some failed.

    Args:
        making: which windows.
        url: a folder, on any file system that fsspec knows and every worker can reach.
        engine: ``local`` or ``ray``.
        workers: processes.
        address: of a Ray cluster.
        verify: compare the checksums of the shards that are there; spoilt ones are made again.
        progress: called as shards are done.

    Raises:
        DiffecgError: ``url`` holds another set; unknown labels, model or engine.
    """
    model = _model(making.model)
    for label in making.labels:
        check_label(label, model.labels, model.name)
    store, shards = Store(url), plan(making.count, making.shard)
    about = {**asdict(making), "weights_sha256": model.weights_sha256, "diffecg": __version__}
    store.begin({name: value for name, value in about.items() if name != "model"} | {"model": model.name})
    marks = {shard: mark for shard in shards if (mark := store.finished(shard, verify=verify))}
    there, failed = len(marks), {}
    done = sum(shard.count for shard in marks)
    progress(done, making.count)
    lacking = [_Task(making, shard, url) for shard in shards if shard not in marks]
    for task, outcome in run(make_shard, lacking, engine, workers=workers, address=address):
        if isinstance(outcome, str):
            failed[task.shard.name] = outcome
            continue
        marks[task.shard] = outcome
        done += task.shard.count
        progress(done, making.count)
    if not failed:
        store.close([marks[shard] for shard in shards])
    return {"shards": len(shards), "there": there, "made": len(marks) - there, "failed": failed}


def make_shard(task: _Task) -> dict[str, Any]:
    """Make and write a shard; return its mark."""
    making, shard = task.making, task.shard
    model, labels = _model(making.model), making.labels
    windows = model.generate(
        [labels[(shard.first + i) % len(labels)] for i in range(shard.count)],
        shard.count,
        making.seed + shard.first,
        **making.method.sampling(),
    )
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / shard.name
        write_generated([windows], path, count=shard.count, before=model.config.window.before)
        return Store(task.url).put(shard, path.read_bytes())


@cache
def _model(name: str) -> Model:
    """Return a model, loaded once in each process."""
    return load(name)
