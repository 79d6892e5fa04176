import numpy as np
import pytest

from diffecg.signal.rpeaks import r_peaks_by_velocity
from diffecg.signal.simulation import simulate_ecg

FS_HZ = 100.0


@pytest.fixture(scope="module")
def ecg():
    return simulate_ecg(30.0, FS_HZ, seed=1)


@pytest.mark.parametrize("gains", [(1.0,), (-0.5, 0.2), (0.001,), (50.0, -50.0, 0.0)])
def test_the_beats_are_found_at_any_gain(ecg, gains):
    found = r_peaks_by_velocity(np.array(gains)[:, None] * ecg.signal_mv, FS_HZ)
    assert len(found) == len(ecg.sample)
    assert np.abs(found - ecg.sample).max() <= 1


def test_no_beat_lies_where_all_leads_are_missing(ecg):
    signal = np.stack([ecg.signal_mv, ecg.signal_mv])
    lost = ecg.sample[5]
    signal[0, lost - 10 : lost + 10] = np.nan
    assert np.abs(r_peaks_by_velocity(signal, FS_HZ) - lost).min() <= 1
    signal[1, lost - 10 : lost + 10] = np.nan
    assert np.abs(r_peaks_by_velocity(signal, FS_HZ) - lost).min() >= 10


def test_a_flat_line_has_no_beats():
    assert not len(r_peaks_by_velocity(np.zeros((2, 500)), FS_HZ))
