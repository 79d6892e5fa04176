"""Arrays in any order of axes become the same recording."""

import numpy as np
import pytest
import torch

import diffecg
from diffecg.errors import DiffecgError


@pytest.fixture
def signal():
    values = np.random.default_rng(0).standard_normal((2, 500))
    values[1, 100:120] = np.nan
    return values


def test_the_longer_axis_is_time_and_masked_samples_are_missing(signal):
    masked = np.ma.masked_array(np.nan_to_num(signal, nan=3.0), np.isnan(signal))
    for same in (signal, signal.T, signal.tolist(), masked, masked.T, torch.from_numpy(signal)):
        recording = diffecg.as_recording(same, 250)
        assert recording.channel_names == ("lead 1", "lead 2")
        assert (recording.duration_s, recording.fs_hz) == (2.0, 250)
        assert np.array_equal(recording.signal_mv, signal, equal_nan=True)
        assert np.array_equal(recording.missing, np.isnan(signal))
    assert np.array_equal(diffecg.as_recording(signal[0], 250).signal_mv, signal[:1])


def test_integers_keep_their_values():
    recording = diffecg.as_recording(np.arange(100, dtype=np.int16), 100, unit="uV")
    assert np.allclose(recording.signal_mv[0], np.arange(100) / 1000)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((9, 9), "axes='lead time' or axes='time lead'"),
        ((500, 187), "no axis of at most 64 leads"),
        ((3, 2, 500), "convert each window"),
    ],
)
def test_arrays_that_are_no_recording_are_refused(shape, message):
    with pytest.raises(DiffecgError, match=message):
        diffecg.as_recording(np.zeros(shape), 100)
    square = np.arange(81.0).reshape(9, 9)
    assert np.array_equal(diffecg.as_recording(square, 100, axes="time lead").signal_mv, square.T)
