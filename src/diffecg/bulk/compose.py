"""Composed recordings in shards: recording i has the seed ``seed + i``, independent of shards and workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

from diffecg._version import __version__
from diffecg.bulk.jobs import BulkJob, BulkResult, Progress, write_windows_shard
from diffecg.bulk.options import LOCAL, EngineOptions
from diffecg.composition.beat_source import HEART_RATE
from diffecg.composition.model_beats import ModelBeats
from diffecg.composition.plan import plan_recording
from diffecg.composition.population import draw_conditions
from diffecg.composition.strips import compose_windows
from diffecg.composition.timing import Rhythm
from diffecg.datasets.shards import Entry, Shard, plan_shards
from diffecg.inference.loading import load
from diffecg.inference.options import ComposedSamplerOptions, SamplerOptions


@dataclass(frozen=True, kw_only=True)
class BulkComposeOptions:
    """A set of composed recordings of several leads."""

    model: str
    """A bundled model of several leads, or a model folder that every worker can read."""
    conditions: Mapping[str, Any] | None
    """Conditions of all recordings, see :func:`diffecg.composition.plan.plan_recording`; None: those of the
    recordings of PTB-XL, see :func:`diffecg.composition.population.draw_conditions`."""
    rhythm: str = ""
    """Rhythm of all recordings; empty: the one that the statements describe."""
    count: int
    """Number of recordings."""
    duration_s: float = 10.0
    """Length of each recording, in s."""
    seed: int = 0
    """Seed of the first recording."""
    shard_size: int = 1024
    """Recordings in a shard."""
    sampler: SamplerOptions = field(default_factory=ComposedSamplerOptions)
    """Sampler and its steps; recordings composed together."""


@dataclass(frozen=True, kw_only=True)
class _Task:
    options: BulkComposeOptions
    shard: Shard
    url: str


def compose(
    options: BulkComposeOptions,
    url: str,
    engine: EngineOptions = LOCAL,
    *,
    progress: Progress = lambda *_: None,
) -> BulkResult:
    """Compose a set of recordings; existing shards are kept.

    Args:
        options: the recordings.
        url: folder of the set, on a file system that fsspec supports and every worker can reach.
        engine: where shards are computed.
        progress: called as shards finish, with numbers of recordings.

    Raises:
        DiffecgError: ``url`` holds another set; invalid conditions, rhythm, model or engine.
    """
    source = _source(options.model, options.sampler)
    shards = plan_shards(options.count, options.shard_size)
    first, *_ = _conditions(options, shards[0])
    plan_recording(first, options.seed, options.duration_s, _rhythm(options))
    settings = {
        **asdict(options),
        "model": source.name,
        "weights_sha256": source.model.weights_sha256,
        "diffecg": __version__,
    }
    tasks = [_Task(options=options, shard=shard, url=url) for shard in shards]
    return BulkJob(url=url, settings=settings, write_shard=write_shard, tasks=tasks).run(engine, progress)


def write_shard(task: _Task) -> Entry:
    """Compose and write the recordings of a shard; return its entry."""
    options, shard = task.options, task.shard
    chunks = compose_windows(
        _source(options.model, options.sampler),
        _conditions(options, shard),
        options.duration_s,
        seed=options.seed + shard.first,
        rhythm=_rhythm(options),
        batch_size=options.sampler.batch_size,
    )
    return write_windows_shard(chunks, task.url, shard)


def _conditions(options: BulkComposeOptions, shard: Shard) -> Sequence[Mapping[str, Any]]:
    """Return the conditions of each recording of a shard."""
    if options.conditions is not None:
        return [options.conditions] * shard.count
    labels = _source(options.model, options.sampler).model.labels
    return draw_conditions(shard.first, shard.count, options.seed, labels)


def _rhythm(options: BulkComposeOptions) -> Rhythm | None:
    """Return the rhythm of all recordings, if it is given, with the heart rate of the conditions."""
    rate = (options.conditions or {}).get(HEART_RATE)
    return Rhythm(options.rhythm, rate) if options.rhythm else None


@cache
def _source(name: str, sampler: SamplerOptions) -> ModelBeats:
    """Return a source of beats, loaded once in each process."""
    return ModelBeats(load(name), sampler=sampler.sampler, steps=sampler.steps, batch_size=sampler.batch_size)
