"""Real against generated: the AUROC of a fixed residual network with a fixed budget; 0.5 = indistinguishable.

The reference does the same with real records of other subjects in place of the generated ones. No subject is
both in the training and in the test records. All signals are rounded to 5 µV, because the resolution of a
recorder is not what is compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int16, Shaped

from diffecg.evaluation.generation.membership import auc
from research.benchmarks.twelve_leads.beats import BEAT_SAMPLES, beats_of, median_beats, r_peaks
from research.benchmarks.twelve_leads.networks import Recipe, predict
from research.benchmarks.twelve_leads.records import FS_HZ, SAMPLES, Records, to_microvolts
from research.benchmarks.twelve_leads.study import NetworkCache, Row, Study, subject_of

BEATS = Recipe(crop=BEAT_SAMPLES, epochs=12)
STRIPS = Recipe(crop=SAMPLES, epochs=6)
RESOLUTION_UV = 5
TRAIN_RECORDS, TEST_RECORDS = 4000, 2000
"""Largest number of records of either kind in training and test."""
WindowsUv = Int16[np.ndarray, "window lead time"]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What of a record is compared."""

    recipe: Recipe
    windows: Callable[[Records, np.random.Generator], WindowsUv]
    """Maps records to one window of each; records without a beat may be left out."""


def discrimination(study: Study, generated: Records) -> list[Row]:
    """Return the AUROC of real against generated, for beats and for whole records."""
    real, generated = study.train.with_superclass(), generated.with_superclass()
    return [
        Row(
            section="real against generated",
            measure="AUROC of a residual network",
            label=name,
            values=tuple(_auroc(study, real, generated, kind, seed) for seed in study.seeds),
            reference=tuple(_auroc(study, *_halves(real, seed), kind, seed) for seed in study.seeds),
        )
        for name, kind in KINDS.items()
    ]


def distinguish(
    networks: NetworkCache,
    train: tuple[WindowsUv, WindowsUv],
    test: tuple[WindowsUv, WindowsUv],
    recipe: Recipe,
    *,
    seed: int,
) -> float:
    """Return the AUROC of a network that separates the windows of two sets.

    Args:
        networks: trained networks.
        train: windows of the first and of the second set to train on; as many of either count.
        test: other windows of both sets, of other subjects.
        recipe: training time and length of the windows.
        seed: seed of the network.
    """
    count = min(len(windows) for windows in train)
    targets = np.repeat([[0.0], [1.0]], count, axis=0)
    network = networks.fit(np.concatenate([x[:count] for x in train]), targets, recipe, seed=seed)
    first, second = (predict(network, windows, recipe)[:, 0] for windows in test)
    return auc(second, first)


def _auroc(study: Study, real: Records, other: Records, kind: Kind, seed: int) -> float:
    """Train on some subjects of either set and return the AUROC on others."""
    rng = np.random.default_rng(seed)
    subjects = rng.permutation(np.unique(np.concatenate([subject_of(real), subject_of(other)])))
    tested = subjects[: round(len(subjects) * TEST_RECORDS / (TRAIN_RECORDS + TEST_RECORDS))]

    def side(*, test: bool) -> tuple[WindowsUv, WindowsUv]:
        most = TEST_RECORDS if test else TRAIN_RECORDS
        chosen = (_some(x, np.isin(subject_of(x), tested) == test, most, rng) for x in (real, other))
        first, second = (kind.windows(x, rng) for x in chosen)
        return first, second

    return distinguish(study.networks, side(test=False), side(test=True), kind.recipe, seed=seed)


def _some(
    records: Records, allowed: Bool[np.ndarray, " record"], most: int, rng: np.random.Generator
) -> Records:
    return records.take(rng.permutation(np.flatnonzero(allowed))[:most])


def rounded(signal_uv: Int16[np.ndarray, "*axes"]) -> Int16[np.ndarray, "*axes"]:
    """Return signals at a resolution of 5 µV."""
    return (np.rint(signal_uv / np.float32(RESOLUTION_UV)) * RESOLUTION_UV).astype(np.int16)


def _random_beats(records: Records, rng: np.random.Generator) -> WindowsUv:
    """Return a random beat of each record in which one is found."""
    found = (
        beats_of(*pair) for pair in zip(records.signal_uv, r_peaks(records.signal_uv, FS_HZ), strict=True)
    )
    return levelled(np.stack([beats[rng.integers(len(beats))] for beats in found if len(beats)]))


def _median_beats(records: Records, rng: np.random.Generator) -> WindowsUv:
    """Return the median beat of each record in which one is found; most of the noise is gone from it."""
    del rng  # nothing is random
    beats_mv = median_beats(records.signal_uv, r_peaks(records.signal_uv, FS_HZ))
    return levelled(beats_mv[np.isfinite(beats_mv).all(axis=(1, 2))])


def levelled(beats_mv: Float[np.ndarray, "beat lead sample"]) -> WindowsUv:
    """Return beats in µV, the median of each lead at zero."""
    return rounded(to_microvolts(beats_mv - np.median(beats_mv, axis=2, keepdims=True)))


def _halves(records: Records, seed: int) -> tuple[Records, Records]:
    """Return the records of two random halves of the subjects."""
    own: Shaped[np.ndarray, " record"] = subject_of(records)
    subjects = np.random.default_rng([seed, 1]).permutation(np.unique(own))
    chosen = np.isin(own, subjects[: len(subjects) // 2])
    return records.take(chosen), records.take(~chosen)


KINDS = {
    "beats": Kind(recipe=BEATS, windows=_random_beats),
    "median beats": Kind(recipe=BEATS, windows=_median_beats),
    "records of 10 s": Kind(recipe=STRIPS, windows=lambda records, rng: rounded(records.signal_uv)),
}
"""The comparisons by name."""
