"""Strategies against class imbalance: weights, oversampling, or synthetic beats from a generator."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Int

from diffecg.datasets.concatenation import concatenate
from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.classifiers import CLASSIFIERS, Mode
from diffecg.files import write_atomic
from diffecg.inference.checks import check_integer
from research.studies.beat_generators import Factory, load_model, load_rival
from research.studies.confusion import TestSet, classify
from research.studies.oversampling import Oversampler, distort, from_pool, smote, with_rr

GAN = "WGAN-GP"
DIFFUSION = "diffusion"
_MIN_BEATS = 2


@dataclass(frozen=True)
class StrategyOptions:
    """Settings of studies that train classifiers with strategies."""

    model: str = "mitbih-beat"
    """Diffusion model of beats: a bundled name or a model folder."""
    seeds: int = 5
    """Seeds of the training beats and of the classifiers."""
    pool: int = 20_000
    """Synthetic beats of each class and generator; larger training sets repeat them."""
    minutes: float = 20.0
    """Training time of the GAN, in minutes of the processor."""

    def __post_init__(self) -> None:
        """Require two seeds, for paired tests."""
        check_integer("seeds", self.seeds, 2)


@dataclass(frozen=True)
class Strategy:
    """The training set of a classifier, and how it is sampled."""

    name: str
    mode: Mode = "as they occur"
    source: str = ""
    """Oversampler of the added beats; empty: none are added."""
    amount: float | None = None
    """Added beats of each rare class, as a multiple of its real ones; None: up to equal class sizes."""


STRATEGIES = (
    Strategy("nothing"),
    Strategy("class weights", "weighted"),
    Strategy("random oversampling", "evenly"),
    Strategy("SMOTE, to balance", source="SMOTE"),
    Strategy("jitter, scale, warp, to balance", source="distorted"),
    Strategy("WGAN-GP, to balance", source=GAN),
    Strategy("diffusion, 100 %", source=DIFFUSION, amount=1),
    Strategy("diffusion, 300 %", source=DIFFUSION, amount=3),
    Strategy("diffusion, 1000 %", source=DIFFUSION, amount=10),
    Strategy("diffusion, 3000 %", source=DIFFUSION, amount=30),
    Strategy("diffusion, to balance", source=DIFFUSION),
)
NOTHING, OVERSAMPLING = STRATEGIES[0], STRATEGIES[2]
"""The strategies that the others are compared with."""
MAIN_STRATEGIES = tuple(s for s in STRATEGIES if s.amount in (None, 30))
"""All but the intermediate amounts."""


def train_and_test(
    strategy: Strategy,
    split: Callable[[int], tuple[Windows, TestSet]],
    oversamplers: Mapping[str, Oversampler],
    seeds: int,
) -> dict[str, list[list[list[list[int]]]]]:
    """Return the confusion matrices of classifiers trained with a strategy, by kind of classifier.

    Args:
        strategy: the training set.
        split: returns the real training beats and the test set of a seed.
        oversamplers: by the names that strategies use.
        seeds: number of training sets and classifiers.

    Returns:
        By kind, nested lists with the axes seed, recording, truth, predicted.
    """
    matrices: dict[str, list[Int[np.ndarray, "recording truth predicted"]]] = {}
    for seed in range(seeds):
        train, test = split(seed)
        train = augment(train, strategy, oversamplers, seed)
        for kind in CLASSIFIERS:
            matrices.setdefault(kind, []).extend(classify(kind, train, test, [seed], strategy.mode))
    return {kind: [counts.tolist() for counts in by_seed] for kind, by_seed in matrices.items()}


def augment(
    train: Windows, strategy: Strategy, oversamplers: Mapping[str, Oversampler], seed: int
) -> Windows:
    """Return real beats with the strategy's synthetic ones; the largest class gets none."""
    counts = train.counts()
    largest = max(counts.values())
    rare = {label: count for label, count in counts.items() if count < largest}
    if not strategy.source or not rare:
        return train
    if strategy.amount is None:
        added = {label: largest - count for label, count in rare.items()}
    else:
        added = {label: round(strategy.amount * count) for label, count in rare.items()}
    synthetic = oversamplers[strategy.source](train, added, seed)
    return concatenate([train, with_rr(synthetic, train, seed)]).drop_columns("recording")


def subsample(train: Windows, share: float, seed: int) -> Windows:
    """Return a random share of the beats of each class, at least two."""
    if share >= 1:
        return train
    rng = np.random.default_rng(seed)
    rows = []
    for label in train.unique_labels():
        of_label = rng.permutation(np.flatnonzero(train.labels == label))
        rows.append(of_label[: max(_MIN_BEATS, round(share * len(of_label)))])
    return train.take(np.concatenate(rows))


def make_oversamplers(beats: Windows, folder: Path, options: StrategyOptions) -> dict[str, Oversampler]:
    """Return the oversamplers by name; generators are trained and sampled on first use.

    Args:
        beats: real beats; the GAN's training set is their training partition.
        folder: of the GAN and the pools of synthetic beats.
        options: model, sizes and training time.
    """
    gan = partial(load_rival, GAN, beats, folder / "models" / GAN, 60 * options.minutes)
    model = partial(load_model, options.model)
    pools = folder / "pools"
    return {
        "SMOTE": smote,
        "distorted": distort,
        GAN: partial(_oversample, pools, GAN, gan, options.pool),
        DIFFUSION: partial(_oversample, pools, DIFFUSION, model, options.pool),
    }


def _oversample(
    folder: Path,
    name: str,
    factory: Factory,
    pool: int,
    train: Windows,
    counts: Mapping[str, int],
    seed: int,
) -> Windows:
    """Return beats of a generator's pools."""
    pools = [_pool(folder / f"{name}-{label}.npz", factory, label, pool) for label in counts]
    return from_pool(concatenate(pools))(train, counts, seed)


def _pool(path: Path, factory: Factory, label: str, count: int) -> Windows:
    """Return a generator's beats of a class, from a file that is written once."""
    if not path.is_file():
        windows = factory()([label] * count)
        buffer = io.BytesIO()
        np.savez(buffer, signal_mv=windows.signal_mv, fs_hz=windows.fs_hz)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, buffer.getvalue())
    with np.load(path) as file:
        return Windows.from_arrays(file["signal_mv"], float(file["fs_hz"]), [label] * len(file["signal_mv"]))
