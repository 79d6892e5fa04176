"""What a run trains on, wherever it is: in memory, or in shards that a pool of a few passes over.

Streamed, a step's data still follow from (seed, samples seen) alone. In every epoch the shards are put in
another order, and the pool moves over them one shard at a time; what lies in it is drawn from as all windows
are that lie in memory. It stays where it is the longer, the more weight its windows have, so that over an
epoch each window is drawn as often as if all lay in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from diffecg.config.schema import Config
from diffecg.datasets.morphologies import Morphologies
from diffecg.datasets.stream import WindowStream
from diffecg.datasets.windows import Windows, concatenate, fingerprint
from diffecg.training.batches import BatchSource, weights

_SAMPLE = 16_384
"""Windows of a stream to which scaling and morphologies are fitted, and at most so many that validate."""


@dataclass(frozen=True)
class TrainingData:
    """Training data."""

    at: Callable[[int], BatchSource]
    """Returns what the batch is drawn from after so many samples."""
    sample: Windows
    """Windows for training, all or many of them, to which scaling is fitted."""
    validation: Windows
    morphologies: Morphologies
    fingerprint: str
    """Tells the data from others."""


def training_data(windows: Windows | WindowStream, config: Config) -> TrainingData:
    """Return the data of a run.

    Args:
        windows: its parts ``train`` and ``validation`` are used.
        config: the settings.

    Raises:
        DiffecgError: a part is missing; a shard is missing or spoilt.
    """
    if isinstance(windows, Windows):
        validation = windows.partition("validation")
        source = BatchSource(windows.partition("train"), config)
        known = fingerprint(source.windows)
        return TrainingData(lambda samples: source, source.windows, validation, source.morphologies, known)
    validation, sample = (windows.sample(part, _SAMPLE) for part in ("validation", "train"))
    morphologies = BatchSource(sample, config).morphologies
    pool = ShuffleBuffer(windows, config, morphologies)
    return TrainingData(pool.at, sample, validation, morphologies, windows.fingerprint)


class ShardSchedule:
    """Which shards the pool holds, as a function of the samples seen."""

    def __init__(self, rows: NDArray[np.intp], weight: NDArray[np.float64], pool: int, seed: int) -> None:
        """Plan the way over some shards.

        Args:
            rows: windows in each (shard,).
            weight: of all windows of each (shard,).
            pool: windows that the pool may hold, about.
            seed: of the order.
        """
        self._weight, self._seed = weight, seed
        self._epoch = int(rows.sum())
        self._width = int(np.clip(round(pool / rows.mean()), 1, len(rows)))
        self._plan = lru_cache(2)(self._planned)

    def at(self, samples: int) -> list[int]:
        """Return the shards in the pool after so many samples, in order."""
        return self._shards(*self._place(samples))

    def next(self, samples: int) -> list[int]:
        """Return the shards after the pool's next move."""
        epoch, place = self._place(samples)
        last = place + 1 == len(self._weight)
        return self._shards(epoch + last, 0 if last else place + 1)

    def _place(self, samples: int) -> tuple[int, int]:
        epoch, within = divmod(samples, self._epoch)
        order, ends = self._plan(epoch)
        return epoch, min(int(np.searchsorted(ends, within, side="right")), len(order) - 1)

    def _shards(self, epoch: int, place: int) -> list[int]:
        order, _ = self._plan(epoch)
        return sorted(int(order[(place + i) % len(order)]) for i in range(self._width))

    def _planned(self, epoch: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the order of an epoch's shards, and where in it the pool leaves each place, in samples."""
        order = np.random.default_rng([self._seed, epoch]).permutation(len(self._weight))
        held = sum(np.roll(self._weight[order], -i) for i in range(self._width))
        return order, np.cumsum(held) * (self._epoch / (self._width * self._weight.sum()))


class ShuffleBuffer:
    """The windows of the shards that the pool holds; the next shard is read while these are trained on."""

    def __init__(self, stream: WindowStream, config: Config, morphologies: Morphologies) -> None:
        table = stream.counts["train"]
        self._places = np.flatnonzero(table.sum(axis=1))
        table = table.iloc[self._places]
        self._stream, self._config, self._morphologies = stream, config, morphologies
        self._counts = {str(label): int(count) for label, count in table.sum().items() if count}
        of_class = weights(self._counts, config)
        weight = sum(table[label].to_numpy() * each for label, each in of_class.items())
        settings = config.training
        self._route = ShardSchedule(
            table.sum(axis=1).to_numpy(), np.asarray(weight), settings.shuffle_buffer, settings.seed
        )
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="shards")
        self._read: dict[int, Future[Windows]] = {}
        self._source: BatchSource | None = None
        self._held: list[int] = []

    def at(self, samples: int) -> BatchSource:
        """Return what the batch is drawn from after so many samples."""
        held = self._route.at(samples)
        if self._source is None or held != self._held:
            ahead = [shard for shard in self._route.next(samples) if shard not in held]
            wanted = [*held, *ahead[:1]]
            self._read = {shard: self._read.get(shard) or self._start(shard) for shard in wanted}
            windows = concatenate([self._read[shard].result() for shard in held])
            self._source = BatchSource(windows, self._config, self._counts, self._morphologies)
            self._held = held
        return self._source

    def _start(self, shard: int) -> Future[Windows]:
        return self._reader.submit(self._stream.read, [int(self._places[shard])], "train")
