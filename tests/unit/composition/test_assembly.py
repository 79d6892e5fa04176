"""Assembly: weights add up, distant beats meet at zero, and intervals and recordings are independent."""

from dataclasses import replace

import numpy as np
import pytest

from diffecg.composition.assembly import BeatTrain, assemble

FS_HZ = 100.0


def train(peaks, *, recording=None, value=1.0, steps_per_sample=1, end=119, **changes):
    """Return a train of beats whose waveforms are constant."""
    count = len(peaks)
    fields = {
        "waveforms_mv": np.full((1, 120 * steps_per_sample, 2), value, dtype=np.float32),
        "r_peak": 40 * steps_per_sample,
        "fs_hz": FS_HZ,
        "steps_per_sample": steps_per_sample,
        "recording": np.zeros(count, dtype=int) if recording is None else np.array(recording),
        "peak": np.array(peaks) * steps_per_sample,
        "waveform": np.zeros(count, dtype=int),
        "onset": np.full(count, 22 * steps_per_sample),
        "end": np.full(count, end * steps_per_sample),
    }
    return BeatTrain(**{**fields, **changes})


@pytest.mark.parametrize("steps_per_sample", [1, 4])
def test_weights_of_neighbours_add_up_to_one(steps_per_sample):
    made = assemble(train([60, 125, 160, 230], steps_per_sample=steps_per_sample), 0, 300)
    assert made.weight[0, 30:240] == pytest.approx(1)
    assert made.signal_mv[0, 25:300] == pytest.approx(1)


def test_a_pause_returns_to_zero_and_back():
    made = assemble(train([60, 400]), 0, 440)
    signal = made.signal_mv[0, :, 0]
    assert signal[140:155].min() > 0
    assert np.abs(signal[160:350]).max() == 0
    assert np.all(np.diff(signal[139:160]) <= 1e-6)
    assert np.all(np.diff(signal[350:379]) >= -1e-6)
    assert made.weight[0, 160:350] == pytest.approx(0)


@pytest.mark.parametrize("missing", [1, 2, 4, 8, 14, 30])
def test_a_wave_that_its_window_cuts_off_falls_slowly(missing):
    """A window that is still high at its end, 0.8 s after its R peak, and a beat whose onset comes later."""
    waveforms = np.zeros((2, 120, 1), dtype=np.float32)
    waveforms[0] = 1
    following = 60 + 79 + missing + 22
    beats = train([60, following], waveforms_mv=waveforms, waveform=np.arange(2))
    signal = assemble(beats, 0, following).signal_mv[0, 30:, 0]
    assert signal[:90].min() == pytest.approx(1), "more than 0.15 s before its end"
    assert signal[-20:].max() == pytest.approx(0, abs=1e-6), "the onset of the following beat"
    assert np.diff(signal).max() <= 1e-6
    assert np.diff(signal).min() > -0.34, "a cross-fade of 30 ms"


def test_a_long_pause_leaves_the_earlier_beat_as_it_is():
    made = assemble(train([60, 60 + 79 + 15 + 40]), 0, 139)
    assert made.signal_mv[0, 20:] == pytest.approx(1)
    assert made.weight[:, 30:110] == pytest.approx(1)


def test_waves_after_the_end_of_a_beat_are_not_used():
    waveforms = np.zeros((1, 120, 1), dtype=np.float32)
    waveforms[0, 100:] = 5  # the next beat of the window
    made = assemble(train([60, 180], waveforms_mv=waveforms, end=90), 0, 220)
    assert made.signal_mv[0, :205].max() == 0


def test_every_peak_is_at_its_place():
    rng = np.random.default_rng(0)
    waveforms = np.zeros((3, 480, 1), dtype=np.float32)
    waveforms[:, 160] = 1
    peaks = np.sort(rng.choice(np.arange(15), 12, replace=False)) * 240 + 160
    made = assemble(
        train(peaks, steps_per_sample=4, waveforms_mv=waveforms, peak=peaks, waveform=rng.integers(0, 3, 12)),
        0,
        1000,
    )
    assert np.flatnonzero(made.signal_mv[0, :, 0] > 0.5).tolist() == (peaks // 4).tolist()


def test_intervals_and_recordings_are_independent():
    rng = np.random.default_rng(1)
    waveforms = rng.standard_normal((4, 120, 2)).astype(np.float32)
    peaks = [[50, 130, 190, 300], [70], [20, 250, 290]]
    recording = np.repeat([0, 1, 2], [len(one) for one in peaks])
    all_peaks = np.concatenate(peaks)
    gain = rng.uniform(0.9, 1.1, (8, 2)).astype(np.float32)
    together = train(
        all_peaks,
        recording=recording,
        waveforms_mv=waveforms,
        waveform=np.arange(8) % 4,
        gain=gain,
    )
    whole = assemble(together, 0, 400)
    parts = [assemble(together, start, start + 80).signal_mv for start in range(0, 400, 80)]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole.signal_mv, atol=1e-6)
    for number in range(3):
        own = recording == number
        alone = replace(
            together,
            recording=np.zeros(own.sum(), dtype=int),
            peak=together.peak[own],
            waveform=together.waveform[own],
            onset=together.onset[own],
            end=together.end[own],
            gain=gain[own],
        )
        np.testing.assert_allclose(assemble(alone, 0, 400).signal_mv[0], whole.signal_mv[number], atol=1e-6)


def test_a_gain_scales_its_beat():
    gain = np.array([[1, 2], [3, 4]], dtype=np.float32)
    made = assemble(train([60, 160], gain=gain), 0, 200)
    np.testing.assert_allclose(made.signal_mv[0, 60], gain[0])
    np.testing.assert_allclose(made.signal_mv[0, 160], gain[1])
