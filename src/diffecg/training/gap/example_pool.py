"""The pool of examples of a run: searched once, by several processes, and kept in the folder of the run.

The examples follow from the recordings, the settings and the seed alone. A folder that was interrupted is
continued.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from jaxtyping import Int, Shaped

from diffecg.config.gap import GapConfig
from diffecg.datasets.recording_set import RecordingSet
from diffecg.errors import DiffecgError
from diffecg.files import ResumableFolder
from diffecg.training.gap.examples import draw_examples, example_type
from diffecg.training.gap.recordings import RecordingSource

EXAMPLES = "examples"
"""Folder of the examples within that of the run."""
_JOB = 2000
"""Approximate number of examples in a file."""

Progress = Callable[[int, int], None]
"""Called with the numbers of finished and of all files of examples."""


@dataclass(frozen=True, kw_only=True)
class _Job:
    """The examples of some recordings of a partition, in a file of their own."""

    partition: str
    first: int
    """First recording."""
    counts: tuple[int, ...]
    """Number of examples of each recording from the first on."""

    @property
    def file(self) -> str:
        return f"{self.partition}-{self.first:06d}.npy"


def find_examples(
    config: GapConfig,
    folders: Sequence[Path],
    run: Path,
    *,
    partition: str,
    workers: int = 2,
    progress: Progress | None = None,
) -> Shaped[np.ndarray, " example"]:
    """Return the examples of a partition, from the folder of the run as far as they are there.

    Args:
        config: settings of the model.
        folders: folders of recording sets.
        run: folder of the run.
        partition: ``train`` or ``validation``.
        workers: number of processes that search; 1: this one.
        progress: called after each file of examples.

    Raises:
        DiffecgError: the folder has examples of other recordings or settings, or a file is damaged; no
            gap has analogues.
    """
    source = open_source(config, folders, partition)
    settings = config.training
    total = settings.examples if partition == "train" else settings.validation_examples
    counts = example_counts(source, _folder_shares(config, source), total)
    jobs = _plan_jobs(partition, counts)
    store = ResumableFolder(
        run / EXAMPLES / partition, settings_file="settings.json", content="a set of examples"
    )
    store.start(_settings(config, source))
    missing = [job for job in jobs if store.size(job.file) is None]
    make = partial(_make, config, tuple(folders))
    with ExitStack() as stack:
        results: Iterator[bytes] = map(make, missing)
        if workers > 1 and len(missing) > 1:
            # "spawn" leaves the threads of this process alone.
            executor = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
            results = stack.enter_context(executor).map(make, missing)
        for done, (job, content) in enumerate(zip(missing, results, strict=True), start=1):
            store.write(job.file, content)
            if progress is not None:
                progress(done, len(missing))
    examples = np.concatenate([_read(store, job, config) for job in jobs])
    if not len(examples):
        raise DiffecgError(
            f"no gap with analogues was found in the partition {partition!r}; give more or longer recordings"
        )
    return examples


def open_source(config: GapConfig, folders: Sequence[Path], partition: str) -> RecordingSource:
    """Return the recordings of a partition.

    Raises:
        DiffecgError: a folder holds no recording set, or one of another rate; there are no such recordings.
    """
    return RecordingSource(
        [RecordingSet.open(folder) for folder in folders], partition, config.candidates.fs_hz
    )


def example_counts(
    source: RecordingSource, shares: Sequence[float], total: int
) -> Int[np.ndarray, " recording"]:
    """Return how many examples each recording has: as its length, and as the share of its folder."""
    weight = source.samples.astype(np.float64)
    for number, share in enumerate(shares):
        of_folder = source.folder == number
        if of_folder.any():
            weight[of_folder] *= share / weight[of_folder].sum()
    ends = np.floor(total * np.cumsum(weight) / weight.sum() + 1e-9).astype(np.int64)
    return np.diff(ends, prepend=0)


def _folder_shares(config: GapConfig, source: RecordingSource) -> Sequence[float]:
    """Return the share of each folder.

    Raises:
        DiffecgError: the settings have shares of another number of folders.
    """
    shares = config.training.shares or (1.0,) * source.folders
    if len(shares) != source.folders:
        raise DiffecgError(
            f"training.shares has {len(shares)} share(s) for {source.folders} folder(s); "
            "give one for each --data"
        )
    return shares


def _plan_jobs(partition: str, counts: Int[np.ndarray, " recording"]) -> list[_Job]:
    """Return the recordings in consecutive groups of about _JOB examples."""
    group = np.cumsum(counts) // _JOB
    firsts = np.flatnonzero(np.diff(group, prepend=-1))
    return [
        _Job(partition=partition, first=int(part[0]), counts=tuple(counts[part].tolist()))
        for part in np.split(np.arange(len(counts)), firsts[1:])
    ]


def _settings(config: GapConfig, source: RecordingSource) -> dict[str, object]:
    """Return all that the examples depend on."""
    training = config.training
    return {
        "recordings": source.fingerprint,
        "candidates": asdict(config.candidates),
        **{
            name: getattr(training, name)
            for name in ("seed", "examples", "validation_examples", "shares", "forecasts", "companions")
        },
    }


def _make(config: GapConfig, folders: tuple[Path, ...], job: _Job) -> bytes:
    """Return the examples of some recordings as the content of a file."""
    source = open_source(config, folders, job.partition)
    parts = []
    for number, count in enumerate(job.counts, start=job.first):
        if not count:
            continue
        rng = np.random.default_rng([config.training.seed, number, job.partition == "validation"])
        examples = draw_examples(rng, source.recording(number), count, config.candidates, config.training)
        examples["recording"] = number
        parts.append(examples)
    buffer = io.BytesIO()
    empty = np.zeros(0, example_type(config.candidates))
    np.save(buffer, np.concatenate([empty, *parts]), allow_pickle=False)
    return buffer.getvalue()


def _read(store: ResumableFolder, job: _Job, config: GapConfig) -> Shaped[np.ndarray, " example"]:
    try:
        examples = np.load(io.BytesIO(store.read(job.file) or b""), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise DiffecgError(f"{store.path(job.file)} is damaged; remove it and run again") from error
    if examples.dtype != example_type(config.candidates):
        raise DiffecgError(f"{store.path(job.file)} is damaged; remove it and run again")
    return examples
