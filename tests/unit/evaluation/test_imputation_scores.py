"""Scores of imputation agree with their formulas, and summaries with the scores."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.stats import norm, pearsonr

from diffecg.evaluation.imputation.cases import Case
from diffecg.evaluation.imputation.contexts import Truth
from diffecg.evaluation.imputation.detection import detect_r_peaks, f1_terms, match_peaks, rr_statistics
from diffecg.evaluation.imputation.prediction import Prediction
from diffecg.evaluation.imputation.rhythms import ECTOPIC, REGULAR
from diffecg.evaluation.imputation.scores import crps, gap_scores, recording_scores
from diffecg.evaluation.imputation.summary import ALL, METRICS, MethodScores, Metric, summarise
from diffecg.signal.intervals import prediction_interval
from diffecg.signal.simulation import simulate_ecg

PEAKS = st.lists(st.integers(0, 400), max_size=12, unique=True).map(sorted)


def test_crps_of_a_normal_distribution():
    rng = np.random.default_rng(0)
    truth = np.array([0.7])
    draws = rng.normal(0.2, 1.5, (200_000, 1))
    z = (truth[0] - 0.2) / 1.5
    exact = 1.5 * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))  # Gneiting 2005, Eq. 5
    assert crps(truth, draws) == pytest.approx(exact, rel=0.01)


def test_crps_is_fair_whatever_the_number_of_draws():
    rng = np.random.default_rng(0)
    truth, draws = rng.normal(size=40_000), rng.normal(size=(3, 40_000))
    pairs = [np.abs(draws[i] - draws[j]).mean() for i in range(3) for j in range(3) if i != j]
    assert crps(truth, draws) == pytest.approx(np.abs(draws - truth).mean() - np.mean(pairs) / 2)
    assert crps(truth, draws) == pytest.approx(1 / np.sqrt(np.pi), abs=0.01)
    assert crps(truth, draws[:1]) == pytest.approx(np.abs(draws[0] - truth).mean())


@pytest.mark.parametrize("count", [2, 3, 16, 40])
@pytest.mark.parametrize("coverage", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_intervals_lie_between_order_statistics(count, coverage):
    draws = np.random.default_rng(count).normal(size=(count, 7))
    assert np.allclose(Prediction.from_draws(draws).interval(coverage), prediction_interval(draws, coverage))


def test_intervals_of_a_calibrated_forecaster_have_their_nominal_coverage():
    rng = np.random.default_rng(0)
    truth, draws = rng.normal(size=2000), rng.normal(size=(400, 2000))
    scores = gap_scores(truth, Prediction.from_draws(draws))
    for coverage in (0.5, 0.9):
        assert scores[f"coverage {coverage:.0%}"] == pytest.approx(coverage, abs=0.03)
        width = 2 * norm.ppf((1 + coverage) / 2)
        assert scores[f"width {coverage:.0%}"] == pytest.approx(width, rel=0.03)


def test_scores_of_a_gap_agree_with_their_formulas():
    rng = np.random.default_rng(0)
    truth, draws = rng.normal(size=50), rng.normal(size=(4, 50))
    prediction, mean = Prediction.from_draws(draws), draws.mean(axis=0)
    found = gap_scores(truth, prediction)
    assert found["absolute error"] == pytest.approx(np.abs(mean - truth).mean())
    assert found["squared error"] == pytest.approx(np.mean((mean - truth) ** 2))
    assert found["squared error, written"] == pytest.approx(np.mean((prediction.written_mv - truth) ** 2))
    assert found["correlation"] == pytest.approx(pearsonr(mean, truth)[0])
    flat = gap_scores(truth, Prediction.from_draws(np.zeros((1, 50))))
    assert np.isnan(flat["correlation"])
    assert np.isnan(flat["coverage 90%"])


def test_the_draw_nearest_to_the_others_is_written():
    draws = np.array([[0.0, 0.0], [1.0, 1.0], [1.2, 1.0], [0.9, 1.1], [5.0, 5.0]])
    assert Prediction.from_draws(draws).written_mv.tolist() == [1.0, 1.0]
    rng = np.random.default_rng(0)
    many = rng.normal(size=(9, 30))
    distances = [sum(np.sqrt(np.mean((a - b) ** 2)) for b in many) for a in many]
    assert np.array_equal(Prediction.from_draws(many).written_mv, many[int(np.argmin(distances))])


@given(PEAKS, PEAKS, st.integers(0, 30))
def test_peaks_are_matched_in_as_many_pairs_as_possible(true, found, tolerance):
    true, found = np.array(true, int), np.array(found, int)
    i, j = match_peaks(true, found, tolerance)
    assert (np.abs(true[i] - found[j]) <= tolerance).all()
    assert len(set(i)) == len(set(j)) == len(i)
    near = np.abs(true[:, None] - found) <= tolerance
    rows, columns = linear_sum_assignment(-near.astype(int))
    assert len(i) == near[rows, columns].sum()


def test_f1_of_constructed_peaks():
    gap = slice(100, 400)
    true = np.array([50, 150, 250, 350, 450])
    assert f1_terms(true, true, gap, 5) == (6, 6)
    assert f1_terms(true, true + 5, gap, 5) == (6, 6)
    assert f1_terms(true, true + 6, gap, 5) == (0, 6)
    assert f1_terms(true, np.array([50, 450]), gap, 5) == (0, 3)
    assert f1_terms(true, np.array([50, 150, 200, 250, 450]), gap, 5) == (4, 6)
    # A peak at the edge of the gap may be found just outside it.
    assert f1_terms(np.array([102]), np.array([98]), gap, 5) == (2, 2)
    assert f1_terms(np.array([98]), np.array([102]), gap, 5) == (0, 0)


def test_rr_statistics_are_those_of_neurokit():
    import neurokit2

    peaks = np.cumsum(np.random.default_rng(0).integers(250, 400, 40))
    rmssd, sdnn = rr_statistics(peaks, 360.0)
    oracle = neurokit2.hrv_time(peaks, sampling_rate=360)
    assert rmssd == pytest.approx(oracle["HRV_RMSSD"].item(), rel=0.02)
    assert sdnn == pytest.approx(oracle["HRV_SDNN"].item(), rel=0.02)
    assert np.isnan(rr_statistics(peaks[:2], 360.0)).all()


def test_r_peaks_of_what_is_written():
    signal, samples, _ = simulate_ecg(40.0, 360.0, seed=0)
    assert not detect_r_peaks(np.zeros(4000), 360.0).size
    assert not detect_r_peaks(signal[:300], 360.0).size
    gap = slice(7000, 7720)
    truth = Truth(gap_mv=signal[gap], around_mv=signal, gap=gap, fs_hz=360.0)
    inside = samples[(samples >= gap.start) & (samples < gap.stop)]
    assert len(inside) >= 2
    same = recording_scores(truth, Prediction.from_draws(signal[None, gap]))
    assert same["F1 numerator"] == same["F1 denominator"] == 2 * len(inside)
    assert same["RMSSD error"] == same["SDNN error"] == same["squared error"] == 0
    flat = recording_scores(truth, Prediction.from_draws(np.zeros((1, 720))))
    assert (flat["F1 numerator"], flat["F1 denominator"]) == (0, len(inside))
    assert flat["SDNN error"] > 100


def make_case(recording, group="gap 1 s", rhythm=REGULAR):
    return Case(recording=recording, lead="II", group=group, rhythm=rhythm, start=0, length=5, forecast=False)


def table(cases, values, leads="one lead"):
    """Return scores: by method, a score ``error`` of each case."""
    return pd.DataFrame(
        {"case": number, "leads": leads, "method": method, "error": error, "top": error, "base": 2.0 * error}
        for number in range(len(cases))
        for method, errors in values.items()
        for error in [errors[number]]
    )


def test_intervals_and_ratios_are_over_recordings():
    cases = [make_case(name) for name in "aabb"]
    scores = table(cases, {"ours": [0.1, 0.1, 0.3, 0.3], "reference": [0.2, 0.2, 0.4, 0.4]})
    metrics = {
        "CRPS": Metric(score="error"),
        "RMSE": Metric(score="error", is_squared=True),
        "F1": Metric(score="top", per="base"),
    }
    ours, reference = summarise(cases, scores, metrics, reference="reference")
    assert (ours.method, ours.cases, ours.recordings, ours.rhythm) == ("ours", 4, 2, ALL)
    assert ours.metrics["CRPS"].value == pytest.approx(0.2)
    assert ours.metrics["CRPS"].interval == pytest.approx((0.1, 0.3))
    assert ours.metrics["RMSE"].value == pytest.approx(np.sqrt(0.2), rel=1e-5)
    assert ours.metrics["F1"].value == 0.5
    # Paired: of recording a alone the ratio is 1/2, of b alone 3/4, of both 2/3.
    assert ours.ratios["CRPS"].value == pytest.approx(2 / 3, rel=1e-5)
    assert ours.ratios["CRPS"].interval == pytest.approx((0.5, 0.75))
    assert ours.ratios["RMSE"].value == pytest.approx(np.sqrt(2 / 3), rel=1e-5)
    assert reference.ratios["CRPS"].interval == (1.0, 1.0)
    from dataclasses import asdict

    assert MethodScores.from_dict(asdict(ours)) == ours


def test_groups_are_gap_length_and_rhythm():
    cases = [make_case("a"), make_case("b", rhythm=ECTOPIC), make_case("a", "gap 2 s")]
    scores = table(cases, {"m": [1.0, 2.0, 5.0]})
    rows = summarise(cases, scores, {"MAE": Metric(score="error")}, reference="m")
    found = {(row.group, row.rhythm): row.metrics["MAE"].value for row in rows}
    assert found == {
        ("gap 1 s", ALL): 1.5,
        ("gap 1 s", REGULAR): 1.0,
        ("gap 1 s", ECTOPIC): 2.0,
        ("gap 2 s", ALL): 5.0,
    }


def test_undefined_scores_are_left_out_or_none():
    cases = [make_case("a"), make_case("b")]
    scores = table(cases, {"m": [1.0, np.nan], "none": [np.nan, np.nan]})
    first, second = summarise(cases, scores, {"MAE": Metric(score="error")}, reference="m")
    assert first.metrics["MAE"].value == 1.0
    assert second.metrics["MAE"].value is None
    assert second.metrics["MAE"].interval is None


def test_every_metric_has_a_score():
    truth = Truth(gap_mv=np.ones(5), around_mv=np.ones(900), gap=slice(400, 405), fs_hz=100.0)
    scores = recording_scores(truth, Prediction.from_draws(np.zeros((2, 5))))
    assert {metric.score for metric in METRICS.values()} <= set(scores)
    assert {metric.per for metric in METRICS.values()} - {None} <= set(scores)
