"""Prediction intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from diffecg.signal.intervals import (
    attainable_coverage,
    draws_for,
    dressed_interval,
    interval_name,
    prediction_interval,
)


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


@pytest.mark.parametrize("coverage", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("count", [1, 2, 16])
def test_bounds_of_dressed_draws_are_quantiles_of_the_mixture(coverage, count):
    rng = np.random.default_rng(count)
    draws, kernel = rng.standard_normal((count, 20)), rng.uniform(0.01, 2, 20)
    for bound, tail in zip(
        dressed_interval(draws, kernel, coverage), ((1 - coverage) / 2, (1 + coverage) / 2), strict=True
    ):
        assert norm.cdf((bound - draws) / kernel).mean(axis=0) == pytest.approx(np.full(20, tail), abs=2e-3)


def test_draws_without_a_kernel_have_the_interval_of_order_statistics():
    draws = np.random.default_rng(0).standard_normal((16, 6))
    kernel = np.array([0.0, 0.0, 0.0, 1e-6, 1e-6, 1e-6])
    bounds = dressed_interval(draws, kernel, 0.8)
    assert np.array_equal(bounds[:, :3], prediction_interval(draws, 0.8)[:, :3])
    assert np.abs(bounds - prediction_interval(draws, 0.8)).max() < 0.6
