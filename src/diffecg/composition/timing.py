"""RR intervals of a rhythm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice

import numpy as np
from jaxtyping import Float

from diffecg.composition.language import parse_rhythm
from diffecg.composition.rr_statistics import LIKE, RRStatistics, load_statistics
from diffecg.errors import DiffecgError

MIN_INTERVAL_S = 0.2
"""Shortest interval between beats: the ventricular refractory period."""
HEART_RATE, HEART_RATE_RANGE = 72.0, (20.0, 250.0)
"""Default and range, in beats per minute."""
SDNN_MS, SDNN_RANGE_MS = 40.0, (0.0, 500.0)
RESPIRATION_HZ, RESPIRATION_RANGE_HZ = 0.25, (0.05, 1.0)
MAYER_HZ, PEAK_WIDTH_HZ, LOW_TO_HIGH = 0.1, 0.01, 0.5
"""Lower frequency of the heart-rate oscillation, width of both spectral peaks, and their power ratio."""
OSCILLATION_FS_HZ = 4.0


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
    """Rhythm language (:mod:`diffecg.composition.language`), or ``like:208``: random with the statistics of
    record 208 of the MIT-BIH Arrhythmia Database; records of DS1 only."""
    heart_rate: float | None = None
    """Mean rate of normal beats, in beats per minute; None: 72, or that of the record."""
    sdnn_ms: float | None = None
    """Standard deviation of the intervals between normal beats, in ms; None: 40, or that of the record."""
    respiration_hz: float = RESPIRATION_HZ
    """Respiratory frequency, in Hz."""

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
        record = self.text.removeprefix(LIKE).strip() if self.text.startswith(LIKE) else ""
        statistics = load_statistics(record)
        defaults = (statistics.heart_rate, statistics.sdnn_ms) if record else (HEART_RATE, SDNN_MS)
        rate = _check_range("heart rate", self.heart_rate, defaults[0], HEART_RATE_RANGE, "beats per minute")
        sdnn_ms = _check_range("SDNN", self.sdnn_ms, defaults[1], SDNN_RANGE_MS, "ms")
        respiration_hz = _check_range(
            "respiration", self.respiration_hz, RESPIRATION_HZ, RESPIRATION_RANGE_HZ, "Hz"
        )
        rng = np.random.default_rng(seed)
        max_beats = int(duration_s / MIN_INTERVAL_S) + 2
        if record:
            labels = random_labels(statistics, max_beats, rng)
        else:
            labels = list(islice(cycle(parse_rhythm(self.text)), max_beats))
        first_s = float(rng.uniform(0.3, 0.7)) * 60 / rate
        sinus_s = SinusRhythm(mean_s=60 / rate, sdnn_s=sdnn_ms / 1000, respiration_hz=respiration_hz)
        rr_s = beat_intervals(labels, sinus_s, statistics, duration_s - first_s, rng)
        times_s = first_s + np.concatenate([[0.0], np.cumsum(rr_s)])
        beats = zip(times_s, labels, strict=False)
        return [(float(time_s), label) for time_s, label in beats if time_s < duration_s]


@dataclass(frozen=True, kw_only=True)
class SinusRhythm:
    """Distribution of the intervals between normal beats."""

    mean_s: float
    sdnn_s: float
    """Standard deviation."""
    respiration_hz: float


def beat_intervals(
    labels: Sequence[str],
    sinus: SinusRhythm,
    statistics: RRStatistics,
    duration_s: float,
    rng: np.random.Generator,
) -> Float[np.ndarray, " interval"]:
    """Return the intervals between beats, in s, until the recording or the labels end.

    A single ectopic beat has the coupling interval and the pause of one measured beat, as fractions of the
    sinus interval; beats within a run have measured intervals of runs. If there are at least two intervals
    between normal beats, these have exactly the given mean and standard deviation.

    Args:
        labels: labels of the beats, at least as many as fit into the duration.
        sinus: intervals between normal beats.
        statistics: measured intervals of ectopic beats.
        duration_s: time after the first beat, in s.
        rng: source of randomness.
    """
    deviation = heart_rate_oscillation(duration_s, sinus.respiration_hz, rng)
    clock_s = np.arange(len(deviation)) / OSCILLATION_FS_HZ
    time_s, pause, rr_s = 0.0, 1.0, list[float]()
    for previous, label in zip(labels, labels[1:], strict=False):
        if time_s >= duration_s:
            break
        sinus_s = sinus.mean_s + sinus.sdnn_s * float(np.interp(time_s, clock_s, deviation))
        if label == "N":
            fraction, pause = pause, 1.0
        else:
            runs = statistics.runs.get(label, [])
            coupling, next_pause = statistics.pairs[label][rng.integers(len(statistics.pairs[label]))]
            within_run = runs[rng.integers(len(runs))] if runs else coupling
            fraction, pause = (within_run if previous == label else coupling), next_pause
        rr_s.append(max(fraction * sinus_s, MIN_INTERVAL_S))
        time_s += rr_s[-1]
    return _standardise(np.array(rr_s), labels, sinus)


def _standardise(
    rr_s: Float[np.ndarray, " interval"], labels: Sequence[str], sinus: SinusRhythm
) -> Float[np.ndarray, " interval"]:
    """Return intervals of which those between normal beats have exactly the given mean and deviation."""
    names = np.array(labels[: len(rr_s) + 1])
    normal = (names[:-1] == "N") & (names[1:] == "N")
    if normal.sum() > 1:
        spread = rr_s[normal].std()
        scale = sinus.sdnn_s / spread if spread > 0 else 0
        rr_s[normal] = sinus.mean_s + scale * (rr_s[normal] - rr_s[normal].mean())
    return np.maximum(rr_s, MIN_INTERVAL_S)


def heart_rate_oscillation(
    duration_s: float, respiration_hz: float, rng: np.random.Generator
) -> Float[np.ndarray, " time"]:
    """Return the deviation of the sinus interval over time, at 4 Hz; mean 0, standard deviation 1.

    Random phases of a spectrum with two Gaussian peaks, at 0.1 Hz and at the respiratory frequency; the first
    has half the power of the second: McSharry et al. (2003), IEEE Trans Biomed Eng 50(3):289-294, eq. 2.
    """
    samples = max(int(duration_s * OSCILLATION_FS_HZ), 64)
    frequency_hz = np.fft.rfftfreq(samples, 1 / OSCILLATION_FS_HZ)
    low, high = (
        np.exp(-0.5 * ((frequency_hz - center_hz) / PEAK_WIDTH_HZ) ** 2)
        for center_hz in (MAYER_HZ, respiration_hz)
    )
    power = LOW_TO_HIGH * low + high
    power[0] = 0
    phase = rng.uniform(0, 2 * np.pi, len(frequency_hz))
    deviation = np.fft.irfft(np.sqrt(power) * np.exp(1j * phase), samples)
    return deviation / max(float(deviation.std()), 1e-12)


def random_labels(statistics: RRStatistics, count: int, rng: np.random.Generator) -> list[str]:
    """Return labels of a second-order Markov chain: each depends on the two before it."""
    labels = ["N", "N"]
    for _ in range(count - 2):
        following = statistics.follows.get("".join(labels[-2:]), {"N": 1})
        counts = np.array(list(following.values()), dtype=float)
        labels.append(str(rng.choice(list(following), p=counts / counts.sum())))
    return labels


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
