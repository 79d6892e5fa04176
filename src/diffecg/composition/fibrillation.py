"""Fibrillatory waves: the activity of the atria in atrial fibrillation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32

from diffecg.composition.noise_statistics import LevelStatistics

HARMONICS = 5
FREQUENCY_HZ, FREQUENCY_SD_HZ, FREQUENCY_RANGE_HZ = 6.0, 0.8, (4.5, 8.5)
"""Mean, standard deviation and range over recordings of the fundamental frequency."""
SOURCES, SOURCE_SD_HZ = 3, 0.25
"""Number of sources at most, and standard deviation of their frequencies around that of the recording."""
FREQUENCY_SWING_HZ, FREQUENCY_MODULATION_HZ = 0.3, (0.1, 0.3)
"""Largest deviation of the frequency over time, and how fast it swings."""
AMPLITUDE_SWING, AMPLITUDE_MODULATION_HZ = 0.4, (0.05, 0.5)
"""Largest relative deviation of the amplitude over time, and how fast it swings."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FibrillatoryWaves:
    """Fibrillatory waves of one recording, which can be evaluated at any time.

    Each source is the sawtooth of Stridh and Sornmo (2001), IEEE Trans Biomed Eng 48(1):105-111, eq. 13 to
    16: a sum of harmonics of a fundamental frequency, whose frequency and amplitude swing slowly. The leads
    are mixtures of the sources.
    """

    frequency_hz: Float[np.ndarray, " source"]
    swing_hz: Float[np.ndarray, "2 source"]
    """How fast frequency and amplitude swing."""
    phase: Float[np.ndarray, "3 source"]
    """Phase of the fundamental, and of the swings of frequency and amplitude."""
    mixing_mv: Float[np.ndarray, "source lead"]

    def evaluate(self, start: int, stop: int, fs_hz: float) -> Float32[np.ndarray, "time lead"]:
        """Return the samples ``start`` to ``stop`` (exclusive), in mV."""
        time_s = (np.arange(start, stop) / fs_hz)[:, None]
        swing = 2 * np.pi * self.swing_hz * time_s[:, None] + self.phase[1:]
        angle = 2 * np.pi * self.frequency_hz * time_s + self.phase[0]
        angle += FREQUENCY_SWING_HZ / self.swing_hz[0] * np.sin(swing[:, 0])
        highest_hz = self.frequency_hz.max() + FREQUENCY_SWING_HZ
        harmonics = range(1, min(HARMONICS, int(fs_hz / 2 / highest_hz)) + 1)
        power = sum(1 / i**2 for i in harmonics) / 2 * (1 + AMPLITUDE_SWING**2 / 2)
        amplitude = -(1 + AMPLITUDE_SWING * np.sin(swing[:, 1])) / np.sqrt(power)
        sawtooth = amplitude * sum(np.sin(i * angle) / i for i in harmonics)
        return (sawtooth @ self.mixing_mv).astype(np.float32)


def draw_waves(statistics: LevelStatistics, rng: np.random.Generator) -> FibrillatoryWaves:
    """Draw the fibrillatory waves of a recording.

    Args:
        statistics: their root mean square in each lead, in mV, and the correlation of the leads.
        rng: source of randomness.
    """
    frequency_hz = np.clip(rng.normal(FREQUENCY_HZ, FREQUENCY_SD_HZ), *FREQUENCY_RANGE_HZ)
    values, vectors = np.linalg.eigh(statistics.correlation)
    patterns = (vectors * np.sqrt(np.maximum(values, 0))).T[-SOURCES:]
    patterns /= np.linalg.norm(patterns, axis=0)
    sources = len(patterns)
    return FibrillatoryWaves(
        frequency_hz=frequency_hz + SOURCE_SD_HZ * rng.standard_normal(sources),
        swing_hz=np.stack(
            [rng.uniform(*band, sources) for band in (FREQUENCY_MODULATION_HZ, AMPLITUDE_MODULATION_HZ)]
        ),
        phase=rng.uniform(0, 2 * np.pi, (3, sources)),
        mixing_mv=patterns * statistics.draw(rng),
    )
