"""Intervals between the beats of a rhythm."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from diffecg.composition.rhythm_statistics import EctopyStatistics, RhythmStatistics

MIN_INTERVAL_S = 0.2
"""Shortest interval between beats: the ventricular refractory period."""
MAYER_HZ, PEAK_WIDTH_HZ, LOW_TO_HIGH = 0.1, 0.01, 0.5
"""Lower frequency of the heart-rate oscillation, width of both spectral peaks, and their power ratio."""
OSCILLATION_FS_HZ = 4.0

FOCUS_VARIATION, FOCUS_PAIRS = 0.02, 16
"""Relative standard deviation of the intervals of ectopic beats from one focus; number of different ones."""

Deviation = Callable[[int, float], float]
"""Deviation of a normal interval from the mean, in standard deviations, by its number and its time in s."""


@dataclass(frozen=True, kw_only=True)
class NormalIntervals:
    """Distribution of the intervals between normal beats."""

    mean_s: float
    sdnn_s: float
    """Standard deviation."""
    deviation: Deviation


@dataclass(frozen=True, kw_only=True)
class EctopicIntervals:
    """Measured intervals of ectopic beats by label, as fractions of the normal interval."""

    pairs: Mapping[str, Sequence[Sequence[float]]]
    """Coupling interval and pause of single beats."""
    runs: Mapping[str, Sequence[float]]
    """Intervals within runs."""


def beat_intervals(
    labels: Sequence[str],
    normal: NormalIntervals,
    ectopic: EctopicIntervals,
    duration_s: float,
    rng: np.random.Generator,
) -> Float[np.ndarray, " interval"]:
    """Return the intervals between beats, in s, until the recording or the labels end.

    A single ectopic beat has the coupling interval and the pause of one measured beat, as fractions of the
    normal interval; beats within a run have measured intervals of runs. If there are at least two intervals
    between normal beats, these have exactly the given mean and standard deviation.

    Args:
        labels: labels of the beats, at least as many as fit into the duration.
        normal: intervals between normal beats.
        ectopic: intervals of ectopic beats.
        duration_s: time after the first beat, in s.
        rng: source of randomness.
    """
    time_s, pause, rr_s = 0.0, 1.0, list[float]()
    for previous, label in zip(labels, labels[1:], strict=False):
        if time_s >= duration_s:
            break
        normal_s = normal.mean_s + normal.sdnn_s * normal.deviation(len(rr_s), time_s)
        if label == "N":
            fraction, pause = pause, 1.0
        else:
            runs = ectopic.runs.get(label, [])
            coupling, next_pause = ectopic.pairs[label][int(rng.integers(len(ectopic.pairs[label])))]
            within_run = runs[int(rng.integers(len(runs)))] if runs else coupling
            fraction, pause = (within_run if previous == label else coupling), next_pause
        rr_s.append(max(fraction * normal_s, MIN_INTERVAL_S))
        time_s += rr_s[-1]
    return _standardise(np.array(rr_s), labels, normal)


def _standardise(
    rr_s: Float[np.ndarray, " interval"], labels: Sequence[str], normal: NormalIntervals
) -> Float[np.ndarray, " interval"]:
    """Return intervals of which those between normal beats have exactly the given mean and deviation."""
    names = np.array(labels[: len(rr_s) + 1])
    is_normal = (names[:-1] == "N") & (names[1:] == "N")
    if is_normal.sum() > 1:
        spread = rr_s[is_normal].std()
        scale = normal.sdnn_s / spread if spread > 0 else 0
        rr_s[is_normal] = normal.mean_s + scale * (rr_s[is_normal] - rr_s[is_normal].mean())
    return np.maximum(rr_s, MIN_INTERVAL_S)


def one_focus(statistics: EctopyStatistics, rng: np.random.Generator) -> Sequence[tuple[float, float]]:
    """Return coupling intervals and pauses of the ectopic beats of one recording.

    They come from one focus and are alike: one measured pair with a small variation.
    """
    coupling, pause = statistics.pairs[rng.integers(len(statistics.pairs))]
    varied = np.array([coupling, pause]) * (1 + FOCUS_VARIATION * rng.standard_normal((FOCUS_PAIRS, 2)))
    return [(float(first), float(second)) for first, second in varied]


def respiratory_deviation(duration_s: float, respiration_hz: float, rng: np.random.Generator) -> Deviation:
    """Return the deviation of intervals that follow :func:`heart_rate_oscillation`."""
    oscillation = heart_rate_oscillation(duration_s, respiration_hz, rng)
    clock_s = np.arange(len(oscillation)) / OSCILLATION_FS_HZ
    return lambda _, time_s: float(np.interp(time_s, clock_s, oscillation))


def irregular_deviation(statistics: RhythmStatistics, count: int, rng: np.random.Generator) -> Deviation:
    """Return the deviation of random intervals with a measured distribution and autocorrelation.

    A Gaussian autoregressive process of first order, transformed to the distribution (a Gaussian copula).
    """
    from scipy.signal import lfilter  # slow to import
    from scipy.special import ndtr

    phi = statistics.autocorrelation
    gaussian = lfilter([np.sqrt(1 - phi**2)], [1, -phi], rng.standard_normal(count))
    grid = np.linspace(0, 1, len(statistics.deviation))
    deviation = np.interp(ndtr(gaussian), grid, statistics.deviation)
    return lambda number, _: float(deviation[number])


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
