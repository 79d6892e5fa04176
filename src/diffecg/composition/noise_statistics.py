"""Baseline wander, noise and variation of the QRS amplitude in recordings of PTB-XL."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib.resources import files

import numpy as np
from jaxtyping import Float

from diffecg.choices import choices
from diffecg.errors import DiffecgError

FILE = "noise_statistics.json"
MAX_DEVIATION = 2.0
"""Levels lie at most this many standard deviations from their mean."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LevelStatistics:
    """A log-normal level in each lead, and the correlation of what it scales."""

    log_mean: Float[np.ndarray, " lead"]
    """Mean of the natural logarithm of the level."""
    log_covariance: Float[np.ndarray, "lead lead"]
    correlation: Float[np.ndarray, "lead lead"]

    @cached_property
    def spread(self) -> Float[np.ndarray, "lead lead"]:
        """Square root of the covariance of the levels."""
        return _square_root(self.log_covariance)

    @cached_property
    def mixing(self) -> Float[np.ndarray, "lead lead"]:
        """Square root of the correlation."""
        return _square_root(self.correlation)

    def draw(self, rng: np.random.Generator) -> Float[np.ndarray, " lead"]:
        """Draw the level in each lead of a recording."""
        deviation = np.clip(rng.standard_normal(len(self.log_mean)), -MAX_DEVIATION, MAX_DEVIATION)
        return np.exp(self.log_mean + self.spread @ deviation)

    def select(self, rows: Sequence[int]) -> LevelStatistics:
        """Return the statistics of some of the leads."""
        square = np.ix_(rows, rows)
        return LevelStatistics(
            log_mean=self.log_mean[list(rows)],
            log_covariance=self.log_covariance[square],
            correlation=self.correlation[square],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class NoiseComponent:
    """Noise in one band: an autoregressive process at the knots of a cubic spline."""

    knot_s: float
    """Distance of the knots, in s."""
    coefficients: tuple[float, ...]
    """Coefficients of the process: each knot is their product with the knots before it, plus white noise."""
    level: LevelStatistics
    """Standard deviation, in mV."""
    cutoff: float = 1.0
    """Cut-off of a low-pass filter, as a fraction of half the rate of the knots; 1: none. PTB-XL was filtered
    before it was resampled."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NoiseStatistics:
    """Noise by component, and the variation of the QRS amplitude from beat to beat."""

    leads: tuple[str, ...]
    components: tuple[NoiseComponent, ...]
    amplitude: LevelStatistics
    """Relative standard deviation of the QRS amplitude within a recording."""
    fibrillation: LevelStatistics
    """Fibrillatory waves: root mean square, in mV."""

    def select(self, leads: Sequence[str]) -> NoiseStatistics:
        """Return the statistics of some leads, by name.

        Raises:
            DiffecgError: no statistics of one of the leads.
        """
        unknown = [lead for lead in leads if lead not in self.leads]
        if unknown:
            raise DiffecgError(
                f"no statistics of the noise in lead {unknown[0]}; {choices(unknown[0], self.leads)}"
            )
        rows = [self.leads.index(lead) for lead in leads]
        return NoiseStatistics(
            leads=tuple(leads),
            components=tuple(replace(one, level=one.level.select(rows)) for one in self.components),
            amplitude=self.amplitude.select(rows),
            fibrillation=self.fibrillation.select(rows),
        )


@cache
def load_noise_statistics() -> NoiseStatistics:
    """Return the statistics that come with the package."""
    stored = json.loads(files("diffecg.composition").joinpath(FILE).read_text())

    def level(row: dict[str, list[float]]) -> LevelStatistics:
        return LevelStatistics(**{name: np.array(value) for name, value in row.items()})

    return NoiseStatistics(
        leads=tuple(stored["leads"]),
        components=tuple(
            NoiseComponent(
                knot_s=row["knot_s"],
                coefficients=tuple(row["coefficients"]),
                level=level(row["level"]),
                cutoff=row["cutoff"],
            )
            for row in stored["components"]
        ),
        amplitude=level(stored["amplitude"]),
        fibrillation=level(stored["fibrillation"]),
    )


def _square_root(matrix: Float[np.ndarray, "lead lead"]) -> Float[np.ndarray, "lead lead"]:
    """Return the symmetric square root of a covariance; negative eigenvalues (rounding) count as zero."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
