"""Further windows of a class without a generative model: repetition, SMOTE, distortion, mean beats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from imblearn.over_sampling import SMOTE
from jaxtyping import Float

from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.comparison import draw_evenly, mean_beats
from diffecg.inference.gaussian_copy import gaussian_copy

Oversampler = Callable[[Windows, Mapping[str, int], int], Windows]
"""Takes training windows, the number of new windows of each label, and a seed; returns the new windows."""

JITTER, SCALE, WARP, KNOTS = 0.03, 0.1, 0.2, 4
"""Standard deviation of the noise (relative to that of the training set), of the scaling factor, and of the
speed of time at each of KNOTS inner knots."""
_NEIGHBOURS = 5


def repeat(train: Windows, counts: Mapping[str, int], seed: int) -> Windows:
    """Return training windows, all of a label equally often."""
    rng = np.random.default_rng(seed)
    rows = [draw_evenly(np.flatnonzero(train.labels == label), count, rng) for label, count in counts.items()]
    return train.take(np.concatenate(rows))


def smote(train: Windows, counts: Mapping[str, int], seed: int) -> Windows:
    """Interpolate between neighbours of a label: Chawla et al. (2002), arXiv 1106.1813.

    Computed by imbalanced-learn, with five neighbours or as many as the label has.
    """
    synthetic = [_smote(train.with_label(label).flat(), count, seed) for label, count in counts.items()]
    return _like(train, np.concatenate(synthetic), counts)


def distort(train: Windows, counts: Mapping[str, int], seed: int) -> Windows:
    """Return training windows with jitter, scaling and time warping: Um et al. (2017), arXiv 1706.00527."""
    rng = np.random.default_rng(seed)
    windows = repeat(train, counts, seed)
    signal_mv = np.stack([_warp(window, rng) for window in windows.signal_mv])
    factor = 1 + SCALE * rng.standard_normal((len(signal_mv), 1, 1))
    noise = JITTER * float(train.signal_mv.std()) * rng.standard_normal(signal_mv.shape)
    distorted = replace(windows, signal=(factor * signal_mv + noise).astype(np.float32))
    return distorted.drop_columns("recording", "partition")


def sample_mean_beats(train: Windows, counts: Mapping[str, int], seed: int) -> Windows:
    """Return the mean window of each label plus white noise with its standard deviation."""
    return mean_beats(train, [label for label, count in counts.items() for _ in range(count)], seed)


def sample_gaussians(train: Windows, counts: Mapping[str, int], seed: int) -> Windows:
    """Return samples of a normal distribution of each label in its principal components."""
    return gaussian_copy(train, counts=counts, min_subjects=0, seed=seed)


def from_pool(pool: Windows) -> Oversampler:
    """Return an oversampler that takes windows from a pool, repeatedly if the pool is too small."""
    return lambda _, counts, seed: repeat(pool, counts, seed)


def with_rr(windows: Windows, train: Windows, seed: int) -> Windows:
    """Add the RR intervals of random training windows of the same label to windows without any.

    Otherwise a classifier of RR intervals would learn that missing values mean a synthetic window.
    """
    if windows.rr_s is not None or train.rr_s is None:
        return windows
    rr_s = np.empty((len(windows), 2))
    for label, count in windows.counts().items():
        rr_s[windows.labels == label] = repeat(train, {label: count}, seed).rr_s
    index = windows.index.assign(rr_before_s=rr_s[:, 0], rr_after_s=rr_s[:, 1])
    return replace(windows, index=index)


def _like(train: Windows, flat: Float[np.ndarray, "window feature"], counts: Mapping[str, int]) -> Windows:
    """Return new windows of the same kind as the training windows, ordered by label."""
    labels = [label for label, count in counts.items() for _ in range(count)]
    return Windows.from_arrays(
        flat.astype(np.float32).reshape(-1, *train.signal_mv.shape[1:]),
        train.fs_hz,
        labels,
        channel_names=train.channel_names,
        r_peak=train.r_peak,
    )


def _smote(
    real: Float[np.ndarray, "window feature"], count: int, seed: int
) -> Float[np.ndarray, "{count} feature"]:
    neighbours = min(_NEIGHBOURS, len(real) - 1)
    if neighbours < 1:
        return np.repeat(real, count, axis=0)
    rows = np.concatenate([np.zeros_like(real[:1]), real])  # SMOTE requires a second class
    classes = np.array([0] + [1] * len(real))
    sampler = SMOTE(sampling_strategy={1: len(real) + count}, k_neighbors=neighbours, random_state=seed)
    return np.asarray(sampler.fit_resample(rows, classes)[0][len(rows) :])


def _warp(window: Float[np.ndarray, "lead time"], rng: np.random.Generator) -> Float[np.ndarray, "lead time"]:
    """Return a window in which time runs at a smoothly changing speed, with the ends fixed."""
    length = window.shape[1]
    knots = np.maximum(1 + WARP * rng.standard_normal(KNOTS + 2), 0.2)
    speed = np.interp(np.linspace(0, KNOTS + 1, length), np.arange(KNOTS + 2), knots)
    time = np.concatenate([[0], np.cumsum(speed[1:])])
    time *= (length - 1) / time[-1]
    return np.stack([np.interp(time, np.arange(length), lead) for lead in window])
