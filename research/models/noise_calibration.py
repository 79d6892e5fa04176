"""Calibrate the noise of composed recordings: measured like real ones, they have the same statistics.

What is measured contains more than what is added: beats are placed between samples, and the bands of the
components overlap. So the statistics that composition draws from are corrected by the difference.
"""

from __future__ import annotations

from dataclasses import replace

from diffecg.composition.batch import compose_batch
from diffecg.composition.beat_source import BeatSource
from diffecg.composition.noise_statistics import LevelStatistics, NoiseStatistics
from diffecg.composition.plan import plan_recording
from research.models.noise_measurement import DetectedBeats, measure_amplitudes, measure_components

ROUNDS, RECORDINGS, BATCH = 4, 1024, 64
DURATION_S = 10.0


def calibrate(measured: NoiseStatistics, source: BeatSource) -> NoiseStatistics:
    """Return statistics with which composed recordings in sinus rhythm have the measured ones."""
    current = measured
    for _ in range(ROUNDS):
        composed = _compose(current, source)
        components = measure_components(composed)
        current = replace(
            current,
            components=tuple(
                replace(
                    old,
                    coefficients=tuple(
                        round(value + aim - found, 3)
                        for value, aim, found in zip(
                            old.coefficients, wanted.coefficients, now.coefficients, strict=True
                        )
                    ),
                    level=_corrected(old.level, wanted.level, now.level),
                )
                for old, wanted, now in zip(current.components, measured.components, components, strict=True)
            ),
            amplitude=_corrected(current.amplitude, measured.amplitude, measure_amplitudes(composed)),
        )
    return current


def _corrected(old: LevelStatistics, wanted: LevelStatistics, now: LevelStatistics) -> LevelStatistics:
    return replace(old, log_mean=(old.log_mean + wanted.log_mean - now.log_mean).round(2))


def _compose(statistics: NoiseStatistics, source: BeatSource) -> list[DetectedBeats]:
    recordings = []
    for first in range(0, RECORDINGS, BATCH):
        plans = [plan_recording({"labels": "SR"}, seed, DURATION_S) for seed in range(first, first + BATCH)]
        batch = compose_batch(source, plans, DURATION_S, statistics=statistics)
        recordings += [
            DetectedBeats(signal_mv=signal_mv.T.astype(float), fs_hz=batch.fs_hz, peaks=batch.peaks(i))
            for i, signal_mv in enumerate(batch.signal_mv)
        ]
    return [one for one in recordings if one.is_usable]
