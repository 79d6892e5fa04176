"""Training data in memory, or streamed from shards through a shuffle buffer.

Streamed batches, too, follow from (seed, samples seen) alone. In every epoch the shards are put in a new
random order, and a buffer of constant width moves over them one shard at a time; batches are drawn from the
windows in the buffer as they would be drawn from windows in memory. The buffer stays longer where its
windows have more sampling weight, so that over an epoch each window is drawn as often as from memory.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int, Num

from diffecg.config.schema import Config
from diffecg.datasets.concatenation import concatenate
from diffecg.datasets.morphologies import Morphologies
from diffecg.datasets.stream import WindowStream
from diffecg.datasets.windows import Windows, fingerprint
from diffecg.training.batches import BatchSource
from diffecg.training.checks import (
    NEEDED,
    check_labels,
    check_partitions,
    check_samples,
    label_notes,
    number_notes,
)
from diffecg.training.conditions import label_weights

_STREAM_SAMPLE = 16_384
"""Windows sampled from a stream to fit scaling and morphologies, and to validate."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingData:
    """The data of a run."""

    source_at: Callable[[int], BatchSource]
    """Maps the number of samples seen to the source of the next batch."""
    fit_windows: Windows
    """Training windows, all or a sample, to which the scaling is fitted."""
    validation: Windows
    morphologies: Morphologies
    fingerprint: str
    """Hash of the windows."""
    label_counts: dict[str, int]
    """Number of training windows of each label."""


def training_data(windows: Windows | WindowStream, config: Config) -> TrainingData:
    """Return the data of a run from the partitions ``train`` and ``validation``.

    Raises:
        DiffecgError: A partition is empty, a window cannot be used, the model has none of the labels, or a
            shard is missing or damaged.
    """
    if isinstance(windows, WindowStream):
        return _streamed_data(windows, config)
    check_partitions(windows.partition_names)
    fit_windows, validation = (windows.partition(name) for name in NEEDED)
    counts = fit_windows.counts()
    check_labels(config, counts)
    for name, part in zip(NEEDED, (fit_windows, validation), strict=True):
        check_samples(part, name)
    source = BatchSource(fit_windows, config)
    return TrainingData(
        source_at=lambda samples: source,
        fit_windows=source.windows,
        validation=validation,
        morphologies=source.morphologies,
        fingerprint=fingerprint(source.windows),
        label_counts=counts,
    )


def training_notes(windows: Windows | WindowStream, config: Config) -> list[str]:
    """Return notes on labels that only the model or only the training windows have.

    Raises:
        DiffecgError: A partition is empty, or the model has none of the labels.
    """
    check_partitions(windows.partition_names)
    counts = count_labels(windows)
    check_labels(config, counts)
    numbers = number_notes(windows, config) if isinstance(windows, Windows) else []
    return [*label_notes(config, counts), *numbers]


def count_labels(windows: Windows | WindowStream) -> dict[str, int]:
    """Return the number of training windows of each label."""
    return (
        windows.label_counts("train")
        if isinstance(windows, WindowStream)
        else windows.partition("train").counts()
    )


def _streamed_data(stream: WindowStream, config: Config) -> TrainingData:
    check_partitions(stream.partition_names)
    counts = stream.label_counts("train")
    check_labels(config, counts)
    fit_windows, validation = (stream.sample(name, _STREAM_SAMPLE) for name in NEEDED)
    for name, part in zip(NEEDED, (fit_windows, validation), strict=True):
        check_samples(part, name)
    morphologies = BatchSource(fit_windows, config).morphologies
    return TrainingData(
        source_at=ShuffleBuffer(stream, config, morphologies).source_at,
        fit_windows=fit_windows,
        validation=validation,
        morphologies=morphologies,
        fingerprint=stream.fingerprint,
        label_counts=counts,
    )


