"""When real beats come: what was learnt from the recordings of DS1, people who train the models, too."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffecg.errors import DiffecgError

FILE = "rr_statistics.json"
LIKE = "like:"
"""Before the name of a recording, in place of a rhythm."""
_NEAR = 10
"""Beats on either side that tell the sinus interval."""
_POSSIBLE = (0.25, 2.5)
"""Least and largest interval, as a share of the sinus interval; others are pauses of the annotator."""
_PAUSE = 2.0
"""A longer interval between normal beats, in the same unit, is a gap in what was annotated."""
_MOST_PAIRS, _MOST_RUNS, _LEAST_PAIRS = 60, 60, 8
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Statistics:
    """How beats follow each other; intervals as shares of the sinus interval around them."""

    heart_rate: float
    """Of sinus beats, in beats a minute."""
    sdnn_ms: float
    """Standard deviation of the intervals between sinus beats, in ms."""
    pairs: dict[str, list[list[float]]]
    """By label: intervals before and after single ectopic beats."""
    runs: dict[str, list[float]]
    """By label: intervals within runs of ectopic beats."""
    follows: dict[str, dict[str, int]]
    """By two labels: how often each label came next."""


def measure(times_s: Sequence[Array], labels: Sequence[Sequence[str]]) -> Statistics:
    """Return the statistics of recordings.

    Args:
        times_s: of the R peaks of each recording, in s.
        labels: of the same beats.

    Raises:
        DiffecgError: there is no interval between sinus beats.
    """
    pairs, runs, sinus = defaultdict(list), defaultdict(list), []
    follows: dict[str, Counter[str]] = defaultdict(Counter)
    for times, names in zip(times_s, labels, strict=True):
        rr = np.diff(times)
        usual, normal = _sinus_intervals(rr, names)
        shares = rr / usual
        sinus += rr[normal & (shares > _POSSIBLE[0]) & (shares < _PAUSE)].tolist()
        for i in range(1, len(names) - 1):
            follows["".join(names[i - 1 : i + 1])][names[i + 1]] += 1
            inside = _POSSIBLE[0] < min(shares[i - 1 : i + 1]) and max(shares[i - 1 : i + 1]) < _POSSIBLE[1]
            if names[i] == "N" or not inside:
                continue
            if names[i - 1] == names[i + 1] == "N":
                pairs[names[i]].append(shares[i - 1 : i + 1].round(3).tolist())
            elif names[i - 1] == names[i]:
                runs[names[i]].append(float(shares[i - 1].round(3)))
    if not sinus:
        raise DiffecgError("no two normal beats follow each other")
    return Statistics(
        round(60 / float(np.mean(sinus)), 2),
        round(1000 * float(np.std(sinus)), 1),
        {label: _some(sorted(found), _MOST_PAIRS) for label, found in sorted(pairs.items())},
        {label: _some(sorted(found), _MOST_RUNS) for label, found in sorted(runs.items())},
        {two: dict(sorted(found.items())) for two, found in sorted(follows.items())},
    )


def load_statistics(like: str = "") -> Statistics:
    """Return what was learnt: of one recording, completed by that of all; of all unless a recording is named.

    Raises:
        DiffecgError: an unknown recording.
    """
    known = _known()
    if not like:
        return known["all"]
    if like not in known or like == "all":
        raise DiffecgError(
            f"no rhythm like recording {like!r}: it is known of {', '.join(sorted(set(known) - {'all'}))}"
        )
    own, others = known[like], known["all"]
    pairs = {
        x: own.pairs[x] if len(own.pairs.get(x, [])) >= _LEAST_PAIRS else others.pairs[x]
        for x in others.pairs
    }
    runs = {
        x: own.runs[x] if len(own.runs.get(x, [])) >= _LEAST_PAIRS else others.runs[x] for x in others.runs
    }
    return Statistics(own.heart_rate, own.sdnn_ms, pairs, runs, own.follows)


@cache
def _known() -> dict[str, Statistics]:
    stored = json.loads(files("diffecg.composition").joinpath(FILE).read_text())
    return {name: Statistics(**fields) for name, fields in stored["recordings"].items()}


def _sinus_intervals(rr: Array, names: Sequence[str]) -> tuple[Array, NDArray[np.bool_]]:
    """Return the usual interval around each interval, and which lie between two normal beats."""
    is_n = np.array([name == "N" for name in names])
    normal = is_n[:-1] & is_n[1:]
    everywhere = np.median(rr[normal]) if normal.any() else np.nan
    usual = np.full(len(rr), everywhere)
    for i in range(len(rr)):
        near = slice(max(i - _NEAR, 0), i + _NEAR + 1)
        if normal[near].sum() >= _NEAR // 2:
            usual[i] = np.median(rr[near][normal[near]])
    return usual, normal


def _some(values: list[Any], most: int) -> list[Any]:
    """Return at most so many of sorted values, evenly over their range."""
    if len(values) <= most:
        return values
    return [values[i] for i in np.linspace(0, len(values) - 1, most).round().astype(int)]
