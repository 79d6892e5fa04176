"""Prediction intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffecg.signal.intervals import attainable_coverage, draws_for, interval_name, prediction_interval


@pytest.mark.parametrize("draws", [19, 39, 99])
def test_the_interval_has_its_nominal_coverage(draws):
    samples = np.random.default_rng(0).standard_normal((draws + 1, 20_000))
    lower, upper = prediction_interval(samples[1:], 0.9)
    covered = (lower <= samples[0]) & (samples[0] <= upper)
    assert covered.mean() == pytest.approx(0.9, abs=0.01)


def test_the_interval_of_few_draws_ends_at_the_extreme_draws():
    draws = np.array([[3.0], [1.0], [2.0]])
    assert np.array_equal(prediction_interval(draws, 0.9), [[1.0], [3.0]])


@pytest.mark.parametrize("draws", [1, 2, 16, 18])
def test_few_draws_attain_less_than_the_nominal_coverage(draws):
    samples = np.random.default_rng(1).standard_normal((draws + 1, 20_000))
    lower, upper = prediction_interval(samples[1:], 0.9)
    covered = (lower < samples[0]) & (samples[0] < upper)
    assert covered.mean() == pytest.approx(attainable_coverage(draws, 0.9), abs=0.01)


@given(st.integers(1, 99))
def test_the_stated_number_of_draws_is_the_least_that_attains_a_coverage(percent):
    draws = draws_for(percent / 100)
    assert attainable_coverage(draws, percent / 100) == percent / 100
    assert attainable_coverage(draws - 1, percent / 100) < percent / 100 or draws == 2
    assert interval_name(draws, percent / 100) == f"{percent} % interval"


def test_an_interval_is_called_by_what_it_covers():
    assert interval_name(38, 0.95) == "94 % interval (95 % takes 39 draws)"
    assert interval_name(2, 0.9) == "33 % interval (90 % takes 19 draws)"
