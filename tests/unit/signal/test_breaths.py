"""Breaths of a respiration signal, against breathing of a known rate."""

import neurokit2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from diffecg.formats.registry import read_recording
from diffecg.signal.breaths import breaths

FS_HZ = 125.0


def breathing(rate_per_min, duration_s=120.0, fs_hz=FS_HZ, seed=0):
    """Return breathing with drift, noise and heartbeats, and its phase in cycles."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(duration_s * fs_hz)) / fs_hz
    phase = rate_per_min / 60 * time_s
    signal = np.cos(2 * np.pi * phase) + 0.02 * time_s + 0.05 * rng.standard_normal(len(time_s))
    return signal + 0.2 * np.sin(2 * np.pi * 1.4 * time_s), phase


@pytest.mark.parametrize("rate_per_min", [6, 12, 20, 40])
@pytest.mark.parametrize("fs_hz", [25.0, 125.0])
def test_the_peaks_of_breathing_are_found(rate_per_min, fs_hz):
    signal, phase = breathing(rate_per_min, fs_hz=fs_hz)
    found = breaths(signal, fs_hz)
    assert abs(len(found) - phase[-1]) <= 1.5
    offset = phase[found] - np.rint(phase[found])
    assert np.quantile(np.abs(offset), 0.9) < 0.15


def test_neurokit_finds_as_many_breaths():
    signal = neurokit2.rsp_simulate(duration=120, sampling_rate=125, respiratory_rate=15, random_state=1)
    cleaned = neurokit2.rsp_clean(signal, sampling_rate=125)
    _, info = neurokit2.rsp_peaks(cleaned, sampling_rate=125)
    expected, found = info["RSP_Peaks"], breaths(signal, FS_HZ)  # neurokit leaves out those at the ends
    assert np.abs(found[:, None] - expected).min(axis=0).max() < 0.2 * FS_HZ
    assert len(found) - len(expected) in (0, 1, 2)


def test_as_many_breaths_are_found_in_a_real_recording(bidmc):
    recording = read_recording(bidmc)
    signal = recording.signal[recording.channel_names.index("RESP")]
    cleaned = neurokit2.rsp_clean(signal, sampling_rate=125)
    _, info = neurokit2.rsp_peaks(cleaned, sampling_rate=125)
    found = breaths(signal, recording.fs_hz)
    assert len(found) == pytest.approx(len(info["RSP_Peaks"]), rel=0.03)
    nearest_s = np.abs(found[:, None] - info["RSP_Peaks"]).min(axis=1) / recording.fs_hz
    assert np.mean(nearest_s < 0.4) > 0.9


def test_neither_flat_nor_missing_parts_have_breaths():
    signal, phase = breathing(15)
    changed = signal.copy()
    changed[3000:9000] = changed[3000]
    changed[12000:13000] = np.nan
    found = breaths(changed, FS_HZ)
    assert not ((found > 3000 + 500) & (found < 9000 - 500)).any()
    assert not ((found >= 12000) & (found < 13000)).any()
    assert abs((found > 13000).sum() - (phase[-1] - phase[13000])) <= 1.5


@given(
    arrays.arrays(np.float64, st.integers(1, 400), elements=st.floats(-30, 30) | st.just(np.nan)),
    st.sampled_from([0.1, 1.0, 25.0]),
)
def test_any_signal_is_accepted(signal, fs_hz):
    found = breaths(signal, fs_hz)
    assert found.dtype.kind == "i"
    assert np.isfinite(signal[found]).all()


@pytest.mark.parametrize("signal", [np.zeros(0), np.zeros(5000), np.full(5000, np.nan)])
def test_a_flat_or_missing_signal_has_no_breaths(signal):
    assert not len(breaths(signal, FS_HZ))
