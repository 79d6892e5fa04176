"""Random orders of beats."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from diffecg.choices import choices
from diffecg.composition.rhythm_statistics import EctopyStatistics, draw_quantile
from diffecg.composition.rr_statistics import RRStatistics
from diffecg.errors import DiffecgError

EARLY = 0.8
"""An ectopic beat of each label is in this first part of a recording."""


def random_labels(statistics: RRStatistics, count: int, rng: np.random.Generator) -> list[str]:
    """Return labels of a second-order Markov chain: each depends on the two before it."""
    labels = ["N", "N"]
    for _ in range(count - 2):
        following = statistics.follows.get("".join(labels[-2:]), {"N": 1})
        counts = np.array(list(following.values()), dtype=float)
        labels.append(str(rng.choice(list(following), p=counts / counts.sum())))
    return labels


def occasional_labels(
    ectopic: Sequence[str],
    statistics: dict[str, EctopyStatistics],
    count: int,
    expected: float,
    rng: np.random.Generator,
) -> list[str]:
    """Return labels with single ectopic beats at random places.

    The share of each ectopic label is drawn from those of measured recordings; at least one of its beats is
    among the first.

    Args:
        ectopic: labels of the ectopic beats.
        statistics: measured shares by label.
        count: number of beats.
        expected: beats that the recording will have; a beat of each label is among them.
        rng: source of randomness.

    Raises:
        DiffecgError: no labels, or no statistics of one.
    """
    if not ectopic:
        raise DiffecgError(f"'occasional' needs labels of beats, as in 'occasional {next(iter(statistics))}'")
    labels = ["N"] * count
    for label in ectopic:
        if label not in statistics:
            raise DiffecgError(f"no statistics of occasional beats {label!r}; {choices(label, statistics)}")
        share = draw_quantile(statistics[label].share, rng.uniform())
        first = max(int(EARLY * expected), 3)
        places = np.flatnonzero(rng.random(count) < share / (1 - share)).tolist()
        for place in (*rng.permutation(np.arange(1, min(first, count))).tolist(), *places):
            is_needed = place in places or label not in labels
            if is_needed and _is_free(labels, place):
                labels[place] = label
    return labels


def _is_free(labels: Sequence[str], place: int) -> bool:
    """Return whether a beat and its neighbours are normal; the first beat of a recording always stays so."""
    return place > 0 and all(label == "N" for label in labels[place - 1 : place + 2])
