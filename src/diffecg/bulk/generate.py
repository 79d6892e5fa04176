"""Synthetic windows in shards: window i has the seed ``seed + i``, independent of shards and workers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cache

from diffecg._version import __version__
from diffecg.bulk.jobs import BulkJob, BulkResult, Progress, write_windows_shard
from diffecg.bulk.options import LOCAL, EngineOptions
from diffecg.datasets.labels import check_label
from diffecg.datasets.shards import Entry, Shard, plan_shards
from diffecg.inference.checks import check_guidance
from diffecg.inference.loading import load
from diffecg.inference.model import Model
from diffecg.inference.options import SamplerOptions


@dataclass(frozen=True, kw_only=True)
class BulkGenerateOptions:
    """A set of synthetic windows."""

    model: str
    """A bundled model, or a model folder that every worker can read."""
    labels: tuple[str, ...]
    """Labels, repeated over the windows: window i has the label i modulo their number."""
    count: int
    """Number of windows."""
    seed: int = 0
    """Seed of the first window."""
    shard_size: int = 4096
    """Windows in a shard."""
    guidance: float = 1.0
    """Scale of classifier-free guidance; 1: none."""
    sampler: SamplerOptions = field(default_factory=SamplerOptions)
    """Sampler and its steps."""


@dataclass(frozen=True, kw_only=True)
class _Task:
    options: BulkGenerateOptions
    shard: Shard
    url: str


def generate(
    options: BulkGenerateOptions,
    url: str,
    engine: EngineOptions = LOCAL,
    *,
    progress: Progress = lambda *_: None,
) -> BulkResult:
    """Generate a set of windows; existing shards are kept.

    Args:
        options: the windows.
        url: folder of the set, on a file system that fsspec supports and every worker can reach.
        engine: where shards are computed.
        progress: called as shards finish, with numbers of windows.

    Raises:
        DiffecgError: ``url`` holds another set; unknown labels, model or engine; guidance out of range.
    """
    model = _model(options.model)
    for label in options.labels:
        check_label(label, model.labels, model.name)
    check_guidance(options.guidance, (*model.labels, *model.numbers), model.name)
    settings = {
        **asdict(options),
        "model": model.name,
        "weights_sha256": model.weights_sha256,
        "diffecg": __version__,
    }
    tasks = [
        _Task(options=options, shard=shard, url=url)
        for shard in plan_shards(options.count, options.shard_size)
    ]
    return BulkJob(url=url, settings=settings, write_shard=write_shard, tasks=tasks).run(engine, progress)


def write_shard(task: _Task) -> Entry:
    """Generate and write the windows of a shard; return its entry."""
    options, shard = task.options, task.shard
    labels = options.labels
    windows = _model(options.model).generate(
        [labels[(shard.first + i) % len(labels)] for i in range(shard.count)],
        shard.count,
        options.seed + shard.first,
        guidance=options.guidance,
        **options.sampler.sampling(),
    )
    return write_windows_shard(windows, task.url, shard)


@cache
def _model(name: str) -> Model:
    """Return a model, loaded once in each process."""
    return load(name)
