"""RR intervals of a rhythm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import cycle, islice

import numpy as np

from diffecg.composition.basic_rhythms import OCCASIONAL, BasicRhythm, rhythm_annotation, split_rhythm
from diffecg.composition.beat_order import occasional_labels, random_labels
from diffecg.composition.intervals import (
    MIN_INTERVAL_S,
    Deviation,
    EctopicIntervals,
    NormalIntervals,
    beat_intervals,
    irregular_deviation,
    one_focus,
    respiratory_deviation,
)
from diffecg.composition.language import parse_rhythm
from diffecg.composition.rhythm_statistics import draw_quantile, load_rhythm_statistics
from diffecg.composition.rr_statistics import LIKE, RRStatistics, load_statistics
from diffecg.errors import DiffecgError

HEART_RATE, HEART_RATE_RANGE = 72.0, (20.0, 250.0)
"""Default and range, in beats per minute."""
SDNN_MS, SDNN_RANGE_MS = 40.0, (0.0, 500.0)
RESPIRATION_HZ, RESPIRATION_RANGE_HZ = 0.25, (0.05, 1.0)


@dataclass(frozen=True)
class Rhythm:
    """Order and timing of beats.

    Example:
        >>> import diffecg
        >>> rhythm = diffecg.Rhythm("N*3 V", heart_rate=60, sdnn_ms=0)
        >>> [label for _, label in rhythm.beats(4.0)]
        ['N', 'N', 'N', 'V']
    """

    text: str
    """A basic rhythm (:data:`diffecg.composition.basic_rhythms.BASIC_RHYTHMS`), an order of beats, or both.

    The order is written in the rhythm language (:mod:`diffecg.composition.language`); ``occasional V`` is
    random; ``like:208`` is random with the statistics of record 208 of the MIT-BIH Arrhythmia Database
    (records of DS1 only)."""
    heart_rate: float | None = None
    """Mean rate of normal beats, in beats per minute; None: drawn from that of the basic rhythm, or 72, or
    that of the record."""
    sdnn_ms: float | None = None
    """Standard deviation of the intervals between normal beats, in ms; None: drawn likewise, or 40, or that
    of the record."""
    respiration_hz: float = RESPIRATION_HZ
    """Respiratory frequency, in Hz."""

    @cached_property
    def basic(self) -> BasicRhythm | None:
        """The basic rhythm that the text names, if any."""
        return split_rhythm(self.text)[0]

    @cached_property
    def order(self) -> str:
        """The order of beats."""
        return split_rhythm(self.text)[1]

    @property
    def annotation(self) -> str:
        """Text of the rhythm annotation of a WFDB file; empty if the rhythm has no name."""
        return rhythm_annotation(self.basic, self.order)

    def beats(self, duration_s: float, seed: int = 0) -> list[tuple[float, str]]:
        """Return (time of the R peak in s, label) of each beat of a recording.

        Args:
            duration_s: length of the recording, in s.
            seed: seed of the intervals and of random rhythms.

        Raises:
            DiffecgError: an invalid rhythm, or values out of range.
        """
        if not (np.isfinite(duration_s) and duration_s > 0):
            raise DiffecgError(f"duration {duration_s:g} s must be above 0")
        if seed < 0:
            raise DiffecgError(f"seed {seed} must be at least 0")
        rng = np.random.default_rng(seed)
        record = self.order.removeprefix(LIKE).strip() if self.order.startswith(LIKE) else ""
        statistics = load_statistics(record)
        rate, sdnn_ms = self._rate_and_sdnn(statistics if record else None, rng)
        max_beats = int(duration_s / MIN_INTERVAL_S) + 2
        if record:
            labels = random_labels(statistics, max_beats, rng)
        else:
            labels = self._labels(max_beats, duration_s * rate / 60, rng)
        first_s = float(rng.uniform(0.3, 0.7)) * 60 / rate
        deviation = self._deviation(duration_s - first_s, max_beats, rng)
        normal = NormalIntervals(mean_s=60 / rate, sdnn_s=sdnn_ms / 1000, deviation=deviation)
        ectopic = self._ectopic(statistics, rng)
        rr_s = beat_intervals(labels, normal, ectopic, duration_s - first_s, rng)
        times_s = first_s + np.concatenate([[0.0], np.cumsum(rr_s)])
        beats = zip(times_s.tolist(), labels, strict=False)
        return [(time_s, label) for time_s, label in beats if time_s < duration_s]

    def _rate_and_sdnn(self, record: RRStatistics | None, rng: np.random.Generator) -> tuple[float, float]:
        """Return the mean rate in beats per minute and the SDNN in ms."""
        rate, sdnn_ms = (HEART_RATE, SDNN_MS) if record is None else (record.heart_rate, record.sdnn_ms)
        if self.basic is not None:
            measured = load_rhythm_statistics().rhythms[self.basic.statement]
            rate = draw_quantile(measured.heart_rate, rng.uniform())
            variation = draw_quantile(measured.variation, rng.uniform())
            mean_ms = 60_000 / (rate if self.heart_rate is None else self.heart_rate)
            sdnn_ms = min(variation * mean_ms, SDNN_RANGE_MS[1])
        rate = _check_range("heart rate", self.heart_rate, rate, HEART_RATE_RANGE, "beats per minute")
        return rate, _check_range("SDNN", self.sdnn_ms, sdnn_ms, SDNN_RANGE_MS, "ms")

    def _labels(self, count: int, expected: float, rng: np.random.Generator) -> list[str]:
        """Return the labels of ``count`` beats, of which about ``expected`` are within the recording."""
        words = self.order.split()
        if words[:1] == [OCCASIONAL]:
            return occasional_labels(words[1:], load_rhythm_statistics().ectopy, count, expected, rng)
        return list(islice(cycle(_parsed(self.order)), count))

    def _deviation(self, duration_s: float, count: int, rng: np.random.Generator) -> Deviation:
        respiration_hz = _check_range(
            "respiration", self.respiration_hz, RESPIRATION_HZ, RESPIRATION_RANGE_HZ, "Hz"
        )
        if self.basic is not None and self.basic.is_irregular:
            return irregular_deviation(load_rhythm_statistics().rhythms[self.basic.statement], count, rng)
        return respiratory_deviation(duration_s, respiration_hz, rng)

    def _ectopic(self, record: RRStatistics, rng: np.random.Generator) -> EctopicIntervals:
        """Return the intervals of ectopic beats: those of the record, or of one focus with a basic rhythm."""
        if self.basic is None:
            return EctopicIntervals(pairs=record.pairs, runs=record.runs)
        own = {label: one_focus(found, rng) for label, found in load_rhythm_statistics().ectopy.items()}
        return EctopicIntervals(pairs={**record.pairs, **own}, runs=record.runs)


@lru_cache
def _parsed(order: str) -> tuple[str, ...]:
    return tuple(parse_rhythm(order))


def check_beats(beats: Sequence[tuple[float, str]]) -> None:
    """Check that beats, (time in s, label), are in order and at least MIN_INTERVAL_S apart.

    Raises:
        DiffecgError: they are not.
    """
    for (previous_s, _), (time_s, label) in zip(beats, beats[1:], strict=False):
        interval_s = time_s - previous_s
        if interval_s < MIN_INTERVAL_S - 1e-9:
            raise DiffecgError(
                f"the beat {label} at {time_s:.3f} s follows the previous one after {interval_s:.3f} s; the "
                f"shortest interval is {MIN_INTERVAL_S:g} s"
            )


def _check_range(
    name: str, value: float | None, default: float, limits: tuple[float, float], unit: str
) -> float:
    """Return a value, or the default.

    Raises:
        DiffecgError: the value is out of range.
    """
    value = default if value is None else value
    if not limits[0] <= value <= limits[1]:
        raise DiffecgError(f"{name} {value:g} {unit} must be between {limits[0]:g} and {limits[1]:g}")
    return value
