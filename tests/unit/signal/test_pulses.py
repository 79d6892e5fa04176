"""Pulses of PPG and pressure: counts and places against simulated pulses, another detector, and R peaks."""

import neurokit2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from diffecg.formats.registry import read_recording
from diffecg.signal.pulses import pulses
from diffecg.signal.rpeaks import r_peaks_of_recording

FS_HZ = 125.0
TOLERANCE_S = 0.1


def pulse_wave(duration_s=60.0, fs_hz=FS_HZ, rate_hz=1.2, dicrotic=0.35):
    """Return a pressure-like signal, and the times of its pulses in s."""
    times_s = np.arange(0.6, duration_s - 0.6, 1 / rate_hz)
    time_s = np.arange(round(duration_s * fs_hz)) / fs_hz
    signal = np.zeros(len(time_s))
    for at_s in times_s:
        signal += np.exp(-0.5 * ((time_s - at_s - 0.15) / 0.07) ** 2)
        signal += dicrotic * np.exp(-0.5 * ((time_s - at_s - 0.42) / 0.06) ** 2)
    return signal, times_s


@pytest.mark.parametrize("fs_hz", [50.0, 125.0, 500.0])
@pytest.mark.parametrize("rate_hz", [0.6, 1.2, 3.0])
def test_each_pulse_is_found_once_at_its_upstroke(fs_hz, rate_hz):
    signal, times_s = pulse_wave(fs_hz=fs_hz, rate_hz=rate_hz)
    found_s = pulses(80 + 40 * signal, fs_hz) / fs_hz
    assert len(found_s) == len(times_s)
    assert np.abs(found_s - times_s - 0.08).max() < 0.04


def test_the_threshold_follows_the_amplitude():
    signal, times_s = pulse_wave(120.0)
    fading = signal * np.geomspace(1, 0.05, len(signal))
    assert len(pulses(fading, FS_HZ)) == len(times_s)


def test_neurokit_finds_as_many_pulses():
    signal = neurokit2.ppg_simulate(
        duration=90, sampling_rate=125, heart_rate=72, frequency_modulation=0.2, random_state=3
    )
    expected = neurokit2.ppg_findpeaks(signal, sampling_rate=125)["PPG_Peaks"] / FS_HZ
    found_s = pulses(signal, FS_HZ) / FS_HZ
    assert abs(len(found_s) - len(expected)) <= 1
    delay_s = expected[expected > found_s[0]] - found_s[: (expected > found_s[0]).sum()]
    assert np.ptp(delay_s) < 0.1


def test_the_beats_of_a_real_recording_have_pulses(bidmc):
    recording = read_recording(bidmc)
    signals = dict(zip(recording.channel_names, recording.signal, strict=True))
    found_s = pulses(signals["PLETH"], recording.fs_hz) / recording.fs_hz
    beats_s = r_peaks_of_recording(signals["II"], recording.fs_hz) / recording.fs_hz
    assert len(found_s) == pytest.approx(len(beats_s), rel=0.03)
    assert _share_matched(beats_s, found_s) > 0.95


def test_neither_flat_nor_missing_parts_have_pulses():
    signal, _ = pulse_wave()
    changed = 80 + 40 * signal
    changed[1500:3000] = changed[1500]
    changed[4000:5000] = np.nan
    found, whole = pulses(changed, FS_HZ), pulses(80 + 40 * signal, FS_HZ)
    assert not ((found > 1500 + 60) & (found < 3000 - 60)).any()
    assert not ((found >= 4000) & (found < 5000)).any()
    untouched = (whole < 1400) | ((whole > 3150) & (whole < 3900)) | (whole > 5150)
    assert np.isin(whole[untouched], found).all()


@given(
    arrays.arrays(np.float64, st.integers(1, 400), elements=st.floats(-300, 300) | st.just(np.nan)),
    st.sampled_from([1.0, 4.0, 62.5, 1000.0]),
)
def test_any_signal_is_accepted(signal, fs_hz):
    found = pulses(signal, fs_hz)
    assert found.dtype.kind == "i"
    assert (np.diff(found) > 0).all()
    assert np.isfinite(signal[found]).all()


@pytest.mark.parametrize("signal", [np.zeros(0), np.zeros(5000), np.full(5000, 80.0), np.full(5000, np.nan)])
def test_a_flat_or_missing_signal_has_no_pulses(signal):
    assert not len(pulses(signal, FS_HZ))


def test_r_peaks_are_followed_by_pulses_at_a_steady_delay(cinc2015):
    """In half-minutes in which two leads agree on the beats: some alarms are of bad or lost ECGs."""
    shares = {"PLETH": [], "ABP": []}
    for path in sorted(cinc2015.glob("*.hea")):
        recording = read_recording(path.with_suffix("")).crop(0, 300)
        signals = dict(zip(recording.channel_names, recording.signal, strict=True))
        times_s = {
            name: find(signals[name], recording.fs_hz) / recording.fs_hz
            for name, find in {"II": r_peaks_of_recording, "V": r_peaks_of_recording, **FINDERS}.items()
            if name in signals
        }
        for start_s in range(0, 300, 30):
            halves = {name: _inside(found_s, start_s) for name, found_s in times_s.items()}
            if _share_matched(halves["II"], halves["V"], delays_s=SIMULTANEOUS) > 0.95:
                for name in shares.keys() & halves.keys():
                    shares[name].append(_share_matched(halves["II"], halves[name]))
    assert len(shares["PLETH"]) >= 40
    assert len(shares["ABP"]) >= 40
    assert np.median(shares["ABP"]) > 0.77
    assert np.median(shares["PLETH"]) > 0.94


FINDERS = {"PLETH": pulses, "ABP": pulses}
SIMULTANEOUS, DELAYS_S = np.zeros(1), np.arange(0.0, 0.8, 0.02)


def _inside(times_s, start_s, length_s=30.0):
    return times_s[(times_s >= start_s) & (times_s < start_s + length_s)]


def _share_matched(beats_s, found_s, delays_s=DELAYS_S):
    """Return the smaller of the shares of beats and of pulses that match, at the delay that suits best."""
    if not len(beats_s) or not len(found_s):
        return 0.0
    near = np.abs(beats_s[:, None] + delays_s[:, None, None] - found_s) <= TOLERANCE_S
    return np.minimum(near.any(axis=2).mean(axis=1), near.any(axis=1).mean(axis=1)).max()
