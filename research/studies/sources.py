"""Where further windows of a class may come from, other than a model of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.evaluation.generation.comparison import in_turn, mean_beats

Source = Callable[[Windows, Mapping[str, int], int], Windows]
"""Takes real training windows, how many to make of each class, and a seed; returns the new ones."""

JITTER, SCALE, WARP, KNOTS = 0.03, 0.1, 0.2, 4
"""Standard deviations of the noise (as a share of the set's own), of the factor, and of the speed at each
of the knots."""
_NEIGHBOURS = 5


def repeated(train: Windows, wanted: Mapping[str, int], seed: int) -> Windows:
    """Return training windows themselves, each as often as the others of its class."""
    rng = np.random.default_rng(seed)
    rows = [in_turn(np.flatnonzero(train.labels == label), count, rng) for label, count in wanted.items()]
    return train.take(np.concatenate(rows))


def smote(train: Windows, wanted: Mapping[str, int], seed: int) -> Windows:
    """Return points on lines between neighbours of a class: Chawla et al. (2002), arXiv 1106.1813.

    By imbalanced-learn, with five neighbours, or as many as a class has.

    Raises:
        DiffecgError: imbalanced-learn is not installed.
    """
    over_sampling = library("imblearn.over_sampling")
    made, labels = [], []
    for label, count in wanted.items():  # each class alone: neighbours are sought within it
        mine = train.of(label)
        rows = np.concatenate([np.zeros_like(mine.flat()[:1]), mine.flat()])  # SMOTE wants two classes
        answers = np.array(["other"] + [label] * len(mine))
        near = min(_NEIGHBOURS, len(mine) - 1)
        if near < 1:
            made.append(np.repeat(mine.flat(), count, axis=0))
        else:
            aim = {label: len(mine) + count}
            sampler = over_sampling.SMOTE(sampling_strategy=aim, k_neighbors=near, random_state=seed)
            made.append(sampler.fit_resample(rows, answers)[0][len(rows) :])
        labels += [label] * count
    signal_mv = np.concatenate(made).astype(np.float32).reshape(-1, *train.signal_mv.shape[1:])
    return Windows.from_arrays(signal_mv, train.fs_hz, labels, leads=train.leads, r_peak=train.r_peak)


def distorted(train: Windows, wanted: Mapping[str, int], seed: int) -> Windows:
    """Return training windows with noise, another amplitude and another course of time.

    Jitter, scaling and time warping of Um et al. (2017), arXiv 1706.00527, all three at once.
    """
    rng = np.random.default_rng(seed)
    windows = repeated(train, wanted, seed)
    signal_mv = np.stack([_warped(window, rng) for window in windows.signal_mv])
    factor = 1 + SCALE * rng.standard_normal((len(signal_mv), 1, 1))
    noise = JITTER * float(train.signal_mv.std()) * rng.standard_normal(signal_mv.shape)
    changed = replace(windows, signal=(factor * signal_mv + noise).astype(np.float32))
    return changed.without("recording", "partition")


def averaged(train: Windows, wanted: Mapping[str, int], seed: int) -> Windows:
    """Return each class's mean window plus white noise of its spread."""
    return mean_beats(train, [label for label, count in wanted.items() for _ in range(count)], seed)


def from_pool(pool: Windows) -> Source:
    """Return what takes windows from a set that was made before; it repeats itself where it is too small."""
    return lambda _, wanted, seed: repeated(pool, wanted, seed)


def with_rr(windows: Windows, train: Windows, seed: int) -> Windows:
    """Return windows with the RR intervals of random training windows of their class, where they have none.

    A classifier that sees RR intervals would otherwise learn that what has none is synthetic.
    """
    if windows.rr_s is not None or train.rr_s is None:
        return windows
    wanted = {label: int((windows.labels == label).sum()) for label in windows.classes()}
    rr_s = np.empty((len(windows), 2))
    for label in wanted:
        rr_s[windows.labels == label] = repeated(train, {label: wanted[label]}, seed).rr_s
    index = windows.index.assign(rr_before_s=rr_s[:, 0], rr_after_s=rr_s[:, 1])
    return replace(windows, index=index)


def library(name: str) -> Any:
    """Return a module of the extra ``studies``.

    Raises:
        DiffecgError: it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        package = {"imblearn": "imbalanced-learn"}.get(name.partition(".")[0], name)
        raise DiffecgError(f"studies need {package} ({error}): pip install 'diffecg[studies]'") from error


def _warped(window: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a window (lead time) whose time runs at a speed that changes smoothly, to the same end."""
    length = window.shape[1]
    knots = np.maximum(1 + WARP * rng.standard_normal(KNOTS + 2), 0.2)
    speed = np.interp(np.linspace(0, KNOTS + 1, length), np.arange(KNOTS + 2), knots)
    place = np.concatenate([[0], np.cumsum(speed[1:])])
    place *= (length - 1) / place[-1]
    return np.stack([np.interp(place, np.arange(length), lead) for lead in window])
