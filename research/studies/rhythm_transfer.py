"""RR intervals of beats: taken from other beats of the label, permuted, or made premature."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

from diffecg.composition.personal_beats import NORMAL, PREMATURE, make_premature
from diffecg.datasets.windows import Windows
from research.studies.oversampling import repeat

RHYTHM = ("rr_before_s", "rr_after_s", "rr_before_ratio", "rr_after_ratio")
"""Columns of the index: RR intervals in s, and relative to the mean of the ten intervals before."""


def rhythm(windows: Windows) -> Float[np.ndarray, "window 4"]:
    """Return the RR intervals of windows in the order of RHYTHM; NaN = unknown."""
    return windows.index[list(RHYTHM)].to_numpy(dtype=np.float64)


def with_rhythm(windows: Windows, values: Float[np.ndarray, "window 4"]) -> Windows:
    """Return windows with other RR intervals."""
    return replace(windows, index=windows.index.assign(**dict(zip(RHYTHM, values.T, strict=True))))


def borrow_rhythm(windows: Windows, donors: Windows, seed: int) -> Windows:
    """Return windows with the RR intervals of random donors of the same label."""
    values = np.empty((len(windows), len(RHYTHM)))
    for label, count in windows.counts().items():
        values[windows.labels == label] = rhythm(repeat(donors, {label: count}, seed))
    return with_rhythm(windows, values)


def permute_rhythm(windows: Windows, seed: int) -> Windows:
    """Return windows with their RR intervals permuted among those of the same label.

    The four intervals of a beat stay together, so that their joint distribution does not change, only its
    relation to the shape of the beat.
    """
    rng, source = np.random.default_rng(seed), np.arange(len(windows))
    for label in windows.unique_labels():
        rows = np.flatnonzero(windows.labels == label)
        source[rows] = rng.permutation(rows)
    return with_rhythm(windows, rhythm(windows)[source])


def premature_beats(train: Windows, count: int, seed: int) -> Windows:
    """Return normal beats relabelled as supraventricular, with the prematurity of real S beats.

    The mean RR interval before the beat stays that of the normal beat's recording, so that the intervals in s
    are those of its subject. All recordings with normal beats are drawn equally often.

    Args:
        train: real beats with RR intervals.
        count: number of beats to return.
        seed: seed of both choices.
    """
    known = train.take(np.isfinite(rhythm(train)).all(axis=1))
    normal = known.with_label(NORMAL)
    normal = normal.take(_evenly_by_recording(normal, count, np.random.default_rng(seed)))
    return make_premature(normal, rhythm(repeat(known, {PREMATURE: count}, seed))[:, 2:])


def _evenly_by_recording(
    windows: Windows, count: int, rng: np.random.Generator
) -> Int[np.ndarray, " {count}"]:
    """Return the numbers of random windows, of every recording equally often."""
    names, recording = np.unique(np.asarray(windows.recordings), return_inverse=True)
    drawn = rng.integers(len(names), size=count)
    rows = np.empty(count, dtype=np.intp)
    for number in range(len(names)):
        rows[drawn == number] = rng.choice(np.flatnonzero(recording == number), int((drawn == number).sum()))
    return rows
