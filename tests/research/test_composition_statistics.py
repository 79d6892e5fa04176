"""What is learned from recordings is what they were made with."""

import numpy as np
import pytest

from diffecg.composition.batch import compose_batch
from diffecg.composition.noise_statistics import load_noise_statistics
from diffecg.composition.plan import plan_recording
from diffecg.signal.limb_leads import INDEPENDENT_LEADS
from research.models.median_beats import MedianBeats
from research.models.noise_measurement import (
    DetectedBeats,
    measure_amplitudes,
    measure_components,
    measure_fibrillation,
)
from research.models.rhythm_measurement import measure_ectopy, measure_rhythm


def test_intervals_of_known_rhythms():
    rng = np.random.default_rng(0)
    regular = [1 + 0.02 * rng.standard_normal(9) for _ in range(200)]
    found = measure_rhythm([*regular, np.array([1, 0.5, 1.5, 1, 1])], is_irregular=False)
    assert found.heart_rate[10] == pytest.approx(60, abs=0.5)
    assert found.variation[10] == pytest.approx(0.02, abs=0.002)
    assert found.variation[-1] < 0.05  # the recording with an ectopic beat is left out
    assert found.autocorrelation == pytest.approx(0, abs=0.05)


def test_ectopic_beats_are_told_apart_by_their_shape():
    rr = np.array([1.0, 1.0, 0.6, 1.4, 1.0, 0.8, 1.1, 1.0, 1.0])
    likes = np.ones(10, dtype=bool)
    likes[3] = False
    ventricular = measure_ectopy([rr] * 3, [likes] * 3, alike=False)
    assert ventricular.pairs[0] == pytest.approx((0.59, 1.38), abs=0.01)  # of the mean regular interval
    assert ventricular.share[0] == pytest.approx(0.1)
    atrial = measure_ectopy([rr] * 3, [likes] * 3, alike=True)
    assert atrial.pairs[0] == pytest.approx((0.79, 1.08), abs=0.01)


def test_composed_recordings_have_the_statistics_that_they_were_composed_with():
    time_s = (np.arange(120) - 40) / 100
    beat = np.exp(-0.5 * (time_s / 0.02) ** 2) + 0.2 * np.exp(-0.5 * ((time_s - 0.28) / 0.05) ** 2)
    clean = np.zeros((1000, 8))
    for peak in range(60, 900, 90):
        clean[peak - 40 : peak + 80] += beat[:120, None] * np.linspace(0.5, 1.5, 8)
    peaks = np.arange(60, 900, 90)
    source = MedianBeats([DetectedBeats(signal_mv=clean, fs_hz=100.0, peaks=peaks)] * 50, INDEPENDENT_LEADS)

    def composed(statement, seeds):
        plans = [plan_recording({"labels": statement, "heart_rate": 66.0}, seed, 10.0) for seed in seeds]
        batch = compose_batch(source, plans, 10.0)
        return [
            DetectedBeats(signal_mv=one.T.astype(float), fs_hz=100.0, peaks=batch.peaks(i))
            for i, one in enumerate(batch.signal_mv)
        ]

    statistics = load_noise_statistics()
    sinus = [one for one in composed("SR", range(60)) if one.is_usable]
    wander, *_, fast = measure_components(sinus)
    for found, known in ((wander, statistics.components[0]), (fast, statistics.components[-1])):
        assert np.abs(found.level.correlation - known.level.correlation).mean() < 0.15
    np.testing.assert_allclose(fast.level.log_mean, statistics.components[-1].level.log_mean, atol=0.4)
    assert np.all(np.exp(measure_amplitudes(sinus).log_mean) < 0.2)
    fibrillating = [one for one in composed("AFIB", range(60)) if one.is_usable]
    waves = measure_fibrillation(fibrillating, sinus, [2, 1])
    np.testing.assert_allclose(waves.log_mean[[1, 2]], statistics.fibrillation.log_mean[[1, 2]], atol=0.4)
