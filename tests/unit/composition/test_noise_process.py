"""Wander, noise and fibrillatory waves have the statistics that they are drawn from."""

import numpy as np
import pytest

from diffecg.composition.fibrillation import draw_waves
from diffecg.composition.noise_process import NoiseProcess
from diffecg.composition.noise_statistics import (
    LevelStatistics,
    NoiseComponent,
    NoiseStatistics,
    load_noise_statistics,
)
from diffecg.errors import DiffecgError

FS_HZ = 100.0


def level(rms, correlation=0.5):
    """Return a known level in two leads."""
    return LevelStatistics(
        log_mean=np.log([rms, 2 * rms]),
        log_covariance=np.zeros((2, 2)),
        correlation=np.array([[1, correlation], [correlation, 1]]),
    )


def process(components, seeds=(0,), samples=40_000, fs_hz=FS_HZ):
    statistics = NoiseStatistics(
        leads=("I", "II"), components=components, amplitude=level(0.05), fibrillation=level(0.03)
    )
    return NoiseProcess(statistics, [np.random.default_rng(seed) for seed in seeds], fs_hz, samples)


@pytest.mark.parametrize(
    ("knot_s", "coefficients"), [(1.0, (0.3,)), (0.1, (-0.2,)), (0.01, (0.8, -0.4)), (0.025, ())]
)
def test_a_component_has_its_level_and_correlation(knot_s, coefficients):
    component = NoiseComponent(knot_s=knot_s, coefficients=coefficients, level=level(0.02))
    made = process((component,))
    noise = np.concatenate([made.evaluate(start, start + 1000)[0] for start in range(0, 40_000, 1000)])
    np.testing.assert_allclose(noise.std(axis=0), [0.02, 0.04], rtol=0.1)
    assert np.corrcoef(noise.T)[0, 1] == pytest.approx(0.5, abs=0.1)
    power = np.abs(np.fft.rfft(noise[:, 0])) ** 2
    hz = np.fft.rfftfreq(40_000, 1 / FS_HZ)
    assert power[hz > 1 / knot_s].sum() < 0.01 * power.sum()


def test_noise_does_not_depend_on_intervals_or_other_recordings():
    statistics = load_noise_statistics()
    seeds = (3, 4, 5)
    made = NoiseProcess(statistics, [np.random.default_rng(seed) for seed in seeds], FS_HZ, 1000)
    whole = made.evaluate(0, 1000)
    parts = np.concatenate([made.evaluate(start, start + 125) for start in range(0, 1000, 125)], axis=1)
    np.testing.assert_allclose(parts, whole, atol=1e-6)
    alone = NoiseProcess(statistics, [np.random.default_rng(4)], FS_HZ, 1000).evaluate(0, 1000)
    np.testing.assert_allclose(alone[0], whole[1], atol=1e-6)


def test_the_level_does_not_depend_on_the_sampling_rate():
    components = load_noise_statistics().select(("I", "II")).components
    found = [
        np.median(
            process(components, range(40), round(10 * fs_hz), fs_hz).evaluate(0, round(10 * fs_hz)).std(1)
        )
        for fs_hz in (100.0, 360.0, 500.0)
    ]
    np.testing.assert_allclose(found, found[0], rtol=0.25)


def test_the_shipped_statistics_are_plausible():
    statistics = load_noise_statistics()
    for component in statistics.components:
        assert np.linalg.eigvalsh(component.level.correlation).min() > -0.05
        assert np.abs(np.roots([1, *(-value for value in component.coefficients)])).max() < 1
        assert np.all(np.exp(component.level.log_mean) < 0.1)
    chosen = statistics.select(("V1", "I"))
    assert chosen.leads == ("V1", "I")
    assert chosen.amplitude.log_mean[1] == statistics.amplitude.log_mean[0]
    with pytest.raises(DiffecgError, match="no statistics of the noise in lead MLII"):
        statistics.select(("MLII",))


def test_fibrillatory_waves_are_in_their_band_and_largest_in_v1():
    statistics = load_noise_statistics()
    hz = np.fft.rfftfreq(3000, 1 / FS_HZ)
    levels = []
    for seed in range(40):
        waves = draw_waves(statistics.fibrillation, np.random.default_rng(seed))
        signal = waves.evaluate(0, 3000, FS_HZ)
        power = np.square(np.abs(np.fft.rfft(signal, axis=0))).sum(axis=1)
        assert power[(hz > 3.5) & (hz < 10)].sum() > 0.6 * power.sum()
        assert 4 < hz[power.argmax()] < 9.5
        assert power[hz < 3].sum() < 0.01 * power.sum()
        parts = np.concatenate([waves.evaluate(0, 777, FS_HZ), waves.evaluate(777, 3000, FS_HZ)])
        np.testing.assert_allclose(parts, signal, atol=1e-6)
        levels.append(signal.std(axis=0))
    median = dict(zip(statistics.leads, np.median(levels, axis=0), strict=True))
    assert 0.01 < median["V1"] < 0.06
    assert median["V1"] > median["II"] > median["I"]


def test_a_fibrillatory_wave_has_its_level_at_any_rate():
    for fs_hz in (50.0, 100.0, 500.0):
        known = level(0.05, correlation=0.0)
        waves = draw_waves(known, np.random.default_rng(1)).evaluate(0, round(60 * fs_hz), fs_hz)
        np.testing.assert_allclose(waves.std(axis=0), [0.05, 0.1], rtol=0.15)
