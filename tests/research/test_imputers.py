"""Imputation methods of other packages have the interface of ours."""

import numpy as np

from diffecg.evaluation.imputation.cases import Context
from diffecg.evaluation.rivals import load_imputer


def make_context(signal_mv, gap):
    signal_mv = signal_mv.copy()
    signal_mv[gap] = np.nan
    return Context(
        signal_mv=signal_mv,
        other_leads_mv=np.empty((0, len(signal_mv))),
        fs_hz=100.0,
        gap=gap,
        r_peaks=np.array([10, 90]),
        mean_beat_mv=np.zeros(80),
        mean_beat_r_peak=30,
    )


def test_neurokit_fills_from_both_sides():
    draws = load_imputer("neurokit")(make_context(np.arange(100.0), slice(40, 50)))
    assert draws.tolist() == [[39.0] * 5 + [50.0] * 5]


def test_neurokit_holds_the_last_sample_in_a_forecast():
    draws = load_imputer("neurokit")(make_context(np.arange(100.0), slice(90, 100)))
    assert draws.tolist() == [[89.0] * 10]
