"""Synthetic windows in shards: window i has the seed ``seed + i``, whoever makes it, in whatever order."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from diffecg._version import __version__
from diffecg.bulk.jobs import Completed, Progress, complete
from diffecg.bulk.options import LOCAL, EngineOptions
from diffecg.datasets.labels import check_label
from diffecg.datasets.shards import Shard, Store, plan
from diffecg.datasets.writing import write_generated
from diffecg.inference.loading import load
from diffecg.inference.model import Model
from diffecg.inference.options import SamplerOptions


@dataclass(frozen=True)
class BulkGenerateOptions:
    """A set of windows to make."""

    model: str
    """A bundled model, or a model folder that every worker can read."""
    labels: tuple[str, ...]
    """Window i gets the i-th, and after the last the first again."""
    count: int
    seed: int = 0
    shard: int = 4096
    """Windows in a shard."""
    method: SamplerOptions = field(default_factory=SamplerOptions)


@dataclass(frozen=True)
class _Task:
    making: BulkGenerateOptions
    shard: Shard
    url: str


def generate(
    making: BulkGenerateOptions,
    url: str,
    running: EngineOptions = LOCAL,
    *,
    progress: Progress = lambda *_: None,
) -> Completed:
    """Make the shards that ``url`` lacks; return what came of it.

    Args:
        making: which windows.
        url: a folder, on any file system that fsspec knows and every worker can reach.
        running: where and how.
        progress: called as shards are done, with windows.

    Raises:
        DiffecgError: ``url`` holds another set; unknown labels, model or engine.
    """
    model = _model(making.model)
    for label in making.labels:
        check_label(label, model.labels, model.name)
    about = {
        **asdict(making),
        "model": model.name,
        "weights_sha256": model.weights_sha256,
        "diffecg": __version__,
    }
    tasks = [_Task(making, shard, url) for shard in plan(making.count, making.shard)]
    return complete(url, about, make_shard, tasks, running, progress)


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
        write_generated([windows], path, count=shard.count)
        return Store(task.url).put(shard, path.read_bytes(), shard.count)


@cache
def _model(name: str) -> Model:
    """Return a model, loaded once in each process."""
    return load(name)
