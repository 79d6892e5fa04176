"""Prediction intervals."""

import numpy as np
import pytest

from diffecg.signal.intervals import prediction_interval


@pytest.mark.parametrize("draws", [19, 39, 99])
def test_the_interval_has_its_nominal_coverage(draws):
    samples = np.random.default_rng(0).standard_normal((draws + 1, 20_000))
    lower, upper = prediction_interval(samples[1:], 0.9)
    covered = (lower <= samples[0]) & (samples[0] <= upper)
    assert covered.mean() == pytest.approx(0.9, abs=0.01)


def test_the_interval_of_few_draws_ends_at_the_extreme_draws():
    draws = np.array([[3.0], [1.0], [2.0]])
    assert np.array_equal(prediction_interval(draws, 0.9), [[1.0], [3.0]])
