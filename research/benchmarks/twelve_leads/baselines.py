"""Simple generators that a model must beat: tiled median beats, and a conditional Gaussian of beats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Float32
from scipy.signal import butter, sosfiltfilt

from research.benchmarks.twelve_leads.beats import (
    BEAT_SAMPLES,
    Peaks,
    heart_rate,
    median_beats,
    r_peaks,
    tile,
)
from research.benchmarks.twelve_leads.records import FS_HZ, SUPERCLASSES, Records, to_microvolts

COMPONENTS = 96
WANDER_HZ, NOISE_HZ = 0.5, 35.0
"""Wander lies below the first frequency; the level of noise is measured above the second."""
_MAD_TO_SD = 1.4826


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """Training records with their R peaks and median beats."""

    records: Records
    peaks: Sequence[Peaks]
    beats_mv: Float32[np.ndarray, "record lead sample"]

    @classmethod
    def of(cls, records: Records) -> Source:
        """Return the records in which at least two beats and a median beat are found."""
        peaks = r_peaks(records.signal_uv, FS_HZ)
        beats_mv = median_beats(records.signal_uv, peaks)
        usable = np.array([len(own) > 1 for own in peaks]) & np.isfinite(beats_mv).all(axis=(1, 2))
        kept = records.take(usable)
        peaks = [own for own, use in zip(peaks, usable, strict=True) if use]
        rates = [heart_rate(own, FS_HZ) for own in peaks]
        kept = Records(signal_uv=kept.signal_uv, table=kept.table.assign(heart_rate=rates))
        return cls(records=kept, peaks=peaks, beats_mv=beats_mv[usable])


def tiled_own_rhythm(source: Source, seed: int) -> Records:
    """Return the median beat of each record at the record's own R peaks."""
    del seed  # nothing is random
    return _generate(
        source, lambda number, rng: source.beats_mv[number], own_rhythm=True, noisy=False, seed=0
    )


def tiled_random_rhythm(source: Source, seed: int) -> Records:
    """Return the median beat of each record at its RR intervals in random order, with wander and noise."""
    return _generate(
        source, lambda number, rng: source.beats_mv[number], own_rhythm=False, noisy=True, seed=seed
    )


def conditional_gaussian(source: Source, seed: int) -> Records:
    """Return beats of a Gaussian with a mean linear in superclasses, age and sex, tiled as the median beats.

    The Gaussian is that of the first 96 principal components of the median beats.
    """
    flat = source.beats_mv.reshape(len(source.beats_mv), -1).astype(np.float64)
    mean = flat.mean(axis=0)
    _, _, axes = np.linalg.svd(flat - mean, full_matrices=False)
    axes = axes[:COMPONENTS]
    scores = (flat - mean) @ axes.T
    design = conditions(source.records)
    weights, *_ = np.linalg.lstsq(design, scores, rcond=None)
    variances, directions = np.linalg.eigh(np.cov(scores - design @ weights, rowvar=False))
    root = directions * np.sqrt(np.maximum(variances, 0))
    shape = source.beats_mv.shape[1:]

    def beat(number: int, rng: np.random.Generator) -> Float[np.ndarray, "lead sample"]:
        drawn = design[number] @ weights + root @ rng.standard_normal(len(root))
        return (mean + drawn @ axes).reshape(shape)

    return _generate(source, beat, own_rhythm=False, noisy=True, seed=seed)


BASELINES: dict[str, Callable[[Source, int], Records]] = {
    "tiled-own": tiled_own_rhythm,
    "tiled-random": tiled_random_rhythm,
    "gaussian": conditional_gaussian,
}
"""The baselines by name: functions of training records and a seed."""


def conditions(records: Records) -> Float[np.ndarray, "record condition"]:
    """Return 1, age in decades around 60 years, its square, whether it is unknown, sex, and superclasses."""
    table: pd.DataFrame = records.table
    age = (table["age"].to_numpy(dtype=np.float64) - 60) / 10
    known: Bool[np.ndarray, " record"] = np.isfinite(age)
    age = np.where(known, age, 0.0)
    female = (table["sex"] == "female").to_numpy(dtype=np.float64)
    columns = [np.ones(len(table)), age, age**2, ~known, female, *records.targets(SUPERCLASSES).T]
    return np.column_stack(columns).astype(np.float64)


def _generate(
    source: Source,
    beat: Callable[[int, np.random.Generator], Float[np.ndarray, "lead sample"]],
    *,
    own_rhythm: bool,
    noisy: bool,
    seed: int,
) -> Records:
    """Return a record for each training record, each from a generator of its own."""
    samples = source.records.signal_uv.shape[2]
    signal_uv = np.empty_like(source.records.signal_uv)
    seeds = source.records.table["seed"].to_numpy()
    for number, peaks in enumerate(source.peaks):
        rng = np.random.default_rng([seed, int(seeds[number])])
        placed = peaks if own_rhythm else random_peaks(peaks, samples, rng)
        signal_mv = tile(beat(number, rng), placed, samples)
        if noisy:
            donor = source.records.signal_uv[rng.integers(len(source.peaks))]
            signal_mv = signal_mv + wander_and_noise(donor / 1000, rng)
        signal_uv[number] = to_microvolts(signal_mv[None])[0]
    table = source.records.table.drop(columns=["fold", "filename"])
    return Records(signal_uv=signal_uv, table=table)


def random_peaks(peaks: Peaks, samples: int, rng: np.random.Generator) -> Peaks:
    """Return R peaks from before the signal to its end, with RR intervals drawn from those of a record."""
    intervals = np.diff(peaks)
    needed = (samples + 2 * BEAT_SAMPLES) // intervals.min() + 2
    steps = rng.choice(intervals, needed)
    placed = -rng.integers(steps[0]) + np.concatenate([[0], np.cumsum(steps)])
    return placed[: int((placed < samples + BEAT_SAMPLES).sum())]


def wander_and_noise(
    donor_mv: Float[np.ndarray, "lead time"], rng: np.random.Generator
) -> Float[np.ndarray, "lead time"]:
    """Return the baseline wander of a real record, and white noise as strong as its own.

    The wander is what lies below 0.5 Hz. The level of the noise is the median absolute deviation above 35 Hz,
    scaled to all frequencies; QRS complexes hardly change it.
    """
    slow = butter(2, WANDER_HZ, "lowpass", fs=FS_HZ, output="sos")
    fast = butter(4, NOISE_HZ, "highpass", fs=FS_HZ, output="sos")
    spread = _MAD_TO_SD * np.median(np.abs(sosfiltfilt(fast, donor_mv)), axis=1, keepdims=True)
    spread = spread / np.sqrt(1 - 2 * NOISE_HZ / FS_HZ)
    return sosfiltfilt(slow, donor_mv) + spread * rng.standard_normal(donor_mv.shape)
