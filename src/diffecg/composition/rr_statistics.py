"""RR-interval statistics of DS1."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from diffecg.errors import DiffecgError

FILE = "rr_statistics.json"
LIKE = "like:"
"""Prefix of a record's name, in place of a rhythm."""
NEIGHBOURS = 10
"""Beats on either side from which the local sinus interval is estimated."""
RATIO_RANGE = (0.25, 2.5)
"""Smallest and largest interval, as a fraction of the sinus interval; others are gaps of the annotation."""
MAX_SINUS_RATIO = 2.0
"""Longest interval between normal beats, in the same unit."""
MAX_STORED = 60
"""Intervals stored of each label."""
MIN_PAIRS = 8
"""A record with fewer intervals of a label gets those of all records."""


@dataclass(frozen=True, kw_only=True)
class RRStatistics:
    """Order and intervals of beats; intervals of ectopic beats are fractions of the local sinus interval."""

    heart_rate: float
    """Mean rate of sinus beats, in beats per minute."""
    sdnn_ms: float
    """Standard deviation of the intervals between sinus beats, in ms."""
    pairs: dict[str, list[list[float]]]
    """Coupling interval and pause of single ectopic beats, by label."""
    runs: dict[str, list[float]]
    """Intervals within runs of ectopic beats, by label."""
    follows: dict[str, dict[str, int]]
    """Counts of the label after each pair of labels."""


def measure(times_s: Sequence[Float[np.ndarray, "_"]], labels: Sequence[Sequence[str]]) -> RRStatistics:
    """Measure the statistics of recordings.

    Args:
        times_s: times of the R peaks of each recording, in s.
        labels: labels of the same beats.

    Raises:
        DiffecgError: no two consecutive beats are normal.
    """
    pairs, runs, sinus = defaultdict(list), defaultdict(list), list[float]()
    follows: dict[str, Counter[str]] = defaultdict(Counter)
    for times, names in zip(times_s, labels, strict=True):
        rr_s = np.diff(times)
        sinus_s, normal = _sinus_intervals(rr_s, names)
        ratios = rr_s / sinus_s
        sinus += rr_s[normal & (ratios > RATIO_RANGE[0]) & (ratios < MAX_SINUS_RATIO)].tolist()
        for i in range(1, len(names) - 1):
            previous, label, following = names[i - 1 : i + 2]
            around = ratios[i - 1 : i + 1]
            follows[previous + label][following] += 1
            possible = RATIO_RANGE[0] < min(around) and max(around) < RATIO_RANGE[1]
            if label == "N" or not possible:
                continue
            if previous == following == "N":
                pairs[label].append(around.round(3).tolist())
            elif previous == label:
                runs[label].append(float(around[0].round(3)))
    if not sinus:
        raise DiffecgError("no two consecutive beats are normal; RR statistics need at least one such pair")
    return RRStatistics(
        heart_rate=round(60 / float(np.mean(sinus)), 2),
        sdnn_ms=round(1000 * float(np.std(sinus)), 1),
        pairs={label: _thin_out(sorted(values)) for label, values in sorted(pairs.items())},
        runs={label: _thin_out(sorted(values)) for label, values in sorted(runs.items())},
        follows={labels: dict(sorted(counts.items())) for labels, counts in sorted(follows.items())},
    )


def load_statistics(record: str = "") -> RRStatistics:
    """Return the statistics of a record of DS1, or of all its records.

    Labels with few intervals in the record have those of all records.

    Args:
        record: name of the record; empty: all records.

    Raises:
        DiffecgError: the record is not in DS1.
    """
    known = _load_all()
    if not record:
        return known["all"]
    if record not in known or record == "all":
        raise DiffecgError(
            f"no RR statistics of record {record!r}; choose one of {', '.join(sorted(set(known) - {'all'}))}"
        )
    own, every = known[record], known["all"]
    pairs = {label: _at_least(own.pairs.get(label, []), every.pairs[label]) for label in every.pairs}
    runs = {label: _at_least(own.runs.get(label, []), every.runs[label]) for label in every.runs}
    return RRStatistics(
        heart_rate=own.heart_rate, sdnn_ms=own.sdnn_ms, pairs=pairs, runs=runs, follows=own.follows
    )


def _at_least(own: list[Any], every: list[Any]) -> list[Any]:
    return own if len(own) >= MIN_PAIRS else every


@cache
def _load_all() -> dict[str, RRStatistics]:
    stored = json.loads(files("diffecg.composition").joinpath(FILE).read_text())
    return {name: RRStatistics(**fields) for name, fields in stored["recordings"].items()}


def _sinus_intervals(
    rr_s: Float[np.ndarray, " interval"], labels: Sequence[str]
) -> tuple[Float[np.ndarray, " interval"], Bool[np.ndarray, " interval"]]:
    """Return the local sinus interval at each interval, and which intervals are between normal beats."""
    is_normal = np.array([label == "N" for label in labels])
    normal = is_normal[:-1] & is_normal[1:]
    sinus_s = np.full(len(rr_s), np.median(rr_s[normal]) if normal.any() else np.nan)
    for i in range(len(rr_s)):
        near = slice(max(i - NEIGHBOURS, 0), i + NEIGHBOURS + 1)
        if normal[near].sum() >= NEIGHBOURS // 2:
            sinus_s[i] = np.median(rr_s[near][normal[near]])
    return sinus_s, normal


def _thin_out(values: list[Any]) -> list[Any]:
    """Return at most MAX_STORED of sorted values, evenly spaced."""
    if len(values) <= MAX_STORED:
        return values
    return [values[i] for i in np.linspace(0, len(values) - 1, MAX_STORED).round().astype(int)]
