"""Observed intervals that are hidden and imputed: where they lie, and their scores."""

from __future__ import annotations

import numpy as np
import pytest

from diffecg.evaluation.imputation.hidden import check_imputation, summarise_hidden
from diffecg.formats.recording import Recording
from diffecg.inference.analogue_imputer import AnalogueImputer
from diffecg.inference.options import DrawOptions, ImputeOptions
from diffecg.inference.planning import plan_imputation
from diffecg.inference.recordings import impute_recording
from diffecg.signal.masks import Interval

FS_HZ = 100.0


def pressure(level: float = 90.0) -> np.ndarray:
    """Pulses with a period of 80 samples, 60 s; the line is disconnected for the last 20 s."""
    phase = np.arange(6000) % 80 / 80
    signal = level + 30 * np.exp(-(((phase - 0.3) / 0.1) ** 2))
    signal[4000:] = level
    return signal


def check(signal: np.ndarray, gaps: tuple[Interval, ...], count: int, **options: object):
    recording = Recording.from_arrays(
        signal, FS_HZ, channel_names=["ABP", "CVP"][: len(signal)], units=["mmHg"] * len(signal)
    )
    imputer, options, draws = AnalogueImputer(), ImputeOptions(gaps=gaps, **options), DrawOptions(draws=4)
    plan = plan_imputation(imputer, recording, options)
    result = impute_recording(imputer, recording, plan, options, draws)
    return check_imputation(imputer, result, options, draws, count=count)


def test_a_periodic_signal_is_imputed_without_error_where_it_is_observed():
    gaps = (Interval(start_s=10.0, stop_s=12.0), Interval(start_s=20.0, stop_s=20.5))
    found = check(pressure()[None], gaps, 10, leads=("ABP",))
    assert len(found) == 10
    assert [round(one.stop_s - one.start_s, 6) for one in found] == [2.0, 0.5] * 5
    for one in found:
        assert one.absolute_error == pytest.approx(0, abs=1e-2)
        assert one.crps == pytest.approx(0, abs=1e-2)
        assert one.start_s - 0.3 < 40, "the flat part is not scored"
        for gap in gaps:
            assert one.stop_s + 0.3 <= gap.start_s or gap.stop_s + 0.3 <= one.start_s
    assert len({one.start_s for one in found}) > 5
    (summary,) = summarise_hidden(found)
    assert (summary.lead, summary.unit, summary.intervals) == ("ABP", "mmHg", 10)
    assert summary.seconds == pytest.approx(1.25)
    assert "ABP: 10 observed interval(s) of 1.25 s" in str(summary)


def test_the_scores_are_those_of_the_imputer_with_the_interval_hidden():
    signal = pressure() + np.random.default_rng(0).normal(0, 5, 6000)
    found = check(signal[None], (Interval(start_s=5, stop_s=6),), 3, leads=("ABP",))
    for one in found:
        hidden = signal.copy()
        interval = slice(round(one.start_s * FS_HZ), round(one.stop_s * FS_HZ))
        hidden[500:600] = np.nan
        hidden[interval] = np.nan
        wanted = np.zeros(6000, dtype=bool)
        wanted[interval] = True
        imputed = AnalogueImputer().impute(
            hidden, FS_HZ, wanted=wanted, kinds="pressure", axes="time", draws=4
        )
        error = np.abs(imputed.mean[interval] - signal[interval]).mean()
        assert one.absolute_error == pytest.approx(error, rel=1e-4)
        assert 1 < one.crps < error
        assert 0.5 < one.coverage < 1


def test_leads_that_are_missing_together_are_hidden_together():
    signal = np.stack([pressure(), pressure(20.0)])
    found = check(signal, (Interval(start_s=10, stop_s=11),), 4, leads=("ABP", "CVP"))
    assert [one.lead for one in found] == ["ABP", "CVP"] * 4
    assert [one.start_s for one in found[::2]] == [one.start_s for one in found[1::2]]


def test_nothing_is_checked_where_too_little_is_observed():
    signal = pressure()[None]
    signal[:, 900:] = np.nan
    assert check(signal, (Interval(start_s=2, stop_s=7),), 5, leads=("ABP",), max_gap_s=10.0) == []
