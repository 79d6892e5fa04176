"""Interpolation of gaps."""

import numpy as np

from diffecg.signal.resampling import interpolate_gaps


def test_gaps_become_straight_lines_and_ends_are_continued():
    signal = np.array([np.nan, 1.0, np.nan, np.nan, 4.0, np.nan])
    assert np.array_equal(interpolate_gaps(signal), [1.0, 1.0, 2.0, 3.0, 4.0, 4.0])


def test_a_signal_without_observed_samples_becomes_zero():
    assert np.array_equal(interpolate_gaps(np.full(3, np.nan)), np.zeros(3))
