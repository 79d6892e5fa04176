import numpy as np
import pytest

from diffecg.config.schema import WindowConfig
from diffecg.inference.beat_windows import OverlapAdd, cut_windows

WINDOW = WindowConfig(length=120, fs_hz=100.0, leads=("I", "II"), before=40)
PEAKS = np.array([10, 90, 160, 400, 480])


def test_windows_laid_back_are_the_recording_where_they_lie():
    signal = np.random.default_rng(0).normal(size=(2, 500))
    beats = cut_windows(signal, np.ones(signal.shape, bool), PEAKS, WINDOW)
    canvas = OverlapAdd((2,), 500, WINDOW)
    canvas.add(beats.signal_mv, beats.starts)
    uncovered = np.arange(240, 360)
    assert np.array_equal(np.flatnonzero(~canvas.covered), uncovered)
    laid = canvas.mean(np.full(signal.shape, 7.0))
    assert laid[:, canvas.covered] == pytest.approx(signal[:, canvas.covered])
    assert (laid[:, uncovered] == 7.0).all()


def test_samples_outside_the_recording_and_missing_ones_are_not_observed():
    observed = np.ones((2, 500), bool)
    observed[0, 95:100] = False
    beats = cut_windows(np.ones((2, 500)), observed, PEAKS, WINDOW)
    assert np.array_equal(beats.observed[0, 1], np.arange(120) >= 30)  # the window starts at -30
    assert np.array_equal(np.flatnonzero(~beats.observed[1, 0]), np.arange(45, 50))
    assert (beats.signal_mv[~beats.observed] == 0).all()


def test_each_r_peak_is_that_of_its_own_window():
    canvas = OverlapAdd((), 300, WINDOW)
    starts = np.array([60, 110])
    canvas.add(np.stack([np.zeros(120), np.ones(120)]), starts)
    share = canvas.mean(np.zeros(300))
    assert share[100] == 0  # the next window starts later
    assert share[150] > 0.7