class ShardOrder:
    """The shards in the shuffle buffer, as a function of the samples seen."""

    def __init__(
        self,
        counts: Int[np.ndarray, " shard"],
        weights: Num[np.ndarray, " shard"],
        *,
        buffer_size: int,
        seed: int,
    ) -> None:
        """Plan the order of shards.

        Args:
            counts: Number of windows in each shard.
            weights: Sum of the sampling weights of the windows in each shard.
            buffer_size: Approximate number of windows in the buffer.
            seed: Seed of the order.
        """
        self._weights, self._seed = weights, seed
        self._epoch_samples = int(counts.sum())
        self._width = int(np.clip(round(buffer_size / counts.mean()), 1, len(counts)))
        self.plan = lru_cache(2)(self._plan)

    def shards_at(self, samples: int) -> list[int]:
        """Return the shards in the buffer after ``samples`` samples, in ascending order."""
        return self.shards(*self._position(samples))

    def next_shards(self, samples: int) -> list[int]:
        """Return the shards in the buffer after its next move."""
        epoch, position = self._position(samples)
        is_last = position + 1 == len(self._weights)
        return self.shards(epoch + is_last, 0 if is_last else position + 1)

    def shards(self, epoch: int, position: int) -> list[int]:
        """Return the shards in the buffer at a position of an epoch, in ascending order."""
        order, _ = self.plan(epoch)
        return sorted(int(order[(position + i) % len(order)]) for i in range(self._width))

    def _position(self, samples: int) -> tuple[int, int]:
        epoch, epoch_samples = divmod(samples, self._epoch_samples)
        order, ends = self.plan(epoch)
        return epoch, min(int(np.searchsorted(ends, epoch_samples, side="right")), len(order) - 1)

    def _plan(self, epoch: int) -> tuple[Int[np.ndarray, " shard"], Float[np.ndarray, " shard"]]:
        """Return the order of an epoch's shards, and the sample at which the buffer leaves each position."""
        order = np.random.default_rng([self._seed, epoch]).permutation(len(self._weights))
        in_buffer = sum(np.roll(self._weights[order], -i) for i in range(self._width))
        return order, np.cumsum(in_buffer) * (self._epoch_samples / (self._width * self._weights.sum()))


class ShuffleBuffer:
    """The windows of consecutive shards in memory; the next shard is read in the background."""

    def __init__(self, stream: WindowStream, config: Config, morphologies: Morphologies) -> None:
        table = stream.counts["train"]
        self._indices = np.flatnonzero(table.sum(axis=1))
        table = table.iloc[self._indices]
        self._stream, self._config, self._morphologies = stream, config, morphologies
        self._counts = stream.label_counts("train")
        weights = label_weights(self._counts, config)
        self._order = ShardOrder(
            table.sum(axis=1).to_numpy(),
            np.asarray(sum(table[label].to_numpy() * weight for label, weight in weights.items())),
            buffer_size=config.training.shuffle_buffer,
            seed=config.training.seed,
        )
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="shards")
        self._read: dict[int, Future[Windows]] = {}
        self._shards: list[int] = []
        self._source: BatchSource | None = None

    @property
    def shards_in_memory(self) -> int:
        """Number of shards that are in memory or being read."""
        return len(self._read)

    def source_at(self, samples: int) -> BatchSource:
        """Return the source of the next batch after ``samples`` samples."""
        shards = self._order.shards_at(samples)
        if self._source is None or shards != self._shards:
            ahead = [shard for shard in self._order.next_shards(samples) if shard not in shards]
            needed = [*shards, *ahead[:1]]
            self._read = {shard: self._read.get(shard) or self._start_reading(shard) for shard in needed}
            windows = concatenate([self._read[shard].result() for shard in shards])
            self._source = BatchSource(windows, self._config, self._counts, self._morphologies)
            self._shards = shards
        return self._source

    def _start_reading(self, shard: int) -> Future[Windows]:
        return self._reader.submit(self._read_checked, int(self._indices[shard]))

    def _read_checked(self, shard: int) -> Windows:
        windows = self._stream.read([shard], "train")
        check_samples(windows, "train")
        return windows
