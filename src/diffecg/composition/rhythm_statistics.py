"""Heart rates, RR intervals and ectopic beats of the rhythms of PTB-XL."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

FILE = "rhythm_statistics.json"


@dataclass(frozen=True, kw_only=True)
class RhythmStatistics:
    """Distributions over recordings of 10 s of one rhythm, as equally spaced quantiles from 0 to 1."""

    heart_rate: tuple[float, ...]
    """Mean rate, in beats per minute."""
    variation: tuple[float, ...]
    """Standard deviation of the RR intervals over their mean."""
    deviation: tuple[float, ...]
    """Deviation of an RR interval from the mean of its recording over the standard deviation."""
    autocorrelation: float
    """Correlation of successive RR intervals."""


@dataclass(frozen=True, kw_only=True)
class EctopyStatistics:
    """Single ectopic beats of one label."""

    share: tuple[float, ...]
    """Quantiles over recordings with such beats: their share of all beats."""
    pairs: tuple[tuple[float, float], ...]
    """Coupling interval and pause, as fractions of the sinus interval."""


@dataclass(frozen=True, kw_only=True)
class StoredStatistics:
    """The content of the file."""

    rhythms: dict[str, RhythmStatistics]
    """By SCP code."""
    ectopy: dict[str, EctopyStatistics]
    """By label of the beat."""


def draw_quantile(quantiles: tuple[float, ...], uniform: float) -> float:
    """Return the value of a distribution at a probability, by linear interpolation of its quantiles."""
    return float(np.interp(uniform * (len(quantiles) - 1), np.arange(len(quantiles)), quantiles))


@cache
def load_rhythm_statistics() -> StoredStatistics:
    """Return the statistics that come with the package."""
    stored = json.loads(files("diffecg.composition").joinpath(FILE).read_text())
    return StoredStatistics(
        rhythms={
            code: RhythmStatistics(
                heart_rate=tuple(row["heart_rate"]),
                variation=tuple(row["variation"]),
                deviation=tuple(row["deviation"]),
                autocorrelation=row["autocorrelation"],
            )
            for code, row in stored["rhythms"].items()
        },
        ectopy={
            label: EctopyStatistics(
                share=tuple(row["share"]), pairs=tuple((first, second) for first, second in row["pairs"])
            )
            for label, row in stored["ectopy"].items()
        },
    )
