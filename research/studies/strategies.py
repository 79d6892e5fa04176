"""What can be done about rare classes: nothing, weights, repetition, or further beats from somewhere."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from diffecg.datasets.windows import Windows, concatenate
from diffecg.evaluation.generation.classifiers import CLASSIFIERS, Mode
from diffecg.files import write_atomic
from research.studies.beats import Beats
from research.studies.confusion import Counts, Unseen, confusions
from research.studies.makers import Draw, bundled, trained_peer
from research.studies.sources import Source, distorted, from_pool, smote, with_rr

GAN = "WGAN-GP"
OURS = "diffusion"
_LEAST = 2


@dataclass(frozen=True)
class Strategy:
    """What a classifier is trained on."""

    name: str
    mode: Mode = "as they occur"
    source: str = ""
    """Where further beats come from; none unless given."""
    amount: float | None = None
    """Further beats of each rare class, as a multiple of its own; None: as many as make all classes equal."""


STRATEGIES = (
    Strategy("nothing"),
    Strategy("class weights", "weighted"),
    Strategy("random oversampling", "evenly"),
    Strategy("SMOTE, to balance", source="SMOTE"),
    Strategy("jitter, scale, warp, to balance", source="distorted"),
    Strategy("WGAN-GP, to balance", source=GAN),
    Strategy("diffusion, 100 %", source=OURS, amount=1),
    Strategy("diffusion, 300 %", source=OURS, amount=3),
    Strategy("diffusion, 1000 %", source=OURS, amount=10),
    Strategy("diffusion, 3000 %", source=OURS, amount=30),
    Strategy("diffusion, to balance", source=OURS),
)
"""The first is what the others are compared with."""
SHORT = tuple(one for one in STRATEGIES if one.amount in (None, 30))
"""Without the sweep of amounts."""


def train_and_test(
    strategy: Strategy,
    sets: Callable[[int], tuple[Windows, Unseen]],
    sources: Mapping[str, Source],
    seeds: int,
) -> dict[str, list[Counts]]:
    """Return what classifiers trained with a strategy guess, by kind, one a seed.

    Args:
        strategy: what they are trained on.
        sets: takes a seed, returns real beats to train on and to test on.
        sources: by the names that strategies use.
        seeds: of the choice of beats, the new beats and the classifier.
    """
    found: dict[str, list[Counts]] = {kind: [] for kind in CLASSIFIERS}
    for seed in range(seeds):
        train, test = sets(seed)
        train = augmented(train, strategy, sources, seed)
        for kind, counts in found.items():
            counts += confusions(kind, train, test, [seed], strategy.mode)
    return found


def augmented(train: Windows, strategy: Strategy, sources: Mapping[str, Source], seed: int) -> Windows:
    """Return real beats with the strategy's further ones; the largest class gets none."""
    counts = Counter(train.labels.tolist())
    most = max(counts.values())
    rare = {label: count for label, count in counts.items() if count < most}
    if not strategy.source or not rare:
        return train
    many = strategy.amount
    wanted = {x: most - count if many is None else round(many * count) for x, count in rare.items()}
    new = sources[strategy.source](train, wanted, seed)
    return concatenate([train, with_rr(new, train, seed)]).without("recording")


def part_of(train: Windows, share: float, seed: int) -> Windows:
    """Return a share of the beats of each class, at random; at least two."""
    if share >= 1:
        return train
    rng = np.random.default_rng(seed)
    rows = []
    for label in train.classes():
        mine = rng.permutation(np.flatnonzero(train.labels == label))
        rows.append(mine[: max(_LEAST, round(share * len(mine)))])
    return train.take(np.concatenate(rows))


def sources_of(beats: Beats, folder: Path, model: str, pool: int, seconds: float) -> dict[str, Source]:
    """Return every source by its name; models draw their pools when they are first asked.

    Args:
        beats: what the GAN is trained on: the training part.
        folder: of the GAN and the pools.
        model: of ours.
        pool: beats of each class that are drawn in all; larger sets repeat them.
        seconds: of the GAN's training.
    """
    gan = partial(trained_peer, GAN, beats, folder / "models" / GAN, seconds)

    def pooled(name: str, maker: Callable[[], Draw]) -> Source:
        def source(train: Windows, wanted: Mapping[str, int], seed: int) -> Windows:
            drawn = [_pool(folder / "pools", name, maker, label, pool) for label in wanted]
            return from_pool(concatenate(drawn))(train, wanted, seed)

        return source

    ours = pooled(OURS, partial(bundled, model))
    return {"SMOTE": smote, "distorted": distorted, GAN: pooled(GAN, gan), OURS: ours}


def _pool(folder: Path, name: str, maker: Callable[[], Draw], label: str, count: int) -> Windows:
    """Return a generator's beats of a class, drawn once and kept."""
    path = folder / f"{name}-{label}.npz"
    if not path.is_file():
        made = maker()([label] * count)
        buffer = io.BytesIO()
        np.savez(buffer, signal_mv=made.signal_mv, fs_hz=made.fs_hz)
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(path, buffer.getvalue())
    with np.load(path) as file:
        return Windows.from_arrays(file["signal_mv"], float(file["fs_hz"]), [label] * len(file["signal_mv"]))
