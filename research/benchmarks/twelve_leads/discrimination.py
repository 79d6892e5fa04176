"""Real against generated: the AUROC of a fixed residual network with a fixed budget; 0.5 = indistinguishable.

The reference does the same with real records of other subjects in place of the generated ones. No subject is
both in the training and in the test records.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int16

from diffecg.evaluation.generation.membership import auc
from research.benchmarks.twelve_leads.beats import BEAT_SAMPLES, UV_PER_MV, beats_of, r_peaks
from research.benchmarks.twelve_leads.networks import Recipe, predict
from research.benchmarks.twelve_leads.records import FS_HZ, SAMPLES, Records
from research.benchmarks.twelve_leads.study import Row, Study, subject_of

BEATS = Recipe(crop=BEAT_SAMPLES, epochs=12)
STRIPS = Recipe(crop=SAMPLES, epochs=6)
TRAIN_RECORDS, TEST_RECORDS = 4000, 2000
"""Largest number of records of either kind in training and test."""


def discrimination(study: Study, generated: Records) -> list[Row]:
    """Return the AUROC of real against generated, for one beat of each record and for whole records."""
    real, generated = study.train.with_superclass(), generated.with_superclass()
    rows = []
    for name, recipe in {"beats": BEATS, "records of 10 s": STRIPS}.items():
        values = tuple(_auroc(study, real, generated, recipe, seed) for seed in study.seeds)
        reference = tuple(_auroc(study, *_halves(real, seed), recipe, seed) for seed in study.seeds)
        rows.append(
            Row(
                section="real against generated",
                measure="AUROC of a residual network",
                label=name,
                values=values,
                reference=reference,
            )
        )
    return rows


def _auroc(study: Study, real: Records, other: Records, recipe: Recipe, seed: int) -> float:
    """Train on some subjects of either set and return the AUROC on others."""
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(np.unique(np.concatenate([subject_of(real), subject_of(other)])))
    share = TEST_RECORDS / (TRAIN_RECORDS + TEST_RECORDS)
    is_test = dict(zip(chosen.tolist(), (np.arange(len(chosen)) < share * len(chosen)).tolist(), strict=True))
    sides = []
    for test, most in ((False, TRAIN_RECORDS), (True, TEST_RECORDS)):
        parts = [_signals(_some(x, is_test, test, most, rng), recipe, rng) for x in (real, other)]
        count = min(len(part) for part in parts)
        sides.append([part[:count] for part in parts])
    (train_real, train_other), (test_real, test_other) = sides
    targets = np.repeat([[0.0], [1.0]], [len(train_real), len(train_other)], axis=0)
    network = study.networks.fit(np.concatenate([train_real, train_other]), targets, recipe, seed=seed)
    of_real, of_other = (predict(network, part, recipe)[:, 0] for part in (test_real, test_other))
    return auc(of_other, of_real)


def _some(
    records: Records, is_test: dict[int, bool], test: bool, most: int, rng: np.random.Generator
) -> Records:
    """Return random records of the subjects of one side."""
    own = np.array([is_test[subject] == test for subject in subject_of(records).tolist()])
    return records.take(rng.permutation(np.flatnonzero(own))[:most])


def _signals(
    records: Records, recipe: Recipe, rng: np.random.Generator
) -> Int16[np.ndarray, "window lead time"]:
    """Return the records, or a random beat of each in which one is found."""
    if recipe.crop == SAMPLES:
        return records.signal_uv
    beats = []
    for record, peaks in zip(records.signal_uv, r_peaks(records.signal_uv, FS_HZ), strict=True):
        found = beats_of(record, peaks)
        if len(found):
            beat = found[rng.integers(len(found))]
            beats.append(
                np.rint((beat - np.median(beat, axis=1, keepdims=True)) * UV_PER_MV).astype(np.int16)
            )
    return np.stack(beats)


def _halves(records: Records, seed: int) -> tuple[Records, Records]:
    """Return the records of two random halves of the subjects."""
    subjects = np.unique(subject_of(records))
    first = np.random.default_rng([seed, 1]).permutation(subjects)[: len(subjects) // 2]
    chosen = np.isin(subject_of(records), first)
    return records.take(chosen), records.take(~chosen)
