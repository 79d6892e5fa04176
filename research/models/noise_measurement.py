"""Baseline wander, noise, QRS amplitudes and fibrillatory waves of recordings with detected beats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Complex, Float, Int
from scipy.linalg import solve_toeplitz
from scipy.signal import butter, hilbert, sosfiltfilt

from diffecg.composition.noise_statistics import LevelStatistics, NoiseComponent

BEFORE_S, AFTER_S = 0.4, 0.8
"""Extent of the median beat."""
ONSET_S = 0.24
"""The median beat is subtracted from this long before its R peak until as long before the next one."""
QRS_S, AMPLITUDE_S = (-0.1, 0.12), (-0.07, 0.1)
"""Intervals around an R peak, in s: excluded from the noise, and used to compare amplitudes."""
FIBRILLATION_HZ, FIBRILLATION_S = (4.0, 9.0), (-0.3, -0.08)
"""Band of the fibrillatory waves, and interval around an R peak where they are measured."""
WANDER_HZ = 0.5
"""Baseline wander is below this frequency; nothing of the median beat is subtracted there."""
MAD_TO_SD, MAX_DEVIATION = 1.4826, 3.0
"""Standard deviation of a Gaussian over its median absolute deviation; what is clipped in its units."""
MIN_BEATS, MIN_SAMPLES, FLOOR_MV, FINEST_WAVE_MV = 5, 300, 1e-4, 3e-3


@dataclass(frozen=True, kw_only=True)
class Band:
    """A component of the noise: the filter that separates it, and the process that describes it."""

    edges_hz: float | tuple[float, float]
    kind: str
    knot_s: float
    """Distance of the knots of the process."""
    order: int
    """Its order."""
    cutoff: float = 1.0
    """Cut-off of the low-pass filter of the recordings, as a fraction of half the rate of the knots."""


BANDS = (
    Band(edges_hz=0.25, kind="lowpass", knot_s=2.0, order=1),
    Band(edges_hz=(0.25, 1.0), kind="bandpass", knot_s=0.5, order=1),
    Band(edges_hz=(1.0, 5.0), kind="bandpass", knot_s=0.1, order=1),
    Band(edges_hz=5.0, kind="highpass", knot_s=0.01, order=8, cutoff=0.86),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class DetectedBeats:
    """A recording and its beats."""

    signal_mv: Float[np.ndarray, "time lead"]
    fs_hz: float
    peaks: Int[np.ndarray, " beat"]

    def samples(self, duration_s: float) -> int:
        """Return a duration in samples."""
        return round(duration_s * self.fs_hz)

    def filtered(self, band_hz: float | tuple[float, float], kind: str) -> Float[np.ndarray, "time lead"]:
        """Return the recording after a filter without phase shift."""
        return filtered(self.signal_mv, self.fs_hz, band_hz, kind)

    @cached_property
    def wander_mv(self) -> Float[np.ndarray, "time lead"]:
        """Baseline wander, without the mean."""
        slow = self.signal_mv - self.filtered(WANDER_HZ, "highpass")
        return slow - slow.mean(axis=0)

    @cached_property
    def inner(self) -> Int[np.ndarray, " inner"]:
        """R peaks whose whole beat is in the recording."""
        before, after = self.samples(BEFORE_S), self.samples(AFTER_S)
        return self.peaks[(self.peaks >= before) & (self.peaks + after <= len(self.signal_mv))]

    @cached_property
    def beats_mv(self) -> Float[np.ndarray, "inner time lead"]:
        """Beats without baseline wander."""
        steps = np.arange(-self.samples(BEFORE_S), self.samples(AFTER_S))
        return self.filtered(WANDER_HZ, "highpass")[self.inner[:, None] + steps]

    @cached_property
    def median_mv(self) -> Float[np.ndarray, "time lead"]:
        """The median beat."""
        return np.median(self.beats_mv, axis=0)

    @cached_property
    def residual(self) -> tuple[Float[np.ndarray, "time lead"], Bool[np.ndarray, " time"]]:
        """The recording without wander and median beats, and which samples of it are noise."""
        noise, is_noise = self.filtered(WANDER_HZ, "highpass"), np.zeros(len(self.signal_mv), dtype=bool)
        onset, before, after = (self.samples(time_s) for time_s in (ONSET_S, BEFORE_S, AFTER_S))
        following = np.append(self.peaks[1:], len(noise) + onset)
        for peak, next_peak in zip(self.peaks, following, strict=True):
            start, stop = max(peak - onset, 0), min(next_peak - onset, peak + after, len(noise))
            if stop > start:
                noise[start:stop] -= self.median_mv[before + start - peak : before + stop - peak]
                is_noise[start:stop] = True
        for peak in self.peaks:
            is_noise[max(peak + self.samples(QRS_S[0]), 0) : peak + self.samples(QRS_S[1])] = False
        return noise, is_noise

    @cached_property
    def amplitudes(self) -> Float[np.ndarray, "inner lead"]:
        """Amplitude of each QRS complex over that of the median beat, by least squares."""
        start, stop = (self.samples(BEFORE_S + time_s) for time_s in AMPLITUDE_S)
        median_mv = self.median_mv[start:stop]
        return np.einsum("btl,tl->bl", self.beats_mv[:, start:stop], median_mv) / self.qrs_energy

    @cached_property
    def qrs_energy(self) -> Float[np.ndarray, " lead"]:
        """Sum of squares of the QRS complex of the median beat, in mV^2."""
        start, stop = (self.samples(BEFORE_S + time_s) for time_s in AMPLITUDE_S)
        return np.maximum(np.square(self.median_mv[start:stop]).sum(axis=0), 1e-6)

    @property
    def is_usable(self) -> bool:
        """Whether there are enough beats and samples of noise."""
        return len(self.inner) >= MIN_BEATS and self.residual[1].sum() >= MIN_SAMPLES


def filtered(
    signal_mv: Float[np.ndarray, "time lead"], fs_hz: float, band_hz: float | tuple[float, float], kind: str
) -> Float[np.ndarray, "time lead"]:
    """Return a signal after a Butterworth filter of second order, forwards and backwards."""
    return sosfiltfilt(butter(2, band_hz, kind, fs=fs_hz, output="sos"), signal_mv, axis=0)


def measure_components(recordings: Sequence[DetectedBeats]) -> tuple[NoiseComponent, ...]:
    """Measure the components of baseline wander and noise of recordings with a regular rhythm."""
    noises = [(one.wander_mv + one.residual[0], one.residual[1]) for one in recordings]
    return tuple(_component(noises, recordings[0].fs_hz, band) for band in BANDS)


def measure_amplitudes(recordings: Sequence[DetectedBeats]) -> LevelStatistics:
    """Measure the relative standard deviation of QRS amplitudes that noise does not explain."""
    levels, correlations = [], []
    for one in recordings:
        noise, is_noise = one.residual
        explained = np.square(noise[is_noise]).mean(axis=0) / one.qrs_energy
        variance = one.amplitudes.var(axis=0, ddof=1) - explained
        if (variance > 0).all():
            levels.append(np.log(variance) / 2)
            correlations.append(np.corrcoef(one.amplitudes.T))
    return _levels(levels, correlations)


def measure_fibrillation(
    recordings: Sequence[DetectedBeats], others: Sequence[DetectedBeats], references: Sequence[int]
) -> LevelStatistics:
    """Measure fibrillatory waves before QRS complexes.

    In the reference leads, their power is that in their band beyond that of other recordings. In each lead
    they are what the waves of the reference leads predict: remnants of T waves, which are large in some
    leads, do not follow them.

    Args:
        recordings: recordings in atrial fibrillation.
        others: recordings in sinus rhythm.
        references: numbers of leads in which the waves are large and T waves are not: V1 and II.
    """
    chosen = list(references)
    noise = np.median([_before_qrs(one)[:, chosen].real.var(axis=0) for one in others], axis=0)
    levels, correlations = [], []
    for one in recordings:
        waves = _before_qrs(one)
        transfer = np.linalg.lstsq(waves[:, chosen], waves, rcond=None)[0]
        power = waves[:, chosen].real.var(axis=0)
        share = np.maximum(power - noise, FINEST_WAVE_MV**2) / power
        predicted = (waves[:, chosen] * np.sqrt(share)) @ transfer
        levels.append(np.log(np.maximum(predicted.real.std(axis=0), FINEST_WAVE_MV)))
        correlations.append(np.corrcoef(predicted.real.T))
    return _levels(levels, correlations)


def _before_qrs(one: DetectedBeats) -> Complex[np.ndarray, "sample lead"]:
    """Return the analytic signal of the band of fibrillatory waves, before QRS complexes."""
    band = hilbert(filtered(one.residual[0], one.fs_hz, FIBRILLATION_HZ, "bandpass"), axis=0)
    steps = np.arange(one.samples(FIBRILLATION_S[0]), one.samples(FIBRILLATION_S[1]))
    return band[(one.inner[:, None] + steps).ravel()]


def _component(
    noises: Sequence[tuple[Float[np.ndarray, "_ _"], Bool[np.ndarray, "_"]]], fs_hz: float, band: Band
) -> NoiseComponent:
    """Measure levels, correlations between leads, and an autoregressive process (Yule-Walker equations).

    Levels are median absolute deviations times 1.48, the standard deviation of a Gaussian, and larger values
    are clipped for the rest: next to QRS complexes there are remnants of beats. Slow wander has no remnants,
    and its level is the root mean square.
    """
    levels, correlations, lagged = [], [], []
    step = max(round(band.knot_s * fs_hz), 1)
    for noise, is_noise in noises:
        part = filtered(noise, fs_hz, band.edges_hz, band.kind)
        level = (
            np.sqrt(np.square(part).mean(axis=0))
            if band.kind == "lowpass"
            else MAD_TO_SD * np.median(np.abs(part[is_noise]), axis=0)
        )
        if level.min() < FLOOR_MV:
            continue
        scaled = np.clip(part / level, -MAX_DEVIATION, MAX_DEVIATION)
        scaled[~is_noise] = np.nan
        lags = range(band.order + 1)
        lagged.append([np.nanmean(scaled[: len(scaled) - lag * step] * scaled[lag * step :]) for lag in lags])
        levels.append(np.log(level))
        correlations.append(np.corrcoef(scaled[is_noise].T))
    correlation = np.mean(lagged, axis=0)
    coefficients = solve_toeplitz(correlation[:-1], correlation[1:])
    return NoiseComponent(
        knot_s=band.knot_s,
        coefficients=tuple(coefficients.round(3).tolist()),
        level=_levels(levels, correlations),
        cutoff=band.cutoff,
    )


def _levels(
    levels: Sequence[Float[np.ndarray, "_"]], correlations: Sequence[Float[np.ndarray, "_ _"]]
) -> LevelStatistics:
    return LevelStatistics(
        log_mean=np.median(levels, axis=0).round(2),
        log_covariance=np.cov(np.array(levels).T).round(3),
        correlation=np.mean(correlations, axis=0).round(2),
    )
