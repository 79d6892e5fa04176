import numpy as np
import pytest

from diffecg.evaluation.generation.leads import (
    correlation_error,
    einthoven_residual,
    frontal_axis_deg,
    lead_correlations,
)


def test_correlations_are_those_of_numpy_averaged_over_windows():
    signal_mv = np.random.default_rng(0).standard_normal((5, 3, 200)).cumsum(axis=2)
    expected = np.mean([np.corrcoef(window) for window in signal_mv], axis=0)
    assert lead_correlations(signal_mv) == pytest.approx(expected)


def test_constant_leads_are_left_out_of_the_average():
    signal_mv = np.random.default_rng(0).standard_normal((2, 2, 50))
    whole = lead_correlations(signal_mv[:1])
    signal_mv[1, 0] = 0.3
    assert lead_correlations(signal_mv)[0, 1] == pytest.approx(whole[0, 1])
    assert np.isnan(lead_correlations(signal_mv[1:])[0, 1])


def test_the_correlation_error_counts_each_pair_once():
    signal_mv = np.random.default_rng(0).standard_normal((4, 3, 100))
    flipped = signal_mv * np.array([1, 1, -1])[:, None]
    correlations = lead_correlations(signal_mv)
    expected = 2 * (abs(correlations[0, 2]) + abs(correlations[1, 2])) / 3
    assert correlation_error(signal_mv, signal_mv) == 0
    assert correlation_error(signal_mv, flipped) == pytest.approx(expected)


@pytest.mark.parametrize("axis_deg", [-150.0, -30.0, 0.0, 45.0, 90.0, 120.0])
def test_the_axis_is_the_direction_of_a_dipole(axis_deg):
    dipole = np.exp(-(((np.arange(11) - 5) / 2) ** 2))
    lead_i, lead_ii = (
        np.cos(np.radians(axis_deg - of_lead)) * dipole[None] for of_lead in (0, 60)
    )  # Einthoven's triangle
    assert frontal_axis_deg(lead_i, lead_ii)[0] == pytest.approx(axis_deg)


def test_the_residual_is_zero_by_einthovens_law():
    lead_i, lead_ii = np.random.default_rng(0).standard_normal((2, 100))
    assert einthoven_residual(lead_i, lead_ii, lead_ii - lead_i) == 0
    assert einthoven_residual(lead_i, lead_ii, lead_ii - lead_i + 0.01) == pytest.approx(0.01)
